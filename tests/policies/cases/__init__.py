"""Small Pulumi programs that a pack must refuse or let pass, each run through the real engine.

How to write them
-----------------
One module a topic, `tests/policies/cases/<pack>_<topic>.py` (`bounded_spend_firewall.py`). The pack is the longest one
whose name the module's begins with. In it, functions that declare raw `pulumi_aws` resources:

- `bad_<rule>_<n>`: the rule `<rule>` ("_" for "-") reports at least one resource of this function.
- `good_<rule>_<n>`: the rule reports none of them, and the rule does apply: alone, its answer is COMPLIANT.
- `aside_<rule>_<n>`: the rule reports none of them, and alone it is NOT APPLICABLE.

`<n>` is a number. A function takes no argument, or one: its prefix. The prefix is the function's name with "-" for "_"
(`bad-default-block-1`), and EVERY resource of the function is called by the prefix, or by the prefix, "-" and more:

    def bad_default_block_1(name: str) -> None:
        acl = aws.wafv2.WebAcl(f"{name}-acl", scope="CLOUDFRONT", default_action={"allow": {}}, visibility_config=…)
        aws.cloudfront.Distribution(f"{name}-distribution", web_acl_id=acl.arn, …)

Every rule needs at least two `bad_` and two `good_` functions (`tests/policies/test_coverage.py`).

What is done with them
----------------------
All functions of a module run in ONE program, so mind that a rule about the whole stack sees all of them at once. The
module's pack is attached for a preview from nothing (outputs are unknown), then the program is deployed without packs,
then it is previewed again with the pack (outputs are known). Both previews must report the same, and as above. The
stand-in provider here is lenient: it takes every type and value that the SDK can express. In addition each function
is judged alone, in process, on what the engine showed of it. So a rule must get the same answer alone and in company.

`tests/policies/raw` declares a whole good endpoint under a prefix, and weakens one thing of it: `raw.endpoint(name,
acl={"default_action": {"allow": {}}})`. It is about 50 resources, so use it where the rule needs the whole.

Optional names of a module: `CONFIG`, a dict of rule id to settings that differ from the rule's defaults, for the whole
module. Run one module: `pytest tests/policies/test_cases.py -k bounded_spend_firewall`.
"""
