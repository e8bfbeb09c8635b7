"""How long a body may be."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.data_flow.body_limit import RULE
from tests.unit.policies.build import Parts, good_endpoint, inference_statement, rule
from tests.unit.policies.security.judged import figures, names

PATH = {"byteMatchStatement": {"fieldToMatch": {"uriPath": {}}, "positionalConstraint": "STARTS_WITH"}}
LENGTH = {"singleHeader": {"name": "Content-Length"}}


def _size(field: Any, operator: str, size: float) -> dict[str, Any]:
    return {"sizeConstraintStatement": {"fieldToMatch": field, "comparisonOperator": operator, "size": size}}


def _body(operator: str, size: float, oversize: str = "CONTINUE") -> dict[str, Any]:
    return _size({"body": {"oversizeHandling": oversize}}, operator, size)


def _all(*statements: Any) -> dict[str, Any]:
    return {"andStatement": {"statements": list(statements)}}


def _acl(*rules: Any, action: str = "block") -> Any:
    return good_endpoint().changed("acl", rules=list(rules), defaultAction={action: {}}).stack()


def _allow(statement: Any, priority: float = 5.0) -> Any:
    return rule("let-in", priority, {"allow": {}}, statement)


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_no_firewall() -> None:
    stack = good_endpoint().changed("distribution", links={"webAclId": ()}, webAclId=None).stack()
    assert names(RULE, stack) == ["distribution"]


@pytest.mark.parametrize(
    "statement",
    [
        PATH,
        _all(PATH, {"byteMatchStatement": {"fieldToMatch": {"method": {}}, "positionalConstraint": "CONTAINS"}}),
        _all(PATH, {"byteMatchStatement": {"fieldToMatch": LENGTH, "positionalConstraint": "STARTS_WITH"}}),
        _all(PATH, _size(LENGTH, "GE", 3)),
        _all(PATH, _size({"uriPath": {}}, "LE", 79)),
        {"orStatement": {"statements": [inference_statement(), PATH]}},
        {"notStatement": {"statement": PATH}},
    ],
)
def test_a_rule_that_lets_any_length_in(statement: Any) -> None:
    assert names(RULE, _acl(_allow(statement))) == ["acl"]
    assert figures(RULE, _acl(_allow(statement))) == ["its rule let-in allows a body of any length"]


@pytest.mark.parametrize(
    "statement",
    [
        inference_statement(),
        _all(PATH, _size(LENGTH, "LE", 6)),
        {"orStatement": {"statements": [inference_statement(), _all(PATH, inference_statement())]}},
    ],
)
def test_a_rule_that_asks_for_the_length(statement: Any) -> None:
    assert RULE.judge(_acl(_allow(statement))).answer is Answer.COMPLIANT


def test_a_default_that_allows() -> None:
    assert figures(RULE, _acl(action="allow")) == ["defaultAction allows a body of any length"]


@pytest.mark.parametrize(
    "statement",
    [
        _body("GT", 8192),
        _body("GE", 1_000_000, "MATCH"),
        {"notStatement": {"statement": _size(LENGTH, "LE", 6)}},
    ],
)
def test_a_rule_before_that_blocks_what_is_large(statement: Any) -> None:
    block = rule("large", 0.0, {"block": {}}, statement)
    assert RULE.judge(_acl(_allow(PATH), block, action="allow")).answer is Answer.COMPLIANT
    late = rule("large", 9.0, {"block": {}}, statement)
    assert RULE.judge(_acl(_allow(PATH), late)).answer is Answer.VIOLATION
    counting = rule("large", 0.0, {"count": {}}, statement)
    assert RULE.judge(_acl(_allow(PATH), counting)).answer is Answer.VIOLATION


def test_a_size_that_the_firewall_never_sees() -> None:
    block = rule("large", 0.0, {"block": {}}, _body("GT", 1_000_000))
    assert RULE.judge(_acl(block, _allow(PATH))).answer is Answer.VIOLATION


@pytest.mark.parametrize(
    ("override", "counted", "answer"),
    [
        ({"none": {}}, [], Answer.COMPLIANT),
        ({"count": {}}, [], Answer.VIOLATION),
        ({"none": {}}, [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}], Answer.VIOLATION),
    ],
)
def test_awss_own_rules(override: Any, counted: Any, answer: Answer) -> None:
    group = {"name": "AWSManagedRulesCommonRuleSet", "vendorName": "AWS", "ruleActionOverrides": counted}
    managed = {
        "name": "core",
        "priority": 0.0,
        "overrideAction": override,
        "statement": {"managedRuleGroupStatement": group},
    }
    assert RULE.judge(_acl(managed, _allow(PATH))).answer is answer


def test_rules_that_are_not_known() -> None:
    assert RULE.judge(good_endpoint().changed("acl", rules=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("acl", "aws:wafv2/webAcl:WebAcl").stack()).answer is Answer.NOT_APPLICABLE
