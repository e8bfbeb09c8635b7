"""The ledger against a real moto server: never more than the quota."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from inference import dynamodb
from inference.terms import Granted, LedgerUnavailable, Refusal
from tests.unit.inference.asked import CANARY, DAY, NEXT_DAY, SECRET, SPENT, full, granted_of, new_ledger
from tests.unit.inference.ledger_world import MotoTable, Proxy
from tests.unit.inference.world import FUNCTION, TABLE, TOKEN, limits, limits_item, source_item


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


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"daily_quota": {"N": "-1"}}, "daily_quota is '-1'"),
        ({"daily_quota": {"S": "5"}}, "daily_quota is None"),
        ({"lease_requests": {"N": "0"}}, "lease_requests is '0'; expected a whole number of at least 1"),
        ({"lease_seconds": {"N": "1.5"}}, "lease_seconds is '1.5'"),
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


@pytest.mark.parametrize("name", ["model_url", "fetch_token"])
@pytest.mark.parametrize("wrong", [{}, {"N": "1"}, {"NULL": True}], ids=str)
def test_a_source_item_that_is_wrong_grants_nothing(table: MotoTable, name: str, wrong: dict[str, Any]) -> None:
    item = {key: value for key, value in source_item(limits()).items() if key != name}
    table.client.put_item(TableName=TABLE, Item=item | ({name: wrong} if wrong else {}))
    assert new_ledger().grant(DAY) == LedgerUnavailable(f"item: {name} is no string")
    assert table.counter() == {}


@pytest.mark.parametrize("kind", ["limits", "source"])
def test_without_one_of_the_deployments_items_nothing_is_granted(table: MotoTable, kind: str) -> None:
    table.client.delete_item(TableName=TABLE, Key={"pk": {"S": f"{kind}#{FUNCTION}"}})
    grant = new_ledger().grant(DAY)
    assert grant == LedgerUnavailable(f"the {kind} item is missing; run the deployment again")
    assert table.counter() == {}


def test_amidst_a_deployment_digest_and_address_are_of_one_model(table: MotoTable) -> None:
    # GIVEN a new model's limits beside the address of the one before, as between a deployment's two writes
    table.client.put_item(TableName=TABLE, Item=limits_item(limits(model_digest=CANARY)))
    grant = new_ledger().grant(DAY)
    assert isinstance(grant, Granted)
    assert grant.limits == limits(model_digest=CANARY, model_url=f"http://127.0.0.1:1/models/{'c' * 64}.onnx")


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


def test_a_grant_costs_one_read_and_at_most_three_writes(table: MotoTable, between: Proxy) -> None:
    # GIVEN a new day, on which another process opens it first and takes nearly all
    table.put_counter(day="2026-11-23")
    between.before[2] = lambda: table.put_counter(day=DAY, day_remaining=7)
    assert granted_of(new_ledger().grant(DAY)) == 7
    assert between.asked == ["BatchGetItem", "UpdateItem", "UpdateItem", "UpdateItem"]
