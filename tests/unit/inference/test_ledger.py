"""The ledger against a real moto server: never more than the quota, whatever is lost on the way."""

from __future__ import annotations

import calendar
import os
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from inference import dynamodb, ledger
from inference.dynamodb import DynamoDb
from inference.ledger import DynamoLedger
from inference.receipt import Receipt
from inference.terms import Grant, Granted, LedgerUnavailable, Moment, Question, Refusal
from tests.unit.inference.world import FUNCTION, TABLE, TOKEN, MotoTable, Proxy, limits, moto_table, proxy

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY, NEXT_DAY = "2026-11-24", "2026-11-25"
SECRET = "a-very-secret-key"
CANARY = "sha256:" + "c" * 64


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


def question(day: str = DAY, /, **changes: Any) -> Question:
    wanted: dict[str, Any] = {"token": os.urandom(8).hex(), "asked": Moment(noon_s(day), 0.0), "wanted": 50}
    return Question(**(wanted | changes))


def noon_s(day: str) -> float:
    return calendar.timegm(time.strptime(day, "%Y-%m-%d")) + 43_200.0


class AskedByDay:
    """Asks a ledger for a full lease."""

    def __init__(self, ledger: DynamoLedger) -> None:
        self.ledger = ledger
        self.rest: int | None = None

    def grant(self, day: str, *, timeout_s: float = 2.0, **changes: Any) -> Grant:
        grant = self.ledger.grant(question(day, **changes), timeout_s=timeout_s)
        if isinstance(grant, Granted):
            self.rest = grant.rest
            return replace(grant, rest=None)
        return grant


def granted_of(grant: Grant) -> int:
    return grant.requests if isinstance(grant, Granted) else 0


def full(requests: int) -> Granted:
    """A cold lease of so many requests under the world's limits."""
    return Granted(requests=requests, milliseconds=requests * 40, limits=limits(), cold=True)


SPENT = Refusal(cause="day")


def new_ledger(**changes: Any) -> AskedByDay:
    client = DynamoDb(region="us-east-1")
    wanted: dict[str, Any] = {"table": TABLE, "function": FUNCTION, "edge": "cloudfront", "client": client}
    return AskedByDay(DynamoLedger(**(wanted | changes)))


def test_the_first_lease_opens_the_day(table: MotoTable) -> None:
    # GIVEN no counter item
    # WHEN a lease is asked for
    asked = new_ledger()
    grant = asked.grant(DAY)

    # THEN it is a full one, and the item says what is left
    assert (grant, asked.rest) == (full(50), 150)
    counter = table.counter()
    assert counter.pop("lease_token").endswith(".50")
    assert counter == {
        "pk": f"counter#{FUNCTION}#cloudfront",
        "day": DAY,
        "terms": "200/10000000000000/8000/1000/1000",
        "day_remaining": "150",
        "month_remaining": "9999999999950",
        "ms_remaining": "6000",
        "cold_remaining": "999",
        "renewals_remaining": "1000",
        "granted": "50",
        "leases": "1",
    }


def test_leases_add_up_to_the_quota_and_not_one_more(table: MotoTable) -> None:
    table.put_limits(limits(daily_quota=120))
    asked = new_ledger()
    grants = [asked.grant(DAY) for _ in range(5)]
    assert [granted_of(grant) for grant in grants] == [50, 50, 20, 0, 0]
    assert grants[3:] == [SPENT, SPENT]
    assert (table.counter()["day_remaining"], table.counter()["granted"]) == ("0", "120")


def test_a_new_day_starts_with_the_full_quota(table: MotoTable) -> None:
    table.put_counter(day=DAY, day_remaining=0, granted=200)
    asked = new_ledger()
    assert asked.grant(DAY) == SPENT
    assert asked.grant(NEXT_DAY) == full(50)
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
    assert new_ledger().grant(DAY) == full(50)
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
    assert (granted_of(grant)) == granted
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
    assert time.monotonic() - started_s < 2.3
    started_s = time.monotonic()
    assert new_ledger().grant(DAY, timeout_s=0.3) == LedgerUnavailable("BatchGetItem: TimeoutError")
    assert time.monotonic() - started_s < 0.6
    assert new_ledger().grant(DAY, timeout_s=-1.0) == LedgerUnavailable("BatchGetItem: no time left")


def test_a_kept_connection_hangs_no_longer_than_asked(table: MotoTable, between: Proxy) -> None:
    asked = new_ledger()
    asked.grant(DAY)
    between.faults[:] = ["hang"] * 9
    started_s = time.monotonic()
    assert asked.grant(DAY, timeout_s=0.3) == LedgerUnavailable("BatchGetItem: TimeoutError")
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
    assert between.asked == ["BatchGetItem", "UpdateItem", "UpdateItem"]
    assert between.bodies[0]["RequestItems"][TABLE]["ConsistentRead"] is True
    assert SECRET not in str(between.bodies)
    assert TOKEN not in repr(grant)


def test_many_edges_at_once_get_exactly_the_quota(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> None:
    # A busy machine's answer that comes too late, behind another lease, would be paid twice: not what this is about.
    monkeypatch.setattr(dynamodb, "SOCKET_TIMEOUT_S", 30.0)
    # GIVEN a quota of 1,000 in leases of 7 and eight edges, on a day that nobody has opened
    table.put_limits(limits(daily_quota=1_000, lease_requests=7, lease_least=7))
    granted: list[int] = []

    def edge() -> None:
        asked = new_ledger()
        while True:
            grant = asked.grant(DAY, timeout_s=30)
            if not isinstance(grant, Granted):
                assert grant == SPENT
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
    real = asked.ledger._client.call

    def call(operation: str, payload: dict[str, Any], **kept: Any) -> dict[str, Any]:
        if operation == "UpdateItem":
            left = int(table.counter()["day_remaining"])
            table.put_counter(day=DAY, day_remaining=max(left - 1, 1))
        return real(operation, payload, **kept)

    monkeypatch.setattr(asked.ledger._client, "call", call)
    assert asked.grant(DAY) == LedgerUnavailable(f"UpdateItem: {ledger.MAX_WRITES} writes lost against others")


def test_a_small_lease_is_what_the_taper_leaves(table: MotoTable) -> None:
    # GIVEN a day of which 640 requests are left, and a smallest lease of 4
    table.put_limits(limits(lease_least=4))
    table.put_counter(limits(lease_least=4), day=DAY, day_remaining=640)
    asked = new_ledger()

    # WHEN more and more is taken, THEN a lease is a sixty-fourth of the rest where the ledger had to say no first
    assert granted_of(asked.grant(DAY)) == 50  # it was there: nobody looked
    table.put_counter(limits(lease_least=4), day=DAY, day_remaining=49)
    assert granted_of(asked.grant(DAY)) == 4
    table.put_counter(limits(lease_least=4), day=DAY, day_remaining=3)
    assert granted_of(asked.grant(DAY)) == 3
    assert asked.grant(DAY) == SPENT


def test_cold_grants_and_renewals_are_counted_apart(table: MotoTable) -> None:
    wanted = limits(cold_grants_daily=1, renewals_daily=2, lease_requests=5, lease_least=5)
    table.put_limits(wanted)
    asked = new_ledger()
    held: dict[str, Any] = {"held_digests": (wanted.model_digest,)}
    assert asked.grant(DAY) == Granted(requests=5, milliseconds=200, limits=wanted, cold=True)
    assert asked.grant(DAY) == Refusal(cause="cold")
    assert asked.grant(DAY, **held) == Granted(requests=5, milliseconds=200, limits=wanted, cold=False)
    assert granted_of(asked.grant(DAY, **held)) == 5
    assert asked.grant(DAY, **held) == Refusal(cause="renewals")
    assert (table.counter()["cold_remaining"], table.counter()["renewals_remaining"]) == ("0", "0")
    assert table.counter()["day_remaining"] == "185"
    assert granted_of(asked.grant(NEXT_DAY)) == 5


def test_a_month_has_its_own_quota_and_begins_anew(table: MotoTable) -> None:
    wanted = limits(monthly_quota=120)
    table.put_limits(wanted)
    asked = new_ledger()
    assert [granted_of(asked.grant(day)) for day in ("2026-11-29", "2026-11-30", "2026-11-30")] == [50, 50, 20]
    assert asked.grant("2026-11-30") == Refusal(cause="month")
    assert table.counter()["day_remaining"] == "130"
    assert granted_of(asked.grant("2026-12-01")) == 50
    assert (table.counter()["month_remaining"], table.counter()["granted"]) == ("70", "170")


def test_milliseconds_run_out_as_requests_do(table: MotoTable) -> None:
    table.put_counter(day=DAY, ms_remaining=90)
    assert granted_of(new_ledger().grant(DAY)) == 2
    assert new_ledger().grant(DAY) == SPENT
    assert table.counter()["ms_remaining"] == "10"


@pytest.mark.parametrize("granted", [0, 60, 150])
def test_a_changed_quota_never_gives_back(table: MotoTable, granted: int) -> None:
    # GIVEN a day of which some was granted
    table.put_counter(day=DAY, day_remaining=200 - granted, granted=granted)
    asked, total = new_ledger(), granted

    # WHEN the quota is lowered, raised, lowered and raised again
    for quota in (100, 300, 50, 200):
        table.put_limits(limits(daily_quota=quota))
        before = total
        while one := granted_of(asked.grant(DAY)):
            total += one

        # THEN all that was ever granted on this day counts against each
        assert total == max(before, quota)
        assert int(table.counter()["granted"]) == total
    assert total == 300


def test_a_changed_quota_of_another_kind_keeps_the_count_of_the_day(table: MotoTable) -> None:
    table.put_counter(day=DAY, day_remaining=60, month_remaining=10**13 - 140, ms_remaining=2_400, cold_remaining=7)
    table.put_limits(limits(renewals_daily=5, cold_grants_daily=1_001, monthly_quota=500, ms_per_request=50))
    assert granted_of(new_ledger().grant(DAY)) == 50
    counter = table.counter()
    assert (counter["day_remaining"], counter["cold_remaining"], counter["renewals_remaining"]) == ("10", "7", "5")
    assert (counter["month_remaining"], counter["ms_remaining"]) == (str(500 - 190), str(10_000 - 5_600 - 2_500))


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
    # GIVEN a closed function, and a table that leaves out first both keys, then the override
    table.put_override(closed_until={"N": "9999999999"})
    client, slept = ThrottledTable(region="us-east-1"), list[float]()
    client.left_out = [["limits", "override"], ["override"]]
    asked = new_ledger(client=client, sleep=slept.append)

    # WHEN a lease is asked for, THEN only what was left out is asked for again, and the function is closed
    assert asked.grant(DAY) == Refusal(cause="closed", until_s=9_999_999_999)
    told = [[key["pk"]["S"] for key in body["RequestItems"][TABLE]["Keys"]] for body in between.bodies]
    assert told == [[f"limits#{FUNCTION}"], [f"override#{FUNCTION}"]]
    assert all(body["RequestItems"][TABLE]["ConsistentRead"] for body in between.bodies)
    assert slept == [0.05, 0.1]

    # WHEN it goes on, THEN nothing is granted
    client.left_out = [["override"]] * ledger.MAX_READS
    assert asked.grant(DAY) == LedgerUnavailable("BatchGetItem: throttled")
    assert table.counter() == {}


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


def test_a_grant_costs_one_read_and_at_most_three_writes(table: MotoTable, between: Proxy) -> None:
    # GIVEN a new day, on which another process opens it first and takes nearly all
    table.put_counter(day="2026-11-23")
    between.before[2] = lambda: table.put_counter(day=DAY, day_remaining=7)
    assert granted_of(new_ledger().grant(DAY)) == 7
    assert between.asked == ["BatchGetItem", "UpdateItem", "UpdateItem", "UpdateItem"]
