"""No body larger than the model's input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation

LENGTH: Final = "content-length"
# AWS WAF Developer Guide, "Body inspection size limits": 16 KB by default, 64 KB at most for CloudFront. What is larger
# is looked at up to there, so a greater size never matches unless oversize handling says so.
INSPECTED_BYTES: Final = 65_536
READS: Final = ("GET", "HEAD", "OPTIONS")
CORE_RULES: Final = "AWSManagedRulesCommonRuleSet"
BODY_RULE: Final = "SizeRestrictions_BODY"

Statement = Mapping[str, Any]


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    acl = endpoint.web_acl
    if acl is None:
        yield Violation(endpoint.distribution, "webAclId names no web ACL of this program, so any length passes")
        return
    rules = sorted(acl.get("rules", default=()), key=lambda rule: float(rule.get("priority", 0)))
    for rule in rules:
        if _blocks_large(rule):
            return
        if "allow" in (rule.get("action") or {}) and not _is_limited(rule.get("statement") or {}):
            yield Violation(acl, f"its rule {rule.get('name')} allows a body of any length")
    if acl.get("defaultAction", "block") is None:
        yield Violation(acl, "defaultAction allows a body of any length")


def _is_limited(statement: Statement) -> bool:
    """Tell whether what matches has a bounded body: an exact or short Content-Length, or a method without one."""
    ((kind, content),) = statement.items()
    if kind == "andStatement":
        return any(map(_is_limited, content["statements"]))
    if kind == "orStatement":
        return all(map(_is_limited, content["statements"]))
    field = content.get("fieldToMatch") or {}
    exact = content.get("positionalConstraint") == "EXACTLY"
    if kind == "byteMatchStatement" and "method" in field:
        return exact and content.get("searchString") in READS
    if kind == "byteMatchStatement":
        return exact and _is_length(field)
    small = content.get("comparisonOperator") in ("LE", "LT", "EQ")
    return kind == "sizeConstraintStatement" and _is_length(field) and small


def _is_length(field: Statement) -> bool:
    return str((field.get("singleHeader") or {}).get("name", "")).lower() == LENGTH


def _blocks_large(rule: Statement) -> bool:
    ((kind, content),) = (rule.get("statement") or {"": {}}).items()
    if kind == "managedRuleGroupStatement":
        counted = [each.get("name") for each in content.get("ruleActionOverrides") or ()]
        used = "none" in (rule.get("overrideAction") or {}) and not content.get("scopeDownStatement")
        return bool(used and content.get("name") == CORE_RULES and BODY_RULE not in counted)
    if "block" not in (rule.get("action") or {}):
        return False
    if kind == "notStatement":
        return _is_limited(content["statement"])
    body = (content.get("fieldToMatch") or {}).get("body")
    large = kind == "sizeConstraintStatement" and body is not None and content.get("comparisonOperator") in ("GT", "GE")
    seen = content.get("size", 0) <= INSPECTED_BYTES or (body or {}).get("oversizeHandling") == "MATCH"
    return bool(large and seen)


RULE: Final = Rule(
    id="body-limit",
    what="The web ACL lets no body pass whose length is not limited.",
    why="CloudFront takes 64 GB a request, and the edge function sees the first 1 MB: what comes beyond is billed as "
    "traffic to the function and answered with an error.",
    source="edgewise/cost/quotas.yaml, cloudfront.body_bytes and lambda_edge.body_bytes; AWS WAF Developer Guide, Body "
    "inspection size limits",
    fix="add to the allow rule's and_statement {'byte_match_statement': {'field_to_match': {'single_header': {'name': "
    "'content-length'}}, 'positional_constraint': 'EXACTLY', 'search_string': '<bytes>', …}}",
    subjects=endpoints,
    check=_check,
)
