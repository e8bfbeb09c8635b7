"""What AWS WAF refuses of a web ACL: actions, rates, and statements at any depth."""

from __future__ import annotations

from tests.unit.providers.refused import ACL, MATCH, RATE, RATE_OF_ONE, SCOPE, SIZE, Case
from tests.unit.providers.samples import WEB_ACL

REFUSED_BY_WAF: list[Case] = [
    (ACL, {"region": "eu-central-1"}, "WAFInvalidParameterException: scope: The scope is not valid"),
    (
        ACL,
        {"rules[0].action": None},
        "WAFInvalidParameterException: rules[0]: give exactly one of action, overrideAction",
    ),
    (
        ACL,
        {"rules": WEB_ACL["rules"] * 2},
        "WAFInvalidParameterException: rules[].priority: 2 rules have",
    ),
    (ACL, {"rules[0].action": {"allow": {}}}, "a rate-based rule may not allow"),
    (ACL, {f"{RATE}.scopeDownStatement": None}, "CONSTANT needs a scope-down statement"),
    (ACL, {f"{MATCH}.positionalConstraint": "BEGINS"}, "'BEGINS' is not one of EXACTLY, STARTS_WITH"),
    (ACL, {f"{MATCH}.textTransformations": []}, "0 transformations; 1 to 10 are needed"),
    (ACL, {f"{MATCH}.searchString": "a" * 201}, "201 bytes; 1 to 200 are allowed"),
    (ACL, {f"{MATCH}.fieldToMatch": {"uriPath": {}, "method": {}}}, "name exactly one part of the request"),
    (ACL, {SCOPE: {"sizeConstraintStatement": SIZE | {"comparisonOperator": "<"}}}, "'<' is not one of EQ, NE, LE"),
    (ACL, {SCOPE: {"sizeConstraintStatement": SIZE | {"size": -1}}}, "-1 is not within 0"),
    (ACL, {SCOPE: {"andStatement": {"statements": [{"sizeConstraintStatement": SIZE}]}}}, "at least 2 are needed"),
    (
        ACL,
        {SCOPE: {"geoMatchStatement": {"countryCodes": ["DE"]}, "sizeConstraintStatement": SIZE}},
        "a statement is exactly one of its kinds",
    ),
    (
        ACL,
        {"rules[0].statement": {"notStatement": {"statement": {"rateBasedStatement": RATE_OF_ONE}}}},
        "a rate-based statement can't be nested",
    ),
    (
        ACL,
        {"defaultAction.block.customResponse.responseHeaders": [{"name": "Content-Type", "value": "a"}]},
        "the body's contentType says it",
    ),
    (
        ACL,
        {"defaultAction.block.customResponse.customResponseBodyKey": "closed"},
        "WAFNonexistentItemException: defaultAction.block.customResponse.customResponseBodyKey: 'closed'",
    ),
]
