"""The stop switch of the right store, and a token before the models."""

from __future__ import annotations

from policies.bounded_spend.model_token import RULE as TOKEN
from policies.bounded_spend.stop_switch import RULE as STOP
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.bounded_spend.whole import whole
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names

STORE = "aws:cloudfront/keyValueStore:KeyValueStore"


def test_a_whole_endpoint_is_compliant() -> None:
    assert STOP.judge(whole().stack()).answer is Answer.COMPLIANT
    assert TOKEN.judge(whole().stack()).answer is Answer.COMPLIANT


def test_settle_is_told_of_another_store() -> None:
    parts = whole().put("other", STORE, name="other").changed("settle", {"environment": ("other", "topic")})
    assert figures(STOP, parts.stack()) == ["it is told of other; the gate reads store"]
    assert names(STOP, parts.stack()) == ["settle"]


def test_the_guard_is_told_of_no_store() -> None:
    parts = whole().changed("guard", {"environment": ("topic", "distribution", "table")})
    assert figures(STOP, parts.stack()) == ["it is told of no store; the gate reads store"]


def test_the_gate_reads_another_store() -> None:
    parts = whole().put("other", STORE, name="other").changed("gate", {"keyValueStoreAssociations": "other"})
    assert "the program writes no key closed_until into it" in figures(STOP, parts.stack())


def test_a_gate_without_a_store() -> None:
    parts = whole().changed("gate", {"keyValueStoreAssociations": ()}, keyValueStoreAssociations=None)
    assert "nothing can close this gate" in figures(STOP, parts.stack())[0]


def test_a_gate_that_speaks_of_it_in_a_comment_only() -> None:
    assert figures(STOP, whole().changed("gate", code="// closed_until").stack()) == [
        "its code never asks for closed_until"
    ]


def test_no_right_to_write_there() -> None:
    parts = whole().changed("settle-policy", {"policy": ("table", "dead-letters", "topic")})
    assert figures(STOP, parts.stack()) == ["no policy of its role names store: it may not write there"]


def test_no_key_to_switch() -> None:
    assert names(STOP, whole().without("closed-until").stack()) == ["store"]


def test_a_gates_code_that_is_not_known() -> None:
    assert STOP.judge(whole().changed("gate", code=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_models_without_a_token() -> None:
    assert "0 keys fetch:" in figures(TOKEN, whole().without("token").stack())[0]


def test_models_without_a_gate() -> None:
    running, models = whole().parts["distribution"].props["orderedCacheBehaviors"]
    opened = [running, {**models, "functionAssociations": []}]
    stack = whole().changed("distribution", orderedCacheBehaviors=opened).stack()
    assert "/models/* has no gate" in figures(TOKEN, stack)[0]


def test_models_behind_a_key_group() -> None:
    running, models = whole().parts["distribution"].props["orderedCacheBehaviors"]
    signed = [running, {**models, "trustedKeyGroups": [UNKNOWN]}]
    stack = whole().without("token").changed("distribution", orderedCacheBehaviors=signed).stack()
    assert TOKEN.judge(stack).answer is Answer.COMPLIANT


def test_behaviours_that_are_not_known() -> None:
    stack = whole().changed("distribution", orderedCacheBehaviors=UNKNOWN).stack()
    assert TOKEN.judge(stack).answer is Answer.CANT_TELL


def test_an_endpoint_without_models_has_no_token() -> None:
    running, _ = whole().parts["distribution"].props["orderedCacheBehaviors"]
    stack = whole().without("token").changed("distribution", orderedCacheBehaviors=[running]).stack()
    assert TOKEN.judge(stack).answer is Answer.NOT_APPLICABLE


def test_a_program_without_inference() -> None:
    assert STOP.judge(Parts().put("store", STORE, name="other").stack()).answer is Answer.NOT_APPLICABLE
