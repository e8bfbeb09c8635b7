"""The ledger when answers are lost, late, spoiled or throttled: one lease at most, and trouble told by its kind."""

from __future__ import annotations

import time
from typing import Any

import pytest

from inference import dynamodb, ledger
from inference.dynamodb import DynamoDb
from inference.terms import LedgerUnavailable, Refusal
from tests.unit.inference.asked import DAY, SECRET, SPENT, full, new_ledger
from tests.unit.inference.ledger_world import MotoTable, Proxy
from tests.unit.inference.world import FUNCTION, TABLE


@pytest.mark.parametrize("fault", ["lost", "dropped", "hang", "500 InternalServerError", "junk"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_fault_anywhere_is_survived_and_grants_once(
    table: MotoTable, between: Proxy, fault: str, place: int
) -> None:
    # GIVEN a ledger whose n-th answer (read, write, opening write) goes wrong
    between.faults[:] = [""] * place + [fault]

    # WHEN a lease is asked for
    grant = new_ledger().grant(DAY)

    # THEN it is granted, and counted once: a repeated write finds its own token
    assert grant == full(50)
    assert (table.counter()["day_remaining"], table.counter()["granted"]) == ("150", "50")


def test_a_lost_answer_on_a_running_day_grants_once(table: MotoTable, between: Proxy) -> None:
    table.put_counter(day=DAY, day_remaining=100)
    between.faults[:] = ["", "lost"]
    assert new_ledger().grant(DAY) == full(50)
    assert table.counter()["day_remaining"] == "50"


def test_a_lost_answer_of_the_rest_grants_the_rest(table: MotoTable, between: Proxy) -> None:
    table.put_counter(day=DAY, day_remaining=7)
    between.faults[:] = ["", "", "lost"]
    assert new_ledger().grant(DAY) == full(7)
    assert table.counter()["day_remaining"] == "0"


def test_a_lost_answer_whose_token_another_lease_replaced_is_paid_twice_but_within_the_quota(
    table: MotoTable, between: Proxy
) -> None:
    # GIVEN a write that is done, its answer lost, and another lease before the retry
    table.put_counter(day=DAY, day_remaining=100)
    between.faults[:] = ["", "lost"]
    between.before[2] = lambda: table.put_counter(day=DAY, day_remaining=50, lease_token="other.1")

    # WHEN a lease is asked for
    grant = new_ledger().grant(DAY)

    # THEN the caller holds one lease; what the quota lost besides is on the safe side
    assert grant == full(50)
    assert table.counter()["day_remaining"] == "0"


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (["dropped"] * 9, "BatchGetItem: RemoteDisconnected"),
        (["500 InternalServerError"] * 9, "BatchGetItem: status 500 InternalServerError"),
        (["400 ThrottlingException"] * 9, "BatchGetItem: status 400 ThrottlingException"),
        (["400 AccessDeniedException"] * 9, "BatchGetItem: status 400 AccessDeniedException"),
        (["junk"] * 9, "BatchGetItem: JSONDecodeError"),
        (["", "dropped", "dropped"], "UpdateItem: RemoteDisconnected"),
        (["", "400 ResourceNotFoundException"], "UpdateItem: status 400 ResourceNotFoundException"),
    ],
)
def test_lasting_trouble_is_told_by_kind_only(table: MotoTable, between: Proxy, faults: list[str], reason: str) -> None:
    between.faults[:] = faults
    grant = new_ledger().grant(DAY)
    assert grant == LedgerUnavailable(reason)
    assert len(between.asked) <= 3


def test_a_hanging_ledger_is_left_in_time(table: MotoTable, between: Proxy) -> None:
    between.faults[:] = ["hang"] * 9
    started_s = time.monotonic()
    assert new_ledger().grant(DAY) == LedgerUnavailable("BatchGetItem: TimeoutError")
    assert time.monotonic() - started_s < 5
    started_s = time.monotonic()
    assert new_ledger().grant(DAY, timeout_s=0.3) == LedgerUnavailable("BatchGetItem: TimeoutError")
    assert time.monotonic() - started_s < 3
    assert new_ledger().grant(DAY, timeout_s=-1.0) == LedgerUnavailable("BatchGetItem: no time left")


def test_a_kept_connection_hangs_no_longer_than_asked(table: MotoTable, between: Proxy) -> None:
    asked = new_ledger()
    asked.grant(DAY)
    between.faults[:] = ["hang"] * 9
    started_s = time.monotonic()
    assert asked.grant(DAY, timeout_s=0.3) == LedgerUnavailable("BatchGetItem: TimeoutError")
    assert time.monotonic() - started_s < 3


def test_the_connection_is_kept_and_reopened(table: MotoTable, between: Proxy) -> None:
    # GIVEN a client that has asked
    now_s = [1_000.0]
    client = DynamoDb(region="us-east-1", monotonic=lambda: now_s[0])
    asked = new_ledger(client=client, monotonic=lambda: now_s[0])
    asked.grant(DAY)
    asked.grant(DAY)
    assert between.connections == 1

    # WHEN the environment sleeps for long, or the server has hung up
    now_s[0] += dynamodb.MAX_IDLE_S + 1
    asked.grant(DAY)
    assert between.connections == 2
    between.faults[:] = ["", "hangs up"]
    asked.grant(DAY)
    time.sleep(0.05)

    # THEN the next lease comes over a new connection, at once
    assert asked.grant(DAY) == SPENT
    assert between.connections == 3


def test_missing_credentials_are_told(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    grant = new_ledger().grant(DAY)
    assert isinstance(grant, LedgerUnavailable)
    assert "AWS_SECRET_ACCESS_KEY" in grant.reason


@pytest.mark.parametrize("url", ["http://dynamodb.example", "ftp://127.0.0.1", "nonsense"])
def test_an_address_without_tls_is_not_asked(table: MotoTable, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", url)
    grant = new_ledger().grant(DAY)
    assert isinstance(grant, LedgerUnavailable)
    assert "AWS_ENDPOINT_URL_DYNAMODB" in grant.reason


def test_without_an_address_it_is_the_regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    hosts: list[str] = []

    def connect(self: Any, timeout_s: float) -> None:
        hosts.append(f"{self.secure} {self.authority}")
        raise ConnectionRefusedError

    monkeypatch.setattr("inference.endpoint.Endpoint.connect", connect)
    assert new_ledger().grant(DAY) == LedgerUnavailable("BatchGetItem: ConnectionRefusedError")
    assert hosts == ["True dynamodb.us-east-1.amazonaws.com"] * 2


def test_a_write_that_always_loses_gives_up(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN others who take all but one of what this edge has just seen, again and again
    table.put_counter(day=DAY, day_remaining=40)
    asked = new_ledger()
    real = asked.ledger._client.call

    def call(operation: str, payload: dict[str, Any], **kept: Any) -> dict[str, Any]:
        if operation == "UpdateItem":
            left = int(table.counter()["day_remaining"])
            table.put_counter(day=DAY, day_remaining=max(left - 1, 1))
        return real(operation, payload, **kept)

    monkeypatch.setattr(asked.ledger._client, "call", call)
    assert asked.grant(DAY) == LedgerUnavailable(f"UpdateItem: {ledger.MAX_WRITES} writes lost against others")


class ThrottledTable(DynamoDb):
    """Leaves keys out of its first answers, as a throttled table does."""

    left_out: list[list[str]]

    def call(self, operation: str, payload: dict[str, Any], **how: Any) -> dict[str, Any]:
        out = self.left_out.pop(0) if operation == "BatchGetItem" and self.left_out else []
        keys = payload.get("RequestItems", {}).get(TABLE, {}).get("Keys", [])
        kept = [key for key in keys if key["pk"]["S"].partition("#")[0] not in out]
        if not out:
            return super().call(operation, payload, **how)
        found: dict[str, Any] = {"Responses": {}}
        if kept:
            found = super().call(operation, {"RequestItems": {TABLE: {"Keys": kept, "ConsistentRead": True}}}, **how)
        return found | {"UnprocessedKeys": {TABLE: {"Keys": [key for key in keys if key not in kept]}}}


def test_a_key_that_was_left_out_is_asked_for_again_and_never_taken_for_none(table: MotoTable, between: Proxy) -> None:
    # GIVEN a closed function, and a table that leaves out all three keys, then two, then the override
    table.put_override(closed_until={"N": "9999999999"})
    client, slept = ThrottledTable(region="us-east-1"), list[float]()
    client.left_out = [["limits", "source", "override"], ["override"]]
    asked = new_ledger(client=client, sleep=slept.append)

    # WHEN a lease is asked for, THEN only what was left out is asked for again, and the function is closed
    assert asked.grant(DAY) == Refusal(cause="closed", until_s=9_999_999_999)
    told = [[key["pk"]["S"] for key in body["RequestItems"][TABLE]["Keys"]] for body in between.bodies]
    assert told == [[f"limits#{FUNCTION}", f"source#{FUNCTION}"], [f"override#{FUNCTION}"]]
    assert all(body["RequestItems"][TABLE]["ConsistentRead"] for body in between.bodies)
    assert slept == [0.05, 0.1]

    # WHEN it goes on, THEN nothing is granted
    client.left_out = [["override"]] * ledger.MAX_READS
    assert asked.grant(DAY) == LedgerUnavailable("BatchGetItem: throttled")
    assert table.counter() == {}
