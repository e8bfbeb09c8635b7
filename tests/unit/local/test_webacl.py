"""Reading a web ACL, and refusing by name what is not imitated of it."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.local.stack.aclmodel import Action, RateBased
from edgewise.local.stack.model import LocalEdgeError, LocalStack
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import NAME, WEB_ACL_ARN, HandmadeStack, resource_named
from tests.unit.local import acl_resources as acl

Read = Callable[[dict[str, Any]], LocalStack]
ANY = acl.byte_match(acl.METHOD, "GET")


@pytest.fixture
def read(handmade: HandmadeStack, tmp_path: Path) -> Read:
    def make(inputs: dict[str, Any]) -> LocalStack:
        handmade.web_acl = inputs
        return parse_state(handmade.state(), project=tmp_path)

    return make


def test_reads_the_platforms_acl(read: Read) -> None:
    stack = read(acl.platform_acl(by_ip=600, all_together=1200))

    assert stack.distributions[0].web_acl_arn == WEB_ACL_ARN
    found = stack.web_acls[WEB_ACL_ARN]
    assert (found.metric, found.allows_by_default) == (NAME, False)
    assert [(rule.name, rule.action) for rule in found.rules] == [
        ("rate-ip", Action.BLOCK),
        ("rate-all", Action.BLOCK),
        ("allow-inference", Action.ALLOW),
        ("allow-model", Action.ALLOW),
    ]
    by_ip, together = found.rules[0].statement, found.rules[1].statement
    assert isinstance(by_ip, RateBased)
    assert isinstance(together, RateBased)
    assert (by_ip.limit, by_ip.window_s, by_ip.by_ip) == (600, 60, True)
    assert (together.limit, together.by_ip) == (1200, False)
    assert by_ip.scope == together.scope is not None


def test_the_window_is_five_minutes_unless_told(read: Read) -> None:
    statement = acl.rate(10, by_ip=True)
    del statement["rateBasedStatement"]["evaluationWindowSec"]
    stack = read({"defaultAction": acl.ALLOW, "rules": [acl.rule("r", 0, acl.BLOCK, statement)]})

    found = stack.web_acls[WEB_ACL_ARN].rules[0].statement
    assert isinstance(found, RateBased)
    assert (found.window_s, found.scope) == (300, None)


def broken(**changes: Any) -> dict[str, Any]:
    """Return a rule's statement that matches, with something else in it."""
    statement = copy.deepcopy(ANY)
    statement["byteMatchStatement"] |= changes
    return statement


def rated(**changes: Any) -> dict[str, Any]:
    statement = acl.rate(10, by_ip=True)
    statement["rateBasedStatement"] |= changes
    return statement


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ({"regexMatchStatement": {"regexString": "a"}}, "regexMatchStatement is not imitated"),
        ({"geoMatchStatement": {"countryCodes": ["CH"]}}, "geoMatchStatement is not imitated"),
        ({"managedRuleGroupStatement": {"name": "a", "vendorName": "AWS"}}, "managedRuleGroupStatement"),
        ({"ipSetReferenceStatement": {"arn": "a"}}, "ipSetReferenceStatement"),
        ({**ANY, **acl.negated(ANY)}, "expected one of them"),
        (acl.negated({"labelMatchStatement": {"key": "a"}}), "notStatement: labelMatchStatement is not imitated"),
        (acl.all_of(ANY, acl.rate(10, by_ip=True)), "andStatement: rateBasedStatement is not imitated"),
        (broken(positionalConstraint="CONTAINS_WORD"), "positionalConstraint is 'CONTAINS_WORD'"),
        (broken(fieldToMatch={"cookies": {"matchScope": "ALL"}}), "cookies is not imitated"),
        (broken(fieldToMatch={"body": {}}), "fieldToMatch is body"),
        (acl.size(acl.METHOD, "LE", 4), "fieldToMatch is method"),
        (acl.size({"body": {"oversizeHandling": "MAYBE"}}, "LE", 4), "oversizeHandling is 'MAYBE'"),
        (broken(textTransformations=acl.transformed("BASE64_DECODE")), "type is 'BASE64_DECODE'"),
        (broken(textTransformations=[]), "textTransformations is missing"),
        (acl.size(acl.URI, "LIKE", 4), "comparisonOperator is 'LIKE'"),
        (rated(aggregateKeyType="FORWARDED_IP"), "aggregateKeyType is 'FORWARDED_IP'"),
        (rated(aggregateKeyType="CUSTOM_KEYS"), "aggregateKeyType is 'CUSTOM_KEYS'"),
        (rated(customKeys=[{"ip": {}}]), "customKeys is not imitated"),
        (rated(aggregateKeyType="CONSTANT"), "CONSTANT needs a scopeDownStatement"),
        (rated(evaluationWindowSec=90), "evaluationWindowSec is 90"),
        (rated(limit=9), "limit is 9, AWS WAF takes 10 to 2000000000"),
    ],
)
def test_refuses_a_statement_by_name(read: Read, statement: dict[str, Any], named: str) -> None:
    inputs = {"defaultAction": acl.ALLOW, "rules": [acl.rule("the-rule", 0, acl.BLOCK, statement)]}

    with pytest.raises(LocalEdgeError, match=re.escape(named)) as refused:
        read(inputs)
    assert "the-rule" in str(refused.value)


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({"rules": [acl.rule("r", 0, {"captcha": {}}, ANY)]}, "captcha is not imitated"),
        ({"rules": [acl.rule("r", 0, {}, ANY)]}, "one of allow, block and count"),
        ({"rules": [acl.rule("r", 0, acl.ALLOW, acl.rate(10, by_ip=True))]}, "can't have the action allow"),
        ({"rules": [acl.rule("r", 0, acl.BLOCK, ANY), acl.rule("s", 0, acl.BLOCK, ANY)]}, "one priority"),
        ({"rules": [{**acl.rule("r", 0, acl.BLOCK, ANY), "ruleLabels": [{"name": "l"}]}]}, "ruleLabels"),
        ({"rules": [{**acl.rule("r", 0, acl.BLOCK, ANY), "overrideAction": {"none": {}}}]}, "overrideAction"),
        ({"rules": [acl.rule("r", 0, {"allow": {"customRequestHandling": {"insertHeaders": [1]}}}, ANY)]}, "customR"),
        ({"defaultAction": acl.refused(403, "gone")}, "customResponseBodyKey 'gone'"),
        ({"defaultAction": {"block": {"customResponse": {"responseCode": 99}}}}, "responseCode is 99"),
        ({"defaultAction": {}}, "one of allow, block and count"),
        ({"scope": "REGIONAL"}, "REGIONAL"),
        ({"associationConfig": {"requestBodies": [1]}}, "associationConfig is not imitated"),
        ({"ruleJson": "[]"}, "ruleJson is not imitated"),
    ],
)
def test_refuses_an_acl_by_name(read: Read, inputs: dict[str, Any], named: str) -> None:
    with pytest.raises(LocalEdgeError, match=re.escape(named)):
        read({"defaultAction": acl.ALLOW, **inputs})


def test_refuses_a_content_type_among_the_headers(read: Read) -> None:
    inputs = acl.platform_acl()
    inputs["defaultAction"] = acl.refused(403, "blocked", **{"Content-Type": "application/problem+json"})

    with pytest.raises(LocalEdgeError, match="content-type"):
        read(inputs)


def test_refuses_an_acl_that_the_stack_lacks(handmade: HandmadeStack, tmp_path: Path) -> None:
    handmade.web_acl = acl.platform_acl()
    state = handmade.state()
    state["deployment"]["resources"].remove(resource_named(state, "aws:wafv2/webAcl:WebAcl"))

    with pytest.raises(LocalEdgeError, match=f"web ACL {WEB_ACL_ARN} is not in the stack"):
        parse_state(state, project=tmp_path)
