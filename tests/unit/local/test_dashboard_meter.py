"""The local edge's meter, against bills worked out on paper."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from edgewise.cost.prices import UnknownPriceError, default_prices
from edgewise.local.dashboard.counters import MAX_COUNTERS
from edgewise.local.dashboard.meter import (
    Fees,
    Meter,
    of_alerts,
    of_counter,
    of_distribution,
    of_guard,
    of_home,
    of_pool,
    of_settle,
)

NOVEMBER_S = 1_795_608_000.0  # 2026-11-25 12:00:00 UTC
DECEMBER_S = NOVEMBER_S + 6 * 86_400
NAME = "face-match"

# web ACL 5.00 and 4 rules at 1.00, 4 alarms at .10, 9 metrics at .30, a budget that only tells at 0.
FEES = Fees(web_acl_rules=4, alarms=4, custom_metrics=9, budgets=1)
FIXED_USD = Decimal("12.10")

# Two million requests: half of them blocked, a tenth of the rest refused by the gate; 100 while disabled.
STATE: dict[str, Any] = {
    "requests": 2_000_100,
    "disabled": 100,
    "waf_allowed": 1_000_000,
    "waf_blocked": 1_000_000,
    "gate_calls": 1_000_000,
    "gate_refused": 100_000,
    "gate_store_reads": 2_000_000,
    "function_calls": 900_000,
    "function_bytes_in": 50 * 2**30,
    "bytes_out": 2 * 2**30,
    "blocked_bytes_out": 10**12,
    "disabled_bytes_out": 10**12,
    "origin_requests": 1_000,
    "status_200": 900_000,
}
ON_PAPER = {
    "firewall request": "1.20",  # 2 M at .60/M
    "CDN request": "1.00",  # 1 M at .0100 per 10,000
    "gate run": "0.10",  # 1 M at .10/M
    "store read": "0.06",  # 2 M at .03/M
    "byte to function": "1.00",  # 50 GiB at .020
    "byte out": "0.17",  # 2 GiB at .085
    "bucket read": "0.0004",  # 1,000 at .0004 per 1,000
    "edge call": "0.54",  # 900,000 at .60/M
    "edge MB-ms": "0.900180",  # 36,000 s at half a GB: 18,000 GB-s at .00005001
}


def item(*, leases: int, receipts: int) -> dict[str, Any]:
    numbers = {"day_remaining": 1, "month_remaining": 1, "leases": leases, "receipts": receipts}
    return {
        "day": {"S": "2026-11-25"},
        "terms": {"S": "200/1000/8000/10/20"},
        **{name: {"N": str(value)} for name, value in numbers.items()},
    }


def meter(fees: Fees = FEES, **options: Any) -> Meter:
    return Meter(fees={NAME: fees}, **options)


def gateway(**changed: int) -> dict[str, int]:
    return of_distribution(STATE | changed)


def test_fixed_fees_count_whole_from_the_first_moment() -> None:
    assert meter().spent_usd(NAME) == FIXED_USD


def test_a_month_of_two_million_requests_is_what_it_is_on_paper() -> None:
    metered = meter()
    metered.note(NOVEMBER_S, NAME, "gateway", gateway())
    metered.note(NOVEMBER_S, NAME, "pool", of_pool({"invocations": 900_000, "billed_ms": 36_000_000, "memory_mb": 512}))

    lines = metered.lines(NAME)

    assert {event: lines[event] for event in ON_PAPER} == {event: Decimal(usd) for event, usd in ON_PAPER.items()}
    # .0004 + .900180 + 1.20 + 1.00 + .10 + .06 + 1.00 + .17 + .54 + 12.10
    assert metered.spent_usd(NAME) == Decimal("17.070580")
    assert round(metered.spent_usd(NAME), 2) == Decimal("17.07")


def test_the_home_region_on_paper() -> None:
    metered = meter(Fees())
    # 2,000 runs of settle, 200 ms each at 128 MB; 8,640 of the guard, 500 ms each; 2,000 objects, 12 alerts by mail.
    metered.note(NOVEMBER_S, NAME, "settle", of_settle(runs=2_000, billed_ms=400_000, memory_mb=128))
    metered.note(NOVEMBER_S, NAME, "guard", of_guard(runs=8_640, billed_ms=4_320_000, memory_mb=128))
    metered.note(NOVEMBER_S, NAME, "inbox", of_alerts(12))
    metered.note(NOVEMBER_S, NAME, "home", {"store write": 180, "dead letter": 1})
    metered.note(NOVEMBER_S, NAME, "ledger", of_counter(item(leases=1_000, receipts=900)))

    on_paper = {
        "home run": "0.002128",  # 10,640 at .20/M
        # 4,720 s at an eighth of a GB: 590 GB-s at .0000166667
        "home MB-ms": "0.009833353",
        "lake object": "0.01",  # 2,000 at .005 per 1,000
        "topic message": "0.000006",  # 12 at .50/M
        "mail": "0.00024",  # 12 at 20.00/M
        "schedule start": "0.00864",  # 8,640 at 1.00/M
        "metric read": "1.728",  # 172,800 at .01 per 1,000
        "store write": "0.18",  # 180 at 1.00 per 1,000
        "dead letter": "0.0000004",  # 1 at .40/M
        "ledger read unit": "0.00457",  # 1,000 leases of 2 and 8,640 looks of 4 at .125/M
        "ledger write unit": "0.007775",  # 1,900 writes of 2 units and 8,640 of 1 at .625/M
    }
    assert {event: usd for event, usd in metered.lines(NAME).items() if usd} == {
        event: Decimal(usd) for event, usd in on_paper.items()
    }
    assert metered.spent_usd(NAME) == sum(map(Decimal, on_paper.values()))
    assert round(metered.spent_usd(NAME), 2) == Decimal("1.95")


def test_a_plan_covers_what_the_cdn_does() -> None:
    metered = meter(Fees(plan="pro", web_acl_rules=4, alarms=4, custom_metrics=9))
    metered.note(NOVEMBER_S, NAME, "gateway", gateway())
    # THEN 15.00 for the plan, .40 and 2.70 for alarms and metrics, .0004 for the bucket
    assert metered.spent_usd(NAME) == Decimal("18.1004")


def test_what_was_blocked_costs_the_firewall_alone_and_what_was_disabled_nothing() -> None:
    metered = meter(Fees())
    flood = {"requests": 1_500_000, "waf_blocked": 1_000_000, "disabled": 500_000, "blocked_bytes_out": 10**12}
    metered.note(NOVEMBER_S, NAME, "gateway", of_distribution(flood))
    assert metered.spent_usd(NAME) == Decimal("0.60")


def test_the_same_count_twice_costs_once_and_a_new_process_counts_on() -> None:
    metered = meter(Fees())
    for requests in (1_000_000, 1_000_000, 2_000_000, 500_000):
        metered.note(NOVEMBER_S, NAME, "gateway", {"firewall request": requests})
    assert metered.spent_usd(NAME) == Decimal("1.50")


def test_counters_of_processes_that_are_gone_are_forgotten_in_the_end() -> None:
    metered = meter(Fees())
    for process in range(MAX_COUNTERS + 10):
        metered.note(NOVEMBER_S, NAME, "ledger", {"edge call": 1_000_000})
        metered.note(NOVEMBER_S, NAME, f"gateway-{process}", {"firewall request": 1})
    assert len(metered.to_json()["last"]) == MAX_COUNTERS
    # THEN one that is noted again and again is not
    assert metered.lines(NAME)["edge call"] == Decimal("0.60")


def test_sources_of_one_event_are_added_up() -> None:
    metered = meter(Fees())
    metered.note(NOVEMBER_S, NAME, "settle", of_home(runs=1_000_000, billed_ms=0, memory_mb=128))
    metered.note(NOVEMBER_S, NAME, "guard", of_home(runs=1_000_000, billed_ms=0, memory_mb=128))
    assert metered.spent_usd(NAME) == Decimal("0.40")


def test_a_new_month_begins_with_its_fees() -> None:
    metered = meter()
    metered.note(NOVEMBER_S, NAME, "gateway", {"firewall request": 1_000_000})
    metered.note(DECEMBER_S, NAME, "gateway", {"firewall request": 1_500_000})
    assert metered.spent_usd(NAME) == FIXED_USD + Decimal("0.30")


def test_a_meter_that_starts_again_counts_on() -> None:
    before = meter()
    before.note(NOVEMBER_S, NAME, "gateway", {"firewall request": 1_000_000})

    after = meter()
    after.load(json.loads(json.dumps(before.to_json())))
    after.note(NOVEMBER_S, NAME, "gateway", {"firewall request": 1_500_000})

    assert after.spent_usd(NAME) == FIXED_USD + Decimal("0.90")


@pytest.mark.parametrize("kept", [{}, {"month": "2026-11", "counted": {NAME: {"edge call": "x"}}, "last": {}}])
def test_what_cannot_be_taken_up_is_refused_and_changes_nothing(kept: dict[str, Any]) -> None:
    metered = meter(Fees())
    metered.note(NOVEMBER_S, NAME, "gateway", {"firewall request": 1_000_000})
    with pytest.raises(ValueError, match="what the meter kept can't be read"):
        metered.load(kept)
    assert metered.spent_usd(NAME) == Decimal("0.60")


def test_a_dearer_region_group_costs_more() -> None:
    metered = meter(Fees(), group="south_america")
    metered.note(NOVEMBER_S, NAME, "gateway", {"byte out": 2**30})
    assert metered.spent_usd(NAME) == Decimal("0.110")


def test_an_event_without_a_rate_is_refused_and_nothing_is_counted() -> None:
    metered = meter(Fees())
    with pytest.raises(KeyError, match="free lunch"):
        metered.note(NOVEMBER_S, NAME, "gateway", {"firewall request": 5, "free lunch": 1})
    assert metered.spent_usd(NAME) == 0


def test_a_function_without_fees_is_refused() -> None:
    with pytest.raises(KeyError, match="'other' is not metered"):
        meter().note(NOVEMBER_S, "other", "gateway", {})


def test_a_missing_price_is_an_error_and_not_free() -> None:
    with pytest.raises(UnknownPriceError, match=r"waf\.acl"):
        meter(sheet=default_prices().without("waf.acl")).spent_usd(NAME)
