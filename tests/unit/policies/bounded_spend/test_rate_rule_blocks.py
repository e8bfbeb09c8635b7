"""One rate for all, that blocks and leaves nothing out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.bounded_spend.rate_rule_blocks import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.bounded_spend.whole import allows, cap, whole, with_rules
from tests.unit.policies.build import Parts, inference_statement, model_statement, rule
from tests.unit.policies.security.judged import figures, names

GERMANY: dict[str, Any] = {"geoMatchStatement": {"countryCodes": ["DE"]}}


def decoding(statement: Any) -> Any:
    """Return a statement that looks at what the encoded text means."""
    return json.loads(json.dumps(statement).replace('"NONE"', '"URL_DECODE"'))


def both(*statements: Any) -> dict[str, Any]:
    return {"andStatement": {"statements": list(statements)}}


def test_a_whole_endpoint_is_compliant() -> None:
    assert RULE.judge(whole().stack()).answer is Answer.COMPLIANT


def test_a_rule_that_only_counts() -> None:
    assert (
        "rule rate-of-all has action count, not block"
        in figures(RULE, with_rules(cap(action="count"), *allows()).stack())[0]
    )


def test_no_rate_rule_at_all() -> None:
    stack = with_rules(*allows()).stack()
    assert figures(RULE, stack) == ["0 rate rules, 1 is asked for"]
    assert names(RULE, stack) == ["acl"]


def test_a_rate_of_each_address_is_no_bound() -> None:
    assert "counts by IP" in figures(RULE, with_rules(cap(kind="IP"), *allows()).stack())[0]


def test_no_web_acl_is_associated() -> None:
    stack = whole().changed("distribution", links={"webAclId": ()}, webAclId=None).stack()
    assert names(RULE, stack) == ["distribution"]


def test_a_web_acl_of_somewhere_else() -> None:
    arn = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/elsewhere/a"
    assert names(RULE, whole().changed("distribution", links={"webAclId": ()}, webAclId=arn).stack()) == [
        "distribution"
    ]


def test_a_scope_that_misses_the_path() -> None:
    stack = with_rules(cap(scope=model_statement()), *allows()).stack()
    assert "does not count POST /v1/face-match/d1, content-length: 67500" in figures(RULE, stack)[0]


def test_an_encoded_form_that_passes_uncounted() -> None:
    stack = with_rules(cap(), *allows(decoding(inference_statement()))).stack()
    assert "%" in figures(RULE, stack)[0]


def test_an_encoded_form_that_passes_and_is_counted() -> None:
    scope = {"orStatement": {"statements": [decoding(inference_statement()), model_statement()]}}
    stack = with_rules(cap(scope=scope), *allows(decoding(inference_statement()))).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_scope_of_everything_counts_everything() -> None:
    everything = {"notStatement": {"statements": [{"byteMatchStatement": {**_method("NOT-A-METHOD")}}]}}
    stack = with_rules(cap(scope=everything), *allows(decoding(inference_statement()))).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_an_allow_before_the_rate_rule() -> None:
    stack = with_rules(cap(priority=9.0), *allows()).stack()
    assert "rule rate-of-all (priority 9) does not count" in figures(RULE, stack)[0]


def test_a_path_longer_than_the_scope_counts() -> None:
    long = json.loads(json.dumps(inference_statement()).replace("79.0", "110.0"))
    stack = with_rules(cap(), *allows(long)).stack()
    assert "does not count POST /v1/face-match/ddd" in figures(RULE, stack)[0]


def test_a_default_that_allows_lets_other_paths_pass_uncounted() -> None:
    stack = whole().changed("acl", defaultAction={"allow": {}}).stack()
    assert "which passes" in figures(RULE, stack)[0]


def test_a_scope_that_counts_one_country_only() -> None:
    stack = with_rules(cap(scope=both(_any(), GERMANY)), *allows()).stack()
    assert "does not count" in figures(RULE, stack)[0]


def test_an_allow_of_one_country_only_needs_no_more_counting() -> None:
    stack = with_rules(cap(), *allows(both(inference_statement(), GERMANY))).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_the_same_country_in_both_is_the_same() -> None:
    statement = both(inference_statement(), GERMANY)
    scope = {"orStatement": {"statements": [statement, model_statement()]}}
    assert RULE.judge(with_rules(cap(scope=scope), *allows(statement)).stack()).answer is Answer.COMPLIANT


def test_more_that_no_request_shows_than_anybody_can_try() -> None:
    many = [{"geoMatchStatement": {"countryCodes": [code]}} for code in ("DE", "FR", "IT", "ES", "PT", "GR", "PL")]
    stack = with_rules(cap(), *allows(both(inference_statement(), *many))).stack()
    assert "nobody can tell" in figures(RULE, stack)[0]


def test_somebody_elses_rule_group_before_the_rate_rule_may_allow() -> None:
    group = {"ruleGroupReferenceStatement": {"arn": "arn:aws:wafv2:us-east-1:000000000000:global/rulegroup/a/b"}}
    first = {**rule("group", 0.0, {}, group), "overrideAction": {"none": {}}}
    stack = with_rules(first, cap(), *allows()).stack()
    assert "does not count" in figures(RULE, stack)[0]


def test_aws_own_rule_group_allows_nothing() -> None:
    group = {"managedRuleGroupStatement": {"vendorName": "AWS", "name": "AWSManagedRulesCommonRuleSet"}}
    first = {**rule("group", 0.0, {}, group), "overrideAction": {"none": {}}}
    assert RULE.judge(with_rules(first, cap(), *allows()).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("changes", [{"rules": UNKNOWN}, {"ruleJson": "[]"}, {"defaultAction": UNKNOWN}])
def test_rules_that_nobody_can_read(changes: dict[str, Any]) -> None:
    assert RULE.judge(whole().changed("acl", **changes).stack()).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("acl", "aws:wafv2/webAcl:WebAcl", defaultAction={"allow": {}}, rules=[]).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE


def _method(text: str) -> dict[str, Any]:
    return {
        "fieldToMatch": {"method": {}},
        "positionalConstraint": "EXACTLY",
        "searchString": text,
        "textTransformations": [{"priority": 0.0, "type": "NONE"}],
    }


def _any() -> dict[str, Any]:
    return {"orStatement": {"statements": [inference_statement(), model_statement()]}}
