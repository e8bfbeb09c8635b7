"""What operators write beside the limits: a stop, a canary."""

from __future__ import annotations

from typing import Any

import pytest

from inference.terms import Granted, LedgerUnavailable, Refusal
from tests.unit.inference.asked import CANARY, DAY, granted_of, new_ledger, noon_s
from tests.unit.inference.ledger_world import MotoTable, Proxy
from tests.unit.inference.world import TOKEN, limits


def test_a_closed_function_grants_nothing_and_costs_no_write(table: MotoTable, between: Proxy) -> None:
    until = int(noon_s(DAY)) + 60
    table.put_override(closed_until={"N": str(until)})
    assert new_ledger().grant(DAY) == Refusal(cause="closed", until_s=until)
    assert between.asked == ["BatchGetItem"]
    table.put_override(closed_until={"N": str(until - 60)})
    assert granted_of(new_ledger().grant(DAY)) == 50


@pytest.mark.parametrize(
    "damaged", [{"S": "1795608000"}, {"N": "-1"}, {"N": "1795608000.5"}, {"NULL": True}, {"S": ""}], ids=str
)
def test_a_closed_until_that_cannot_be_read_grants_nothing(table: MotoTable, damaged: dict[str, Any]) -> None:
    table.put_override(closed_until=damaged, canary_digest={"S": CANARY}, canary_percent={"N": "100"})
    grant = new_ledger().grant(DAY)
    assert isinstance(grant, LedgerUnavailable)
    assert "closed_until is " in grant.reason
    assert table.counter() == {}


def canary(percent: str = "10", digest: str = CANARY) -> dict[str, Any]:
    return {"canary_digest": {"S": digest}, "canary_percent": {"N": percent}}


def test_a_lease_with_the_canary_brings_its_address_beside_the_pinned_models(table: MotoTable) -> None:
    table.put_override(**canary())
    for draw, digest in [(0.0, CANARY), (0.0999, CANARY), (0.1, limits().model_digest), (0.99, limits().model_digest)]:
        grant = new_ledger().grant(DAY, draw=draw, wanted=0)
        assert isinstance(grant, Granted)
        assert grant.limits.model_digest == digest
        assert grant.limits.model_url in (limits().model_url, f"http://127.0.0.1:1/models/{'c' * 64}.onnx")
        assert grant.limits.fetch_token == TOKEN


@pytest.mark.parametrize(
    "damaged",
    [
        canary(percent="101"),
        canary(percent="-1"),
        canary(digest="latest"),
        canary() | {"canary_percent": {"S": "100"}},
        canary() | {"canary_digest": {"N": "1"}},
        {"canary_percent": {"N": "100"}},
        {"canary_digest": {"S": CANARY}},
        {"canary_digest": {"NULL": True}, "canary_percent": {"NULL": True}},
    ],
    ids=str,
)
def test_a_canary_that_cannot_be_read_is_none(table: MotoTable, damaged: dict[str, Any]) -> None:
    table.put_override(**damaged)
    grant = new_ledger().grant(DAY, draw=0.0)
    assert isinstance(grant, Granted)
    assert grant.limits == limits()


def test_without_cold_grants_the_model_at_hand_answers_and_the_grant_is_a_renewal(
    table: MotoTable, between: Proxy
) -> None:
    # GIVEN a canary, and a day without a cold grant left
    table.put_override(**canary())
    table.put_counter(day=DAY, cold_remaining=0)
    asked, pinned = new_ledger(), limits().model_digest

    # WHEN a process that holds one of both draws the other, THEN it goes on with the one it holds
    for draw, held in ((0.0, pinned), (0.5, CANARY)):
        grant = asked.grant(DAY, draw=draw, held_digests=(held,))
        assert isinstance(grant, Granted)
        assert (grant.limits.model_digest, grant.cold) == (held, False)
    assert table.counter()["renewals_remaining"] == "998"
    assert between.asked == ["BatchGetItem", "UpdateItem", "UpdateItem"] * 2

    # THEN one that holds neither, or a canary that is alone, is refused
    assert asked.grant(DAY, draw=0.0) == Refusal(cause="cold")
    table.put_override(**canary("100"))
    assert asked.grant(DAY, draw=0.5, held_digests=(pinned,)) == Refusal(cause="cold")
    table.put_override(**canary("0"))
    assert asked.grant(DAY, draw=0.0, held_digests=(CANARY,)) == Refusal(cause="cold")
