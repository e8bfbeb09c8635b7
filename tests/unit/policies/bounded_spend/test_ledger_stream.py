"""The ledger's stream."""

from __future__ import annotations

from policies.bounded_spend.ledger_stream import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_a_table_without_a_stream() -> None:
    stack = good_endpoint().changed("table", streamEnabled=None, streamViewType=None).stack()
    assert figures(RULE, stack) == ["streamEnabled is not set, not true"]
    assert names(RULE, stack) == ["table"]


def test_a_stream_that_shows_keys_only() -> None:
    stack = good_endpoint().changed("table", streamViewType="KEYS_ONLY").stack()
    assert figures(RULE, stack) == ["streamViewType is KEYS_ONLY, not NEW_AND_OLD_IMAGES"]


def test_functions_that_reach_no_table() -> None:
    stack = good_endpoint().changed("policy", links={"policy": ()}).stack()
    assert names(RULE, stack) == ["distribution"]
    assert "no ledger" in figures(RULE, stack)[0]


def test_a_further_table_needs_no_stream() -> None:
    stack = (
        good_endpoint()
        .put("denylist", "aws:dynamodb/table:Table", name="denylist")
        .changed("policy", links={"policy": ("table", "denylist")})
        .stack()
    )
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_ledger_that_its_item_names_in_plain() -> None:
    parts = (
        good_endpoint()
        .put("denylist", "aws:dynamodb/table:Table", name="denylist")
        .changed("policy", links={"policy": ("table", "denylist")})
        .changed("limits", links={"tableName": ()})
    )
    assert RULE.judge(parts.stack()).answer is Answer.COMPLIANT
    assert names(RULE, parts.changed("table", streamEnabled=False).stack()) == ["table"]


def test_an_unknown_setting_is_refused() -> None:
    stack = good_endpoint().changed("table", streamEnabled=UNKNOWN).stack()
    verdict = RULE.judge(stack)
    assert verdict.answer is Answer.CANT_TELL
    assert verdict.refuses


def test_a_program_without_inference() -> None:
    stack = Parts().put("table", "aws:dynamodb/table:Table", name="queue").stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
