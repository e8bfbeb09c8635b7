"""How long an edge call takes at most."""

from __future__ import annotations

from typing import Any

from policies.bounded_spend.edge_timeout import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint, resource
from tests.unit.policies.security.judged import figures, names

ARN = "arn:aws:lambda:us-east-1:000000000000:function:edgewise-test-face-match"


def _running(arn: Any) -> Parts:
    """Return the good endpoint with another ARN in the behaviour that runs inference."""
    parts = good_endpoint()
    first, *others = resource(parts.stack(), "distribution").get("orderedCacheBehaviors")
    association = {"eventType": "origin-request", "includeBody": True, "lambdaArn": arn}
    changed = [first | {"lambdaFunctionAssociations": [association]}, *others]
    return parts.changed("distribution", orderedCacheBehaviors=changed)


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_the_version_that_the_program_declares() -> None:
    stack = _running(f"{ARN}:7").changed("function", qualifiedArn=f"{ARN}:7").stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_timeout_that_is_too_long() -> None:
    stack = good_endpoint().changed("function", timeout=30.0).stack()
    assert names(RULE, stack) == ["function"]
    assert figures(RULE, stack) == ["timeout is 30 s, more than 10 s"]
    assert RULE.judge(stack, {"most_s": 30}).answer is Answer.COMPLIANT


def test_an_older_version_of_it() -> None:
    stack = _running(f"{ARN}:6").changed("function", qualifiedArn=f"{ARN}:7").stack()
    assert names(RULE, stack) == ["distribution"]
    assert f"runs {ARN}:6" in figures(RULE, stack)[0]


def test_a_function_that_is_not_here() -> None:
    stack = _running("arn:aws:lambda:us-east-1:000000000000:function:elsewhere:1").stack()
    assert names(RULE, stack) == ["distribution"]


def test_a_timeout_that_is_not_known() -> None:
    stack = good_endpoint().changed("function", timeout=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("function", "aws:lambda/function:Function", timeout=900.0).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
