"""The ledger against a real moto server: never more than the quota, whatever is lost on the way."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from inference import dynamodb, ledger
from inference.dynamodb import DynamoDb
from inference.ledger import DynamoLedger, Granted, LedgerUnavailable, QuotaSpent
from tests.unit.inference.world import FUNCTION, TABLE, TOKEN, MotoTable, Proxy, limits, moto_table, proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY, NEXT_DAY = "2026-11-24", "2026-11-25"
SECRET = "a-very-secret-key"


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoTable]:
    with moto_table() as running:
        yield running


@pytest.fixture
def table(moto: MotoTable, monkeypatch: pytest.MonkeyPatch) -> MotoTable:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", moto.url)
    moto.clear()
    moto.put_limits(limits())
    return moto


@pytest.fixture
def between(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy(table.url) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", running.url)
        yield running


def new_ledger(**changes: Any) -> DynamoLedger:
    client = DynamoDb(region="us-east-1")
    wanted: dict[str, Any] = {"table": TABLE, "function": FUNCTION, "edge": "cloudfront", "client": client}
    return DynamoLedger(**(wanted | changes))


def test_the_first_lease_opens_the_day(table: MotoTable) -> None:
    # GIVEN no counter item
    # WHEN a lease is asked for
    grant = new_ledger().grant(DAY)

    # THEN it is a full one, and the item says what is left
    assert grant == Granted(requests=50, limits=limits())
    counter = table.counter()
    assert counter.pop("lease_token").endswith(".50")
    assert counter == {"pk": f"counter#{FUNCTION}#cloudfront", "day": DAY, "day_remaining": "150", "granted": "50"}


def test_leases_add_up_to_the_quota_and_not_one_more(table: MotoTable) -> None:
    table.put_limits(limits(daily_quota=120))
    asked = new_ledger()
    grants = [asked.grant(DAY) for _ in range(5)]
    assert [grant.requests if isinstance(grant, Granted) else 0 for grant in grants] == [50, 50, 20, 0, 0]
    assert grants[3:] == [QuotaSpent(), QuotaSpent()]
    assert (table.counter()["day_remaining"], table.counter()["granted"]) == ("0", "120")


def test_a_new_day_starts_with_the_full_quota(table: MotoTable) -> None:
    table.put_counter(day=DAY, day_remaining=0, granted=200)
    asked = new_ledger()
    assert asked.grant(DAY) == QuotaSpent()
    assert asked.grant(NEXT_DAY) == Granted(requests=50, limits=limits())
    assert (table.counter()["day"], table.counter()["day_remaining"]) == (NEXT_DAY, "150")
    assert table.counter()["granted"] == "250"


def test_a_clock_behind_the_ledger_gets_nothing(table: MotoTable) -> None:
    table.put_counter(day=NEXT_DAY, day_remaining=100)
    grant = new_ledger().grant(DAY)
    assert grant == LedgerUnavailable(f"the ledger is at {NEXT_DAY}, this clock at {DAY}")
    assert table.counter()["day_remaining"] == "100"


def test_a_day_that_others_opened_meanwhile_is_not_opened_again(table: MotoTable, between: Proxy) -> None:
    # GIVEN yesterday's counter, and another edge that opens today right before this one does
    table.put_counter(day="2026-11-23", day_remaining=3)
    between.before[2] = lambda: table.put_counter(day=DAY, day_remaining=60)

    # WHEN and THEN
    assert new_ledger().grant(DAY) == Granted(requests=50, limits=limits())
    assert table.counter()["day_remaining"] == "10"


def test_a_day_that_has_passed_meanwhile_is_not_opened(table: MotoTable, between: Proxy) -> None:
    # GIVEN an edge that is slow at midnight: tomorrow is opened right before its write
    table.put_counter(day="2026-11-23", day_remaining=3)
    between.before[2] = lambda: table.put_counter(day=NEXT_DAY, day_remaining=60)

    # WHEN and THEN
    assert isinstance(new_ledger().grant(DAY), LedgerUnavailable)
    assert (table.counter()["day"], table.counter()["day_remaining"]) == (NEXT_DAY, "60")


@pytest.mark.parametrize(("daily_quota", "granted"), [(0, 0), (1, 1), (49, 49), (50, 50)])
def test_a_quota_smaller_than_a_lease(table: MotoTable, daily_quota: int, granted: int) -> None:
    table.put_limits(limits(daily_quota=daily_quota))
    grant = new_ledger().grant(DAY)
    assert (grant.requests if isinstance(grant, Granted) else 0) == granted
    assert table.counter().get("day_remaining", "0") == "0"


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
    assert grant == Granted(requests=50, limits=limits())
    assert (table.counter()["day_remaining"], table.counter()["granted"]) == ("150", "50")


def test_a_lost_answer_on_a_running_day_grants_once(table: MotoTable, between: Proxy) -> None:
    table.put_counter(day=DAY, day_remaining=100)
    between.faults[:] = ["", "lost"]
    assert new_ledger().grant(DAY) == Granted(requests=50, limits=limits())
    assert table.counter()["day_remaining"] == "50"


def test_a_lost_answer_of_the_rest_grants_the_rest(table: MotoTable, between: Proxy) -> None:
    table.put_counter(day=DAY, day_remaining=7)
    between.faults[:] = ["", "", "lost"]
    assert new_ledger().grant(DAY) == Granted(requests=7, limits=limits())
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
    assert grant == Granted(requests=50, limits=limits())
    assert table.counter()["day_remaining"] == "0"


@pytest.mark.parametrize(
    ("faults", "reason"),
    [
        (["dropped"] * 9, "GetItem: RemoteDisconnected"),
        (["500 InternalServerError"] * 9, "GetItem: status 500 InternalServerError"),
        (["400 ThrottlingException"] * 9, "GetItem: status 400 ThrottlingException"),
        (["400 AccessDeniedException"] * 9, "GetItem: status 400 AccessDeniedException"),
        (["junk"] * 9, "GetItem: JSONDecodeError"),
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
    assert new_ledger().grant(DAY) == LedgerUnavailable("GetItem: TimeoutError")
    assert time.monotonic() - started_s < 2.3
    started_s = time.monotonic()
    assert new_ledger().grant(DAY, timeout_s=0.3) == LedgerUnavailable("GetItem: TimeoutError")
    assert time.monotonic() - started_s < 0.6
    assert new_ledger().grant(DAY, timeout_s=-1.0) == LedgerUnavailable("GetItem: no time left")


def test_a_kept_connection_hangs_no_longer_than_asked(table: MotoTable, between: Proxy) -> None:
    asked = new_ledger()
    asked.grant(DAY)
    between.faults[:] = ["hang"] * 9
    started_s = time.monotonic()
    assert asked.grant(DAY, timeout_s=0.3) == LedgerUnavailable("GetItem: TimeoutError")
    assert time.monotonic() - started_s < 0.6


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
    assert asked.grant(DAY) == QuotaSpent()
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
    assert new_ledger().grant(DAY) == LedgerUnavailable("GetItem: ConnectionRefusedError")
    assert hosts == ["True dynamodb.us-east-1.amazonaws.com"] * 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"daily_quota": {"N": "-1"}}, "daily_quota is '-1'"),
        ({"daily_quota": {"S": "5"}}, "daily_quota is None"),
        ({"lease_requests": {"N": "0"}}, "lease_requests is '0'; expected a whole number of at least 1"),
        ({"lease_seconds": {"N": "1.5"}}, "lease_seconds is '1.5'"),
        ({"model_url": {"N": "1"}}, "model_url is no string"),
        ({"model_digest": {"S": "latest"}}, "model_digest is 'latest'"),
    ],
)
def test_a_limits_item_that_is_wrong_grants_nothing(table: MotoTable, change: dict[str, Any], told: str) -> None:
    key = {"pk": {"S": f"limits#{FUNCTION}"}}
    item = table.client.get_item(TableName=TABLE, Key=key)["Item"]
    table.client.put_item(TableName=TABLE, Item=item | change)
    grant = new_ledger().grant(DAY)
    assert isinstance(grant, LedgerUnavailable)
    assert told in grant.reason
    assert table.counter() == {}


def test_without_a_limits_item_nothing_is_granted(table: MotoTable) -> None:
    table.clear()
    grant = new_ledger().grant(DAY)
    assert grant == LedgerUnavailable("the limits item is missing; run the deployment again")
    assert table.counter() == {}


def test_the_limits_are_read_consistently_and_the_secret_stays_home(table: MotoTable, between: Proxy) -> None:
    grant = new_ledger().grant(DAY)
    assert between.asked == ["GetItem", "UpdateItem", "UpdateItem"]
    assert between.bodies[0]["ConsistentRead"] is True
    assert SECRET not in str(between.bodies)
    assert TOKEN not in repr(grant)


def test_many_edges_at_once_get_exactly_the_quota(table: MotoTable) -> None:
    # GIVEN a quota of 1,000 in leases of 7 and eight edges, on a day that nobody has opened
    table.put_limits(limits(daily_quota=1_000, lease_requests=7))
    granted: list[int] = []

    def edge() -> None:
        asked = new_ledger()
        while True:
            grant = asked.grant(DAY, timeout_s=30)
            if not isinstance(grant, Granted):
                assert grant == QuotaSpent()
                return
            granted.append(grant.requests)

    # WHEN all ask until nothing is left
    threads = [threading.Thread(target=edge) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # THEN they hold the quota, and not one request more
    assert sum(granted) == 1_000
    assert (table.counter()["day_remaining"], table.counter()["granted"]) == ("0", "1000")


def test_a_write_that_always_loses_gives_up(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN others who take all but one of what this edge has just seen, again and again
    table.put_counter(day=DAY, day_remaining=40)
    asked = new_ledger()
    real = asked._client.call

    def call(operation: str, payload: dict[str, Any], *, ends_s: float) -> dict[str, Any]:
        if operation == "UpdateItem":
            left = int(table.counter()["day_remaining"])
            table.put_counter(day=DAY, day_remaining=max(left - 1, 1))
        return real(operation, payload, ends_s=ends_s)

    monkeypatch.setattr(asked._client, "call", call)
    assert asked.grant(DAY) == LedgerUnavailable(f"UpdateItem: {ledger.MAX_WRITES} writes lost against others")
