"""Receipts handed in with leases and alone, never counted twice."""

from __future__ import annotations

import pytest

from inference.receipt import Receipt
from inference.terms import Granted
from tests.unit.inference.asked import DAY, new_ledger, question
from tests.unit.inference.ledger_world import MotoTable, Proxy
from tests.unit.inference.world import FUNCTION, TABLE


def some_receipt(used: int = 3, unspent: int = 2, name: str = "p-1") -> Receipt:
    receipt = Receipt(receipt_id=name, unspent=unspent)
    for _ in range(used):
        receipt.note("ok", now_s=1_795_000_000, latency_ms=12.0, bytes_up=67_500, bytes_down=130, score=0.5)
    return receipt


def handed(table: MotoTable) -> tuple[str, str, str]:
    counter = table.counter()
    return counter.get("receipts", "0"), counter.get("used", "0"), counter.get("unspent", "0")


def test_a_receipt_goes_in_with_the_next_lease_and_leaves_the_item_with_the_one_after(table: MotoTable) -> None:
    asked = new_ledger()
    asked.grant(DAY)
    grant = asked.grant(DAY, receipt=some_receipt())
    assert isinstance(grant, Granted)
    assert grant.handed == "handed"
    assert Receipt.from_text(table.counter()["receipt"]).used == 3
    assert handed(table) == ("1", "3", "2")
    asked.grant(DAY)
    assert "receipt" not in table.counter()
    assert handed(table) == ("1", "3", "2")


@pytest.mark.parametrize(
    ("faults", "told"),
    [
        (["", "lost"], "handed"),  # the repeated write finds its own token
        (["", "dropped"], "unknown"),  # the repeated write leaves the receipt out
        (["", "hang"], "handed"),
        (["", "500 InternalServerError"], "unknown"),
        (["dropped"], "handed"),
    ],
)
def test_a_receipt_is_never_counted_twice(table: MotoTable, between: Proxy, faults: list[str], told: str) -> None:
    table.put_counter(day=DAY)
    between.faults[:] = faults
    grant = new_ledger().grant(DAY, receipt=some_receipt())
    assert isinstance(grant, Granted)
    assert grant.handed == told
    assert handed(table) == (("1", "3", "2") if told == "handed" else ("0", "0", "0"))


def test_a_receipt_whose_write_was_overtaken_is_not_written_again(table: MotoTable, between: Proxy) -> None:
    # GIVEN a write that is done, its answer lost, and another lease before the repeated one
    table.put_counter(day=DAY, day_remaining=100)
    between.faults[:] = ["", "lost"]
    other = new_ledger()
    between.before[2] = lambda: table.client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"counter#{FUNCTION}#cloudfront"}},
        UpdateExpression="SET lease_token = :t",
        ExpressionAttributeValues={":t": {"S": "other.1"}},
    )

    # WHEN a lease is asked for with a receipt
    grant = other.grant(DAY, receipt=some_receipt())

    # THEN the receipt counts once, the lease twice: both on the safe side
    assert isinstance(grant, Granted)
    assert grant.handed == "unknown"
    assert handed(table) == ("1", "3", "2")
    assert table.counter()["day_remaining"] == "0"


@pytest.mark.parametrize(
    ("faults", "told"),
    [([], "handed"), (["lost"], "unknown"), (["dropped"], "unknown"), (["400 ThrottlingException"], "kept")],
)
def test_a_receipt_alone_is_sent_once(table: MotoTable, between: Proxy, faults: list[str], told: str) -> None:
    table.put_counter(day=DAY)
    between.faults[:] = faults
    taken = new_ledger().ledger.hand_in(question(wanted=None, receipt=some_receipt()))
    assert taken.handed == told
    assert len(between.asked) == 1
    assert handed(table)[0] == ("1" if told == "handed" or faults == ["lost"] else "0")
    assert table.counter()["day_remaining"] == "200"
