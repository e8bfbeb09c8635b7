"""The bound over any settings: it never falls when something grows, and its printed arithmetic is its amount."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cost.bound import (
    Allowance,
    Assumed,
    Bound,
    Endpoint,
    Firewall,
    Gate,
    Guard,
    Lease,
    Settle,
    StackShared,
    Status,
    WorkerAssumed,
    WorkerEndpoint,
    bound,
    shared_bound,
)
from edgewise.cost.prices import default_prices

SHEET = default_prices()


def whole(least: int, most: int) -> st.SearchStrategy[int]:
    return st.integers(min_value=least, max_value=most)


leases = st.builds(
    Lease,
    requests=whole(1, 500),
    seconds=whole(10, 900),
    attempts=whole(1, 4),
    item_bytes=whole(100, 4_000),
    receipt_bytes=whole(0, 4_000),
    refusal_memory_s=whole(1, 600),
)
assumptions = st.builds(
    Assumed,
    flood_rps=whole(0, 20_000),
    signed_flood_rps=whole(0, 5_000),
    firewall_s=whole(0, 600),
    store_s=whole(0, 600),
    metrics_s=whole(0, 1_200),
    disable_s=whole(0, 1_800),
    init_s=whole(0, 10),
    unmetered_ms=whole(0, 50),
)
allowances = st.builds(Allowance, firewall=whole(0, 5_000_000), gate=whole(0, 5_000_000), ledger=whole(0, 100_000))
endpoints = st.builds(
    Endpoint,
    function=st.just("f"),
    memory_mb=whole(128, 10_240),
    timeout_s=whole(1, 30),
    daily_quota=st.none() | whole(0, 1_000_000),
    monthly_quota=st.none() | whole(0, 10_000_000),
    ms_per_request=st.none() | whole(1, 5_000),
    rate_cap_rps=st.none() | st.decimals(min_value="0.1", max_value=5_000, places=1),
    request_bytes=whole(0, 1_000_000),
    model_bytes=whole(0, 50_000_000),
    cold_grants_daily=st.none() | whole(0, 5_000),
    renewals_daily=st.none() | whole(0, 5_000),
    on_flood=st.sampled_from(["disconnect", "stay_up"]),
    plan=st.sampled_from(["none", "pro", "business", "premium"]),
    price_class=st.sampled_from(["PriceClass_100", "PriceClass_200", "PriceClass_All"]),
    answer_bytes=whole(0, 100_000),
    log_bytes=whole(0, 20_000),
    log_retention_days=whole(1, 400),
    access_log_bytes=whole(0, 2_000),
    alarms=whole(0, 20),
    alarm_period_s=whole(10, 3_600),
    subscribers=whole(0, 5),
    custom_metrics=whole(0, 20),
    lease=leases,
    firewall=st.none()
    | st.builds(Firewall, rules=whole(0, 25), window_s=whole(60, 600), capacity_units=whole(0, 5_000)),
    gate=st.none() | st.builds(Gate, signed=st.booleans(), store=st.booleans(), reads=whole(0, 5)),
    settle=st.none() | st.builds(Settle, memory_mb=whole(128, 1_024), timeout_s=whole(1, 60), retries=whole(0, 5)),
    guard=st.none() | st.builds(Guard, interval_s=whole(60, 3_600), metrics=whole(0, 50), attempts=whole(1, 3)),
    allowance=allowances,
    assumed=assumptions,
)
workers = st.builds(
    WorkerEndpoint,
    function=st.just("w"),
    cpu_ms=whole(1, 30_000),
    daily_quota=whole(0, 1_000_000),
    model_bytes=whole(0, 50_000_000),
    front=st.sampled_from(["signed_rule", "none"]),
    spend_policy_usd=st.decimals(min_value=0, max_value=500, places=2),
    monthly_quota=st.none() | whole(0, 10_000_000),
    cold_grants_daily=st.none() | whole(0, 5_000),
    on_flood=st.sampled_from(["disconnect", "stay_up"]),
    kv_reads=whole(0, 4),
    log_events=whole(0, 10),
    log_bytes=whole(0, 10_000),
    lease=leases,
    allowance=allowances,
    assumed=st.builds(WorkerAssumed, flood_rps=whole(0, 20_000), signed_flood_rps=whole(0, 2_000)),
)

GROWS = [
    "memory_mb", "timeout_s", "daily_quota", "monthly_quota", "ms_per_request", "rate_cap_rps", "request_bytes",
    "model_bytes", "model_attempts", "cold_grants_daily", "renewals_daily", "answer_bytes", "log_bytes",
    "log_retention_days", "access_log_bytes", "lake_months", "alarms", "subscribers", "custom_metrics",
    "budget_alerts", "lease.reads", "settle.alerts_daily", "settle.claim_bytes", "guard.ledger_writes",
    "lease.seconds", "lease.attempts", "lease.item_bytes", "lease.receipt_bytes", "lease.exchange_bytes",
    "firewall.rules", "firewall.capacity_units", "gate.reads", "gate.answer_bytes", "settle.memory_mb",
    "settle.timeout_s", "settle.init_s", "settle.retries", "settle.log_bytes", "settle.store_calls", "guard.memory_mb",
    "guard.timeout_s", "guard.init_s", "guard.metrics", "guard.attempts",
    "allowance.firewall", "allowance.gate", "allowance.ledger", "assumed.flood_rps",
    "assumed.signed_flood_rps", "assumed.firewall_s", "assumed.store_s", "assumed.metrics_s", "assumed.disable_s",
    "assumed.init_s", "assumed.unmetered_ms",
]  # fmt: skip
WORKER_GROWS = [
    "cpu_ms", "daily_quota", "monthly_quota", "cold_grants_daily", "model_attempts", "kv_reads", "log_events",
    "log_bytes", "rows", "spend_policy_usd", "lease.seconds", "lease.attempts", "lease.receipt_bytes", "guard.cpu_ms",
    "allowance.gate", "allowance.ledger", "assumed.flood_rps", "assumed.signed_flood_rps", "assumed.store_s",
    "assumed.metrics_s", "assumed.disable_s", "assumed.spend_policy_s", "assumed.cpu_overrun_ms",
]  # fmt: skip


def grown(described: Any, path: str, factor: Decimal) -> Any:
    """Multiply one number of a description, rounding up and adding one; None and absent parts stay."""
    head, _, rest = path.partition(".")
    value = getattr(described, head)
    if value is None:
        return described
    if rest:
        return replace(described, **{head: grown(value, rest, factor)})
    return replace(described, **{head: int((value * factor).to_integral_value(ROUND_CEILING)) + 1})


factors = st.decimals(min_value="1", max_value="4", places=2)


@settings(max_examples=60, deadline=None)
@given(described=endpoints, path=st.sampled_from(GROWS), factor=factors)
def test_the_bound_never_falls_when_a_setting_grows(described: Endpoint, path: str, factor: Decimal) -> None:
    # GIVEN any endpoint WHEN one number grows THEN neither the total nor any term falls
    before, after = bound(described), bound(grown(described, path, factor))
    assert after.total >= before.total, path
    for symbol, amount in before.by_symbol().items():
        # What the firewall blocks is split in two: a larger allowance moves some of it from R to N_firewall.
        if symbol not in ("R", "N_firewall·r"):
            assert after.by_symbol()[symbol] >= amount, (path, symbol)


@settings(max_examples=60, deadline=None)
@given(described=workers, path=st.sampled_from(WORKER_GROWS), factor=factors)
def test_a_workers_bound_never_falls(described: WorkerEndpoint, path: str, factor: Decimal) -> None:
    assert bound(grown(described, path, factor)).total >= bound(described).total, path


@settings(max_examples=60, deadline=None)
@given(described=endpoints | workers, line=st.sampled_from(sorted({p.price_id for p in SHEET})), factor=factors)
def test_the_bound_never_falls_when_a_price_grows(
    described: Endpoint | WorkerEndpoint, line: str, factor: Decimal
) -> None:
    # A spend policy is an amount of money: a dearer request buys fewer of them, so their logs cost less. No breach.
    if isinstance(described, WorkerEndpoint) and described.front == "none" and line == "workers.request":
        return
    assert bound(described, SHEET.scaled(line, factor)).total >= bound(described, SHEET).total


@settings(max_examples=60, deadline=None)
@given(described=endpoints)
def test_taking_a_guard_away_never_lowers_the_running_terms(described: Endpoint) -> None:
    # GIVEN any endpoint WHEN a control is taken away THEN what runs (all but the fees F) costs at least as much
    def running(computed: Bound) -> Decimal:
        return sum((amount for symbol, amount in computed.by_symbol().items() if symbol != "F"), Decimal(0))

    if described.guard is not None:
        assert running(bound(replace(described, guard=None))) >= running(bound(described))
    if described.rate_cap_rps is not None and described.assumed.flood_rps <= 250_000:
        assert running(bound(replace(described, rate_cap_rps=None))) >= running(bound(described))


def recomputed(text: str) -> Decimal:
    """Evaluate a printed arithmetic with Python's own parser, each number made a Decimal. Not the code's evaluator."""
    assert re.fullmatch(r"(?:[0-9. +*/(),-]|min|max|ceil|floor)+", text), text
    source = re.sub(r"\d+(?:\.\d+)?", lambda number: f"Decimal('{number.group()}')", text)
    names = {
        "Decimal": Decimal,
        "min": min,
        "max": max,
        "ceil": lambda value: value.to_integral_value(rounding=ROUND_CEILING),
        "floor": lambda value: value.to_integral_value(rounding=ROUND_FLOOR),
    }
    result = eval(source, {"__builtins__": {}}, names)
    assert isinstance(result, Decimal)
    return result


def assert_reproduces(computed: Bound) -> None:
    for term in computed.terms:
        for line in term.lines:
            assert recomputed(line.arithmetic) == line.amount, line
        for each in term.counts:
            assert recomputed(each.arithmetic) == each.value, each
        assert recomputed(term.arithmetic) == term.amount, term.symbol


@settings(max_examples=60, deadline=None)
@given(described=endpoints | workers)
def test_every_printed_arithmetic_gives_its_amount(described: Endpoint | WorkerEndpoint) -> None:
    computed = bound(described)
    assert computed.status is Status.FINITE
    assert_reproduces(computed)
    assert sum((term.amount for term in computed.terms), Decimal(0)) == computed.total


def test_the_shared_resources_reproduce_too() -> None:
    shared = StackShared(stack="s", point_in_time_recovery=True, workers_paid=True, zone_plan="pro")
    assert_reproduces(shared_bound(shared))


@settings(max_examples=60, deadline=None)
@given(described=endpoints | workers, place=st.sampled_from(sorted(SHEET.lines)))
def test_a_missing_price_makes_the_bound_unknown_or_does_not_matter(
    described: Endpoint | WorkerEndpoint, place: tuple[str, str]
) -> None:
    # GIVEN a sheet without one line WHEN that line is needed THEN UNKNOWN, infinite, and the reason names the price
    before, after = bound(described, SHEET), bound(described, SHEET.without(*place))
    if after.status is Status.FINITE:
        assert after.total == before.total
    else:
        assert after.status is Status.UNKNOWN
        assert after.total == Decimal("Infinity")
        assert any(place[0] in reason and place[1] in reason for reason in after.reasons)


@pytest.mark.parametrize("price_id", sorted({line.price_id for line in SHEET if line.price_id.startswith("waf.r")}))
def test_the_property_above_bites(price_id: str) -> None:
    # GIVEN an endpoint that needs a price WHEN the line is gone THEN it is not quietly taken as nothing
    needs = Endpoint(
        function="f",
        memory_mb=128,
        timeout_s=1,
        daily_quota=100,
        ms_per_request=10,
        rate_cap_rps=1,
        request_bytes=1,
        model_bytes=1,
        firewall=Firewall(capacity_units=2_000),
    )
    assert bound(needs, SHEET).status is Status.FINITE
    assert bound(needs, SHEET.without(price_id)).status is Status.UNKNOWN
