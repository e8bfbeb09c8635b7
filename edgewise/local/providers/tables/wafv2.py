"""AWS WAF's web ACL (facts/resources.md, 5)."""

from collections import Counter
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import (
    ANY_CHANGE,
    AutoName,
    Behaviour,
    Facts,
    Limit,
    Output,
    Refusal,
    at,
    one_of,
)
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.tables.wafv2_statements import statements
from edgewise.local.providers.wire import UNKNOWN, Json

RATE = "rules[].statement.rateBasedStatement"
WINDOWS_S = (60, 120, 300, 600)  # B: wafv2 EvaluationWindowSec
RATE_LIMIT_MIN, RATE_LIMIT_MAX = 10, 2_000_000_000  # B: RateLimit
METRIC_NAME = r"[\w#:./-]{1,255}"  # B: MetricName


def _global_in_us_east_1(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    region = inputs.get("region")
    if inputs["scope"] == "CLOUDFRONT" and region not in ("us-east-1", UNKNOWN):
        yield Failure(path="scope", reason=f"The scope is not valid. CLOUDFRONT needs region us-east-1, got {region}")


def _one_default(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for path, action in at(inputs, "defaultAction"):
        yield from one_of(path, action, ("allow", "block"))


def _rule_actions(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for path, rule in at(inputs, "rules[]"):
        yield from one_of(path, rule, ("action", "overrideAction"))
    for path, action in at(inputs, "rules[].action"):
        yield from one_of(path, action, ("allow", "block", "count", "captcha", "challenge"))


def _rate_rules(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a rate rule that allows, and CONSTANT without the statement whose matches it counts."""
    for path, rule in at(inputs, "rules[]"):
        for where, rate in at(rule, "statement.rateBasedStatement", prefix=path):
            if rate.get("aggregateKeyType") == "CONSTANT" and rate.get("scopeDownStatement") is None:
                reason = "missing; CONSTANT needs a scope-down statement"
                yield Failure(path=f"{where}.scopeDownStatement", reason=reason)
            if isinstance(rule.get("action"), Mapping) and rule["action"].get("allow") is not None:
                yield Failure(path=f"{path}.action", reason="allow; a rate-based rule may not allow")


def _priorities(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for field in ("priority", "name"):
        for value, count in Counter(value for _, value in at(inputs, f"rules[].{field}")).items():
            if count > 1:
                yield Failure(
                    path=f"rules[].{field}", reason=f"{count} rules have the {field} {value!r}; make it unique"
                )


def _custom_bodies(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    keys = {key for _, key in at(inputs, "customResponseBodies[].key")}
    for place in ("defaultAction", "rules[].action"):
        for path, key in at(inputs, f"{place}.block.customResponse.customResponseBodyKey"):
            if key not in keys:
                yield Failure(path=path, reason=f"{key!r} is not a key of customResponseBodies, {sorted(keys)}")


def _response_headers(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a content type among the headers: AWS WAF takes it from the body."""
    for place in ("defaultAction", "rules[].action"):
        for path, name in at(inputs, f"{place}.block.customResponse.responseHeaders[].name"):
            if name.lower() == "content-type":
                yield Failure(path=path, reason=f"{name!r}; the body's contentType says it")


def _rules_xor_json(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from one_of("ruleJson", inputs, ("ruleJson", "rules"), may_lack=True)


def _arn(facts: Facts) -> str:
    scope = "global" if facts["scope"] == "CLOUDFRONT" else "regional"
    owner = f"arn:aws:wafv2:{facts['region']}:{facts['account']}"
    return f"{owner}:{scope}/webacl/{facts['name']}/{facts['uuid']}"


TABLE: Mapping[str, Behaviour] = {
    "aws:wafv2/webAcl:WebAcl": Behaviour(
        id="{uuid}",
        auto_name=AutoName(),
        defaults={f"{RATE}.evaluationWindowSec": 300},
        outputs={
            "arn": Output(make=_arn),
            "lockToken": Output(make="{token}", renew_on=ANY_CHANGE),
            "applicationIntegrationUrl": Output(make=""),
        },
        unset=frozenset({"capacity"}),  # AWS counts the units of the statements; nothing here does
        replaces=frozenset({"name", "scope", "region"}),
        documents=frozenset({"ruleJson"}),
        unordered=frozenset({"rules", "customResponseBodies", "tokenDomains", "textTransformations"}),
        limits=(
            Limit(path="scope", one_of=("CLOUDFRONT", "REGIONAL"), source="B: wafv2 Scope"),
            Limit(path="name", pattern=r"[\w-]{1,128}", source="B: EntityName"),
            Limit(
                path="description",
                pattern=r"[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]",
                source="B: EntityDescription",
            ),
            Limit(path="visibilityConfig.metricName", pattern=METRIC_NAME, source="B: MetricName"),
            Limit(path="rules[].name", pattern=r"[\w-]{1,128}", source="B: EntityName"),
            Limit(path="rules[].visibilityConfig.metricName", pattern=METRIC_NAME, source="B: MetricName"),
            Limit(path=f"{RATE}.limit", minimum=RATE_LIMIT_MIN, maximum=RATE_LIMIT_MAX, source="B: RateLimit"),
            Limit(path=f"{RATE}.evaluationWindowSec", one_of=WINDOWS_S, source="B: EvaluationWindowSec"),
            Limit(
                path=f"{RATE}.aggregateKeyType",
                one_of=("IP", "FORWARDED_IP", "CUSTOM_KEYS", "CONSTANT"),
                source="B: RateBasedStatementAggregateKeyType",
            ),
            Limit(
                path="customResponseBodies[].contentType",
                one_of=("TEXT_PLAIN", "TEXT_HTML", "APPLICATION_JSON"),
                source="B: ResponseContentType",
            ),
            Limit(path="customResponseBodies[].key", pattern=r"[\w-]{1,128}", source="B: EntityName"),
            Limit(path="customResponseBodies[].content", min_length=1, max_length=10_240, source="B: ResponseContent"),
            *(
                Limit(path=f"{place}.block.customResponse.responseCode", minimum=200, maximum=599, source="B")
                for place in ("defaultAction", "rules[].action")
            ),
        ),
        rules=(_one_default, _rules_xor_json),
        refusals=(
            Refusal(error="WAFInvalidParameterException", rule=_global_in_us_east_1),
            Refusal(error="WAFInvalidParameterException", rule=_rule_actions),
            Refusal(error="WAFInvalidParameterException", rule=_rate_rules),
            Refusal(error="WAFInvalidParameterException", rule=_priorities),
            Refusal(error="WAFInvalidParameterException", rule=statements),
            Refusal(error="WAFInvalidParameterException", rule=_response_headers),
            Refusal(error="WAFNonexistentItemException", rule=_custom_bodies),
        ),
    ),
}
