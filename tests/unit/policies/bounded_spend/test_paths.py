"""Every behaviour gated, one path, one distribution, one origin, nobody else who calls."""

from __future__ import annotations

from typing import Any

import pytest

from policies.bounded_spend.behaviours_gated import RULE as GATED
from policies.bounded_spend.function_url import RULE as CALLERS
from policies.bounded_spend.one_distribution import RULE as ONE
from policies.bounded_spend.origin_group_retry import RULE as GROUPS
from policies.bounded_spend.wildcard_path import RULE as PATH
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer, Rule
from tests.unit.policies.bounded_spend.whole import whole
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names

RULES = (GATED, CALLERS, ONE, GROUPS, PATH)
FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:edgewise-test-face-match"
SITE = {"pathPattern": "/site/*", "allowedMethods": ["GET", "HEAD"], "targetOriginId": "models"}


def behaviours(first: dict[str, Any] | None = None, *more: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the good behaviours, the first one changed and others behind."""
    running, models = whole().parts["distribution"].props["orderedCacheBehaviors"]
    return [{**running, **(first or {})}, models, *more]


def distribution(**changes: Any) -> Parts:
    return whole().changed("distribution", None, **changes)


@pytest.mark.parametrize("rule", RULES, ids=[each.id for each in RULES])
def test_a_whole_endpoint_is_compliant(rule: Rule[Any]) -> None:
    assert rule.judge(whole().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("rule", RULES, ids=[each.id for each in RULES])
def test_a_site_is_not_what_they_are_about(rule: Rule[Any]) -> None:
    stack = Parts().put("site", "aws:cloudfront/distribution:Distribution", defaultCacheBehavior=SITE).stack()
    assert rule.judge(stack).answer is Answer.NOT_APPLICABLE


@pytest.mark.parametrize("rule", [GATED, GROUPS, PATH], ids=lambda rule: str(rule.id))
def test_behaviours_that_are_not_known(rule: Rule[Any]) -> None:
    assert rule.judge(distribution(orderedCacheBehaviors=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_origin_groups_that_are_not_known() -> None:
    assert GROUPS.judge(distribution(originGroups=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_a_behaviour_without_a_gate() -> None:
    assert (
        "/v1/face-match/* has no function on viewer-request"
        in figures(GATED, distribution(orderedCacheBehaviors=behaviours({"functionAssociations": []})).stack())[0]
    )


def test_a_second_behaviour_without_a_gate() -> None:
    assert "/site/*" in figures(GATED, distribution(orderedCacheBehaviors=behaviours(None, SITE)).stack())[0]


def test_a_default_behaviour_without_a_gate() -> None:
    default = whole().parts["distribution"].props["defaultCacheBehavior"] | {"functionAssociations": []}
    assert "the behaviour * has no" in figures(GATED, distribution(defaultCacheBehavior=default).stack())[0]


def test_a_gate_on_answers_only() -> None:
    late = [{"eventType": "viewer-response", "functionArn": UNKNOWN}]
    assert (
        GATED.judge(distribution(orderedCacheBehaviors=behaviours({"functionAssociations": late})).stack()).answer
        is Answer.VIOLATION
    )


def test_a_gate_of_somewhere_else() -> None:
    arn = "arn:aws:cloudfront::000000000000:function/elsewhere"
    other = behaviours({"functionAssociations": [{"eventType": "viewer-request", "functionArn": arn}]})
    assert "does not declare" in figures(GATED, distribution(orderedCacheBehaviors=other).stack())[0]
    unlinked = whole().changed("distribution", {"orderedCacheBehaviors": "function"}, orderedCacheBehaviors=other)
    assert f"{arn}, which is no function of this program" in figures(GATED, unlinked.stack())[0]


def test_a_gate_whose_arn_is_known() -> None:
    arn = "arn:aws:cloudfront::000000000000:function/edgewise-test-face-match"
    known = behaviours({"functionAssociations": [{"eventType": "viewer-request", "functionArn": arn}]})
    stack = distribution(orderedCacheBehaviors=known).changed("gate", arn=arn).stack()
    assert GATED.judge(stack).answer is Answer.COMPLIANT


@pytest.mark.parametrize("pattern", ["*", "/*", "/v1/*", "/v1/face-matc?/*", "/v1/face-match*", "*.bin"])
def test_a_wildcard_path(pattern: str) -> None:
    stack = distribution(orderedCacheBehaviors=behaviours({"pathPattern": pattern})).stack()
    assert f"the behaviour {pattern} runs the function" in figures(PATH, stack)[0]


def test_a_second_behaviour_that_runs_the_function() -> None:
    second = {**behaviours()[0], "pathPattern": "/v1/other/*"}
    stack = distribution(orderedCacheBehaviors=behaviours(None, second)).stack()
    assert "2 behaviours run functions (/v1/face-match/*, /v1/other/*)" in figures(PATH, stack)[0]


def test_a_default_behaviour_that_runs_the_function() -> None:
    default = {key: value for key, value in behaviours()[0].items() if key != "pathPattern"}
    assert "the behaviour * runs" in figures(PATH, distribution(defaultCacheBehavior=default).stack())[0]


def test_an_origin_group_around_the_function() -> None:
    parts = distribution(originGroups=[{"originId": "pair"}])
    assert GROUPS.judge(parts.stack()).answer is Answer.COMPLIANT
    used = distribution(
        originGroups=[{"originId": "pair"}], orderedCacheBehaviors=behaviours({"targetOriginId": "pair"})
    )
    assert "may run twice" in figures(GROUPS, used.stack())[0]


def test_a_second_distribution_to_the_same_function() -> None:
    first = whole().parts["distribution"]
    parts = whole().put("second", first.type, first.links, **first.props)
    assert sorted(names(ONE, parts.stack())) == ["distribution", "second"]


def test_a_second_distribution_that_names_it_in_plain_text() -> None:
    first = whole().parts["distribution"]
    named = [{"eventType": "origin-request", "includeBody": True, "lambdaArn": f"{FUNCTION_ARN}:3"}]
    props = {**first.props, "orderedCacheBehaviors": behaviours({"lambdaFunctionAssociations": named})}
    parts = whole().put("second", first.type, {"defaultCacheBehavior": "gate"}, **props)
    assert names(ONE, parts.stack()) == ["distribution"]


def test_a_staging_distribution() -> None:
    assert "staging distribution" in figures(ONE, distribution(continuousDeploymentPolicyId="p").stack())[0]


CALLING: dict[str, tuple[str, dict[str, str], dict[str, Any]]] = {
    "a function URL": ("aws:lambda/functionUrl:FunctionUrl", {"functionName": "function"}, {}),
    "one by name": ("aws:lambda/functionUrl:FunctionUrl", {}, {"functionName": "edgewise-test-face-match"}),
    "one by ARN": ("aws:lambda/functionUrl:FunctionUrl", {}, {"functionName": FUNCTION_ARN}),
    "an API's permission": (
        "aws:lambda/permission:Permission",
        {"function": "function"},
        {"principal": "apigateway.amazonaws.com"},
    ),
    "an API": ("aws:apigatewayv2/integration:Integration", {"integrationUri": "function"}, {}),
    "a queue": ("aws:lambda/eventSourceMapping:EventSourceMapping", {"functionName": "function"}, {}),
    "a schedule": ("aws:scheduler/schedule:Schedule", {"target": "function"}, {}),
    "an event rule": ("aws:cloudwatch/eventTarget:EventTarget", {"arn": "function"}, {}),
}


@pytest.mark.parametrize(("kind", "links", "props"), CALLING.values(), ids=list(CALLING))
def test_something_else_calls_the_function(kind: str, links: dict[str, str], props: dict[str, Any]) -> None:
    stack = whole().put("caller", kind, links, **props).stack()
    assert names(CALLERS, stack) == ["caller"]


def test_the_edge_may_call_it_and_others_are_others() -> None:
    permission = "aws:lambda/permission:Permission"
    url = "aws:lambda/functionUrl:FunctionUrl"
    stack = (
        whole()
        .put("edge", permission, {"function": "function"}, principal="edgelambda.amazonaws.com")
        .put("settles", url, {"functionName": "settle"}, functionName="edgewise-test-settle")
        .stack()
    )
    assert CALLERS.judge(stack).answer is Answer.COMPLIANT
