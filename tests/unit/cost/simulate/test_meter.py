"""The meter: a tiny month worked out on paper, event class by event class."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest

from edgewise.cost.bound.endpoint import Allowance, Endpoint, Gate, Guard, Lease, Settle
from edgewise.cost.prices import UnknownPriceError, default_prices
from edgewise.cost.simulate.events import Events
from edgewise.cost.simulate.kept import kept_months
from edgewise.cost.simulate.meter import SYMBOLS, Meter
from edgewise.cost.simulate.month import Month
from edgewise.cost.simulate.nature import Nature
from edgewise.cost.simulate.tariff import RATES, SERVED_BY, Tally, charge

SHEET = default_prices()
FEBRUARY = Month(2027, 2)
MIB = 2**20  # 1,048,576 requests of 1,024 bytes are 1 GiB

# No headers, answers of their greatest length, no logs, each question to the ledger settled by one write.
# Each second run of settle or the guard starts an environment, in 2 s of 10.
WORLD = Nature(
    headers=0.0,
    answers=1.0,
    logs=0.0,
    settle_time=0.5,
    guard_time=0.5,
    home_starts=0.5,
    init=0.2,
    alarms=0.0,
    alerts=0.0,
)

TINY = Endpoint(
    function="tiny",
    memory_mb=1_024,
    timeout_s=3,
    daily_quota=100_000,
    ms_per_request=50,
    rate_cap_rps=20,
    request_bytes=1_024,
    answer_bytes=1_024,
    model_bytes=MIB - 1_024,
    allowance=Allowance(firewall=1_000_000),
    gate=Gate(reads=3, answer_bytes=1_024),
    lease=Lease(item_bytes=1_024, receipt_bytes=1_024, exchange_bytes=8_192),
    settle=Settle(memory_mb=128, timeout_s=10, retries=2, log_bytes=0, store_calls=6),
    guard=Guard(interval_s=300, memory_mb=128, timeout_s=10, metrics=20, ledger_reads=4, log_bytes=0),
    alarms=8,
    custom_metrics=8,
)

EVENTS = Events(
    blocked=3_000_000,
    refused_at_gate=MIB,
    refused_at_ledger=1_024,
    passed=MIB,
    lease_ms=50_000_000,
    start_ms=100_000,
    refused_ms=13_000_000,
    leases=1_024,
    cold_grants=10,
    fetches=20,
    receipts=512,
    renewals_refused=512,
    refused_questions=1_024,
    records=1_536,
    closings=2,
    acts=1,
)

ON_PAPER = {
    # web ACL 5.00, 4 rules, 8 alarms at .10, 8 metrics at .30; 28 x 288 = 8,064 runs of the guard: schedule 1.00/M,
    # 20 metrics at .01 per 1,000, 4 ledger reads at .125/M, a ledger write at .625/M, run .20/M, 5 s and each
    # second time 2 s more x .125 GB at .0000166667; 2 closings of 6 store writes at 1.00 per 1,000; one act
    # told at .50/M, with a mail at 20.00/M.
    "F": "5 + 4 + .80 + 2.40 + .008064 + 1.6128 + .004032 + .00504 + .0016128 + .084000168"
    " + .0168000336 + .012 + .0000205",
    # 1,048,576 of: firewall .60/M, request .0100 per 10,000, gate .10/M, 3 reads at .03/M, call .60/M;
    # 1 GiB in at .020, 1 GiB out at .085.
    "Q·a": ".6291456 + 1.048576 + .1048576 + .09437184 + .6291456 + .020 + .085",
    # 50,000 s at 1 GB at .00005001.
    "M·m": "2.5005",
    # 2,048 writes of 2 units at .625/M, 1,536 reads of 3 items at .125/M, 3,584 x 8,192 bytes (7/256 GiB) both
    # ways at .02, 1 MiB kept for 13 months at .023 (13/1024 x .023), 1,536 runs: .20/M, 5 s and each
    # second time 2 s more x .125 GB at .0000166667, an object at .005 per 1,000.
    "L·l": ".00256 + .000576 + .00109375 + .0002919921875 + .0003072 + .016000032 + .0032000064 + .00768",
    # 100 s at 1 GB at .00005001; 20 fetches: 1.79/M for arriving, .0004 per 1,000 for the bucket, 20 MiB at .085.
    "C·c": ".005001 + .0000358 + .000008 + .00166015625",
    "N_firewall·r": ".60",
    # 1,048,576 arrivals at 1.79/M, 1 GiB out at .085.
    "N_gate·r": "1.87695104 + .085",
    # 1,024 arrivals at 1.79/M and calls at .60/M, 1 MiB in at .020 and out at .085, 13,000 s at 1 GB, 1,024 writes of
    # 2 units, 1,024 reads of 3 items, 2,048 x 8,192 bytes (1/64 GiB) both ways.
    "N_ledger·r": ".00183296 + .0006144 + .00001953125 + .0000830078125 + .65013 + .00128 + .000384 + .000625",
    "R": "1.20",
}


def metered(endpoint: Endpoint, events: Events, *, group: str = "us", month: Month = FEBRUARY) -> dict[str, Decimal]:
    tally = Meter(endpoint=endpoint, nature=WORLD, month=month, events=events).read()
    by_event = charge(tally, SHEET, group=group, plan=endpoint.plan)
    return {symbol: sum(usd for (of, _), usd in by_event.items() if of == symbol) + Decimal(0) for symbol in SYMBOLS}


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_tiny_month_is_what_it_is_on_paper(symbol: str) -> None:
    on_paper = sum(Decimal(part) for part in ON_PAPER[symbol].split(" + "))

    assert metered(TINY, EVENTS)[symbol] == on_paper


def test_a_month_without_requests_costs_its_fixed_fees() -> None:
    spent = metered(TINY, Events())

    assert spent.pop("F") == sum(Decimal(part) for part in ON_PAPER["F"].split(" + ")) - Decimal("0.0120205")
    assert not any(spent.values())


def test_a_dearer_region_group_costs_more() -> None:
    # GIVEN 1,048,576 refusals of 1,024 bytes served from South America: request .0220, out .110
    spent = metered(TINY, Events(refused_at_gate=MIB), group="south_america")

    assert spent["N_gate·r"] == Decimal(MIB) * Decimal("2.99") / 1_000_000 + Decimal("0.110")


def test_a_plan_covers_what_the_cdn_does_and_nothing_of_the_function() -> None:
    plan = Endpoint(**{field.name: getattr(TINY, field.name) for field in fields(TINY)} | {"plan": "pro"})
    spent = metered(plan, EVENTS)

    # THEN the plan's 15.00 stands for web ACL and rules
    assert spent["F"] == metered(TINY, EVENTS)["F"] - 9 + 15
    assert [spent[symbol] for symbol in ("N_firewall·r", "N_gate·r", "R")] == [0, 0, 0]
    assert spent["Q·a"] == Decimal(MIB) * Decimal("0.60") / 1_000_000
    assert spent["M·m"] == Decimal("2.5005")


def test_a_body_without_size_check_is_charged_by_the_megabyte() -> None:
    small, large = Events(passed=1_000), Events(passed=1_000, oversized=1_000)

    more = metered(TINY, large)["Q·a"] - metered(TINY, small)["Q·a"]

    assert round(more, 9) == round(Decimal(1_000 * (1_000_000 - 1_024)) * Decimal("0.020") / 2**30, 9)


def test_logs_are_paid_for_as_long_as_they_lie_there() -> None:
    # One day's retention in February: what each day writes lies there a day, January's last day's the first day too.
    assert kept_months(FEBRUARY, 1, bunched=False) == pytest.approx((1 + 1 / 31) / 28)
    # All on the month's first day, all of January's on its last: 14 days each.
    assert kept_months(FEBRUARY, 14, bunched=True) == 1
    # December 31st's logs still lie there on March 1st, January's and February's all March.
    assert kept_months(Month(2027, 3), 60, bunched=True) == pytest.approx(3 + 1 / 31)


def test_an_event_without_a_rate_is_refused() -> None:
    with pytest.raises(KeyError, match="add it to RATES"):
        Tally().add("F", "free lunch")


def test_a_missing_price_is_an_error_and_not_free() -> None:
    tally = Tally()
    tally.add("R", "firewall request")

    with pytest.raises(UnknownPriceError, match=r"waf\.request"):
        charge(tally, SHEET.without("waf.request"), group="us", plan="none")


@pytest.mark.parametrize("event", RATES)
def test_every_rate_has_its_price_everywhere(event: str) -> None:
    tally = Tally()
    tally.add("F", event)

    for group in SERVED_BY["PriceClass_All"]:
        assert charge(tally, SHEET, group=group, plan="none")["F", event] >= 0
