"""What verifies signatures."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.paths import PROJECT_ROOT
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.security.signature_gate import RULE
from tests.unit.policies.build import Parts, resource
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import GATE_CODE, good


def _first_behaviour(**changes: Any) -> Parts:
    first, *others = resource(good().stack(), "distribution").get("orderedCacheBehaviors")
    return good().changed("distribution", orderedCacheBehaviors=[first | changes, *others])


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good().stack()).answer is Answer.COMPLIANT


def test_our_own_gate_verifies() -> None:
    code = (PROJECT_ROOT / "inference" / "gate" / "gate.js").read_text()
    assert RULE.judge(good().changed("gate", code=code).stack()).answer is Answer.COMPLIANT


def test_a_path_without_a_gate() -> None:
    stack = _first_behaviour(functionAssociations=[]).stack()
    assert names(RULE, stack) == ["distribution"]
    assert "/v1/face-match/*" in figures(RULE, stack)[0]


def test_a_function_on_the_answer_is_no_gate() -> None:
    stack = _first_behaviour(functionAssociations=[{"eventType": "viewer-response", "functionArn": UNKNOWN}]).stack()
    assert names(RULE, stack) == ["distribution"]


@pytest.mark.parametrize(
    "code",
    [
        "function handler(event) { return event.request; }",
        "// crypto.createHmac('sha256', key)\nfunction handler(event) { return event.request; }",
        "/* subtle.verify( */ function handler(event) { return event.request; }",
        None,
    ],
)
def test_a_gate_that_verifies_nothing(code: str | None) -> None:
    stack = good().changed("gate", code=code).stack()
    assert names(RULE, stack) == ["gate"]
    assert "calls neither" in figures(RULE, stack)[0]


def test_a_gate_without_keys() -> None:
    stack = good().without("key", "closed-until").stack()
    assert names(RULE, stack) == ["gate"]
    assert figures(RULE, stack)[0].startswith("0 keys lie in its key-value stores")


def test_a_store_that_only_opens_and_closes_the_gate_holds_no_key() -> None:
    assert names(RULE, good().without("key").stack()) == ["gate"]


def test_cloudfronts_own_signatures_do_as_well() -> None:
    stack = _first_behaviour(functionAssociations=[], trustedKeyGroups=["group"]).changed("gate", code="").stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_code_that_is_not_known() -> None:
    assert RULE.judge(good().changed("gate", code=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_a_site_that_rewrites_paths_is_not_asked() -> None:
    site = Parts().put(
        "site",
        "aws:cloudfront/distribution:Distribution",
        {"defaultCacheBehavior": "rewrite"},
        defaultCacheBehavior={"allowedMethods": ["GET", "HEAD"], "functionAssociations": [{}]},
    )
    stack = site.put("rewrite", "aws:cloudfront/function:Function", code=GATE_CODE).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
