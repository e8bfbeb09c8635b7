"""The limits item of this very function."""

from __future__ import annotations

from typing import Any

import pytest

from policies.bounded_spend.limits_item import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.bounded_spend.whole import NUMBERS, limits, whole
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names


def test_a_whole_endpoint_is_compliant() -> None:
    assert RULE.judge(whole().stack()).answer is Answer.COMPLIANT


def test_none_says_what_then_counts() -> None:
    (figure,) = figures(RULE, whole().without("limits").stack())
    assert "10000 requests/s x 13 Regions x 2678400 s = 348192000000 a month" in figure


def test_that_of_another_function() -> None:
    (figure,) = figures(RULE, whole().changed("limits", item=limits("other")).stack())
    assert "no item limits#face-match in its table: there is limits#other" in figure


def test_one_that_is_not_known_before_the_update() -> None:
    (figure,) = figures(RULE, whole().changed("limits", item=UNKNOWN).stack())
    assert "no item that can be read and 1 not known yet" in figure


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_a_number_that_is_missing_or_nothing(number: str) -> None:
    for value in (None, 0, "many"):
        changes: dict[str, Any] = {number: value}
        stack = whole().changed("limits", item=limits(**changes)).stack()
        assert figures(RULE, stack)[0].startswith(f"no whole number of 1 or more under {number};")
        assert names(RULE, stack) == ["limits"]


def test_a_role_that_may_write_no_table() -> None:
    (figure,) = figures(RULE, whole().changed("policy", links={"policy": ()}).stack())
    assert "its role may write no table of this program" in figure


def test_names_in_plain_text_are_followed() -> None:
    arn = "arn:aws:dynamodb:us-east-1:000000000000:table/edgewise-test-ledger"
    parts = whole().changed("limits", links={"tableName": ()})
    assert RULE.judge(parts.stack()).answer is Answer.COMPLIANT
    plain = parts.changed("policy", links={"policy": ()}, policy=f'{{"Statement": [{{"Resource": "{arn}"}}]}}')
    assert RULE.judge(plain.stack()).answer is Answer.COMPLIANT


def test_no_token_of_another_item_is_shown() -> None:
    item = '{"pk": {"S": "source#face-match"}, "fetch_token": {"S": "k1.very-secret"}}'
    (figure,) = figures(RULE, whole().changed("limits", item=item).stack())
    assert "source#face-match" in figure
    assert "very-secret" not in figure


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("table", "aws:dynamodb/table:Table").stack()).answer is Answer.NOT_APPLICABLE
