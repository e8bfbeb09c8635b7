"""Ways to weaken what bounds the spend of `prod`, each with the rule that must see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.policies.documents import Document, Documents
from tests.policies.snapshots import MARK

Change = Callable[[Documents], Any]

DISTRIBUTION: Final = "distribution:Distribution"
LAMBDA: Final = "lambda/function:Function"
ACL: Final = ":WebAcl"
GATE: Final = "cloudfront/function:Function"
EDGE: Final = "face-match-lambda"
ELSEWHERE: Final = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/elsewhere/a"
STORE: Final = "aws:cloudfront/keyValueStore:KeyValueStore"


def rules_of(documents: Documents) -> list[Document]:
    """Return the web ACL's rules."""
    rules: list[Document] = documents.props("wafv2/webAcl:WebAcl")["rules"]
    return rules


def rate_rules(documents: Documents, kind: str) -> list[Document]:
    """Return the rate rules that count by this key."""
    return [
        rule
        for rule in rules_of(documents)
        if rule["statement"].get("rateBasedStatement", {}).get("aggregateKeyType") == kind
    ]


def leaves(statement: Any) -> Iterator[Document]:
    """Yield the byte matches in a statement."""
    if isinstance(statement, dict):
        if "byteMatchStatement" in statement:
            yield statement["byteMatchStatement"]
        for value in statement.values():
            yield from leaves(value)
    elif isinstance(statement, list):
        for value in statement:
            yield from leaves(value)


def paths(statement: Any) -> list[Document]:
    """Return the matches of the path in a statement."""
    return [leaf for leaf in leaves(statement) if "uriPath" in leaf["fieldToMatch"]]


def behaviours(documents: Documents) -> list[Document]:
    """Return the ordered behaviours."""
    found: list[Document] = documents.props(DISTRIBUTION)["orderedCacheBehaviors"]
    return found


def allow_by_default(documents: Documents) -> None:
    """The firewall lets through what no rule names."""
    documents.props("wafv2/webAcl:WebAcl")["defaultAction"] = {"allow": {}}


def associate_no_acl(documents: Documents) -> None:
    """The firewall stands beside the distribution."""
    documents.props(DISTRIBUTION).pop("webAclId")
    documents.unlink(DISTRIBUTION, "", "webAclId")


def associate_an_acl_from_elsewhere(documents: Documents) -> None:
    """Another firewall, which the program does not show."""
    documents.props(DISTRIBUTION)["webAclId"] = ELSEWHERE
    documents.unlink(DISTRIBUTION, "", "webAclId")


def count_instead_of_block(documents: Documents) -> None:
    """The global rate rule counts."""
    for rule in rate_rules(documents, "CONSTANT"):
        rule["action"] = {"count": {}}


def drop_the_global_rate_rule(documents: Documents) -> None:
    """Each address has its limit, all together have none."""
    for rule in rate_rules(documents, "CONSTANT"):
        rules_of(documents).remove(rule)


def scope_the_rate_to_another_path(documents: Documents) -> None:
    """The rate rule counts what nobody asks for."""
    for rule in rate_rules(documents, "CONSTANT"):
        for leaf in paths(rule):
            leaf["searchString"] = "/v2/elsewhere/"


def let_encoded_paths_in_uncounted(documents: Documents) -> None:
    """A percent-encoded path is let in by the rules that allow, and is not what the rate rule counts."""
    for rule in rules_of(documents):
        if "allow" in rule["action"]:
            for leaf in paths(rule):
                leaf["textTransformations"] = [{"priority": 0.0, "type": "URL_DECODE"}]


def allow_more_refusals(documents: Documents) -> None:
    """The guard waits for a hundred million refused calls."""
    documents.props(LAMBDA, "guard-function-lambda")["environment"]["variables"]["ALLOWANCE_LEDGER"] = "100000000"


def move_the_limits_to_another_function(documents: Documents) -> None:
    """The item is some other function's."""
    documents.item({"pk": {"S": "limits#other"}})


def move_the_limits_to_another_table(documents: Documents) -> None:
    """The item lies in a table that the function does not ask."""
    table = documents.copy(documents.one("dynamodb/table:Table"), "elsewhere")
    item = documents.one(":TableItem", "limits-face-match")
    item["links"]["tableName"] = [table["urn"]]
    item["props"]["tableName"] = "elsewhere"


def hide_the_limits(documents: Documents) -> None:
    """The item is known after the update only."""
    documents.props(":TableItem", "limits-face-match")["item"] = MARK
    documents.one(":TableItem", "limits-face-match")["links"]["item"] = [documents.one("dynamodb/table:Table")["urn"]]


def close_another_store(documents: Documents) -> None:
    """The gate reads a store that nobody closes."""
    other = documents.add(STORE, "other-store", {"name": "other"})
    documents.one(GATE)["links"]["keyValueStoreAssociations"] = [other["urn"]]


def change_all(kind: str, **props: Any) -> Change:
    """Return a change of every resource of a type."""

    def change(documents: Documents) -> None:
        for each in documents.of(kind):
            each["props"].update(props)

    return change


def change(kind: str, name: str = "", **props: Any) -> Change:
    """Return a change of one resource's properties."""
    return lambda documents: documents.props(kind, name).update(props)


def without(kind: str, name: str = "") -> Change:
    """Return a change that takes one resource away."""
    return lambda documents: documents.remove(kind, name)


def lose(kind: str, name: str, key: str) -> Change:
    """Return a change that takes a property away, and what went into it."""

    def drop(documents: Documents) -> None:
        documents.props(kind, name).pop(key)
        documents.one(kind, name)["links"].pop(key, None)

    return drop


def silence(documents: Documents) -> None:
    """An alarm rings for nobody."""
    alarm = documents.one(":MetricAlarm", "guard-blocked")
    alarm["props"]["alarmActions"] = []
    alarm["links"].pop("alarmActions")


def tell_nobody_of_the_budget(documents: Documents) -> None:
    """The budget has notifications and no subscriber."""
    budget = documents.one(":Budget")
    budget["links"].pop("notifications")
    for each in budget["props"]["notifications"]:
        each["subscriberSnsTopicArns"] = []


def wrap_in_an_origin_group(documents: Documents) -> None:
    """CloudFront asks a second origin when the function fails, and runs it again."""
    props = documents.props(DISTRIBUTION)
    members = [{"originId": props["origins"][0]["originId"]}, {"originId": "spare"}]
    failover = {"statusCodes": [500.0, 503.0]}
    props["originGroups"] = [{"originId": "both", "members": members, "failoverCriteria": failover}]
    behaviours(documents)[0]["targetOriginId"] = "both"


def add_a_url(documents: Documents) -> None:
    """A second way to the function."""
    function = documents.one(LAMBDA, EDGE)
    documents.add("aws:lambda/functionUrl:FunctionUrl", "url", {"authorizationType": "NONE"}, functionName=function)


def add_a_second_distribution(documents: Documents) -> None:
    """The same function behind another distribution."""
    documents.copy(documents.one(DISTRIBUTION), "second")


def run_an_old_version(documents: Documents) -> None:
    """A version that was published with another timeout."""
    association = behaviours(documents)[0]["lambdaFunctionAssociations"][0]
    association["lambdaArn"] = "arn:aws:lambda:us-east-1:000000000000:function:edgewise-prod-face-match:1"
    documents.unlink(DISTRIBUTION, "", "orderedCacheBehaviors", EDGE)


def add_an_ungated_behaviour(documents: Documents) -> None:
    """A second way in, past the gate."""
    second = json.loads(json.dumps(behaviours(documents)[0]))
    second.pop("functionAssociations")
    second["pathPattern"] = "/v1/face-match-2/*"
    behaviours(documents).append(second)


def serve_every_path(documents: Documents) -> None:
    """A wildcard runs the function for any path."""
    behaviours(documents)[0]["pathPattern"] = "/v1/*"


def fetch_without_token(documents: Documents) -> None:
    """No token lies in the store, so the gate asks for none."""
    documents.remove(":KeyvaluestoreKey", "fetch-k1")


def buy_something_without_a_price(documents: Documents) -> None:
    """The firewall rents somebody's rules."""
    group = {"vendorName": "AWS", "name": "AWSManagedRulesBotControlRuleSet"}
    rule = {"name": "bots", "priority": 99.0, "overrideAction": {"none": {}}, "visibilityConfig": {}}
    rules_of(documents).append({**rule, "action": {}, "statement": {"managedRuleGroupStatement": group}})


SPEND: Final[dict[str, tuple[str, Change]]] = {
    "allow by default": ("default-block", allow_by_default),
    "ACL not associated": ("default-block", associate_no_acl),
    "ACL from elsewhere": ("default-block", associate_an_acl_from_elsewhere),
    "COUNT": ("rate-rule-blocks", count_instead_of_block),
    "no global rate": ("rate-rule-blocks", drop_the_global_rate_rule),
    "scope-down misses the path": ("rate-rule-blocks", scope_the_rate_to_another_path),
    "scope-down misses the encoded path": ("rate-rule-blocks", let_encoded_paths_in_uncounted),
    "a guard that waits": ("worst-month", allow_more_refusals),
    "no limits item": ("limits-item", without(":TableItem", "limits-face-match")),
    "another function's limits": ("limits-item", move_the_limits_to_another_function),
    "limits in another table": ("limits-item", move_the_limits_to_another_table),
    "limits not known": ("limits-item", hide_the_limits),
    "limits without a quota": ("limits-item", lambda documents: documents.item({"daily_quota": None})),
    "a huge quota": ("worst-month", lambda documents: documents.item({"daily_quota": {"N": "900000000"}})),
    "a huge grant of time": ("worst-month", lambda documents: documents.item({"ms_per_request": {"N": "100000"}})),
    "no stream": ("ledger-stream", change("dynamodb/table:Table", streamEnabled=False)),
    "keys only": ("ledger-stream", change("dynamodb/table:Table", streamViewType="KEYS_ONLY")),
    "nobody reads the stream": ("settle", without(":EventSourceMapping")),
    "reading is switched off": ("settle", change(":EventSourceMapping", enabled=False)),
    "no dead letters": ("dead-letters", lose(":EventSourceMapping", "", "destinationConfig")),
    "dead letters of a minute": ("dead-letters", change(":Queue", messageRetentionSeconds=60.0)),
    "another store": ("stop-switch", close_another_store),
    "no closed_until": ("stop-switch", without(":KeyvaluestoreKey", "closed-until")),
    "an alarm without an action": ("alarms-ring", silence),
    "alarms switched off": ("alarms-ring", change_all(":MetricAlarm", actionsEnabled=False)),
    "a topic without a subscriber": ("alarms-ring", without(":TopicSubscription")),
    "no budget": ("budget-notifies", without(":Budget")),
    "a budget without a subscriber": ("budget-notifies", tell_nobody_of_the_budget),
    "retention 0": ("log-retention", change(":LogGroup", "log-group-sa-east-1", retentionInDays=0.0)),
    "a Region's log group is missing": ("log-retention", without(":LogGroup", "log-group-eu-west-2")),
    "queries without an end": (
        "scan-cutoff",
        lambda documents: documents.props(":Workgroup")["configuration"].pop("bytesScannedCutoffPerQuery"),
    ),
    "an origin group": ("origin-group-retry", wrap_in_an_origin_group),
    "endless retries": ("event-retries", change(":EventSourceMapping", maximumRetryAttempts=-1.0)),
    "a function URL": ("function-url", add_a_url),
    "a second distribution": ("one-distribution", add_a_second_distribution),
    "a timeout of 30 s": ("edge-timeout", change(LAMBDA, EDGE, timeout=30.0)),
    "an old version": ("edge-timeout", run_an_old_version),
    "ten times the memory": ("worst-month", change(LAMBDA, EDGE, memorySize=10240.0)),
    "a behaviour without a gate": ("behaviours-gated", add_an_ungated_behaviour),
    "a wildcard path": ("wildcard-path", serve_every_path),
    "models for everybody": ("model-token", fetch_without_token),
    "something without a price": ("worst-month", buy_something_without_a_price),
    "no guard": ("worst-month", without(":Schedule")),
}
