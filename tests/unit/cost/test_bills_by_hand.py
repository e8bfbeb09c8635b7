"""The bound's lines against five bills on paper, to the cent. The counts are worked out in the docstrings here."""

from __future__ import annotations

from decimal import Decimal

import pytest

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
    WorkerEndpoint,
    bound,
)
from tests.unit.cost.bills_on_paper import BIG_BODY, CLOUDFLARE, PLAN, SMALL, STAY_UP, Bill

MICRO = Decimal("0.000001")


def small() -> Endpoint:
    """Pay as you go. Q = 31 x 1,000; L = 31 x 20; C = 31 x 10; M = 31,000 x .055 + 620 x 2 = 2,945 s.

    The guard acts after 600 + 300 + 60 + 10 + 10 = 980 s: metric, look, its late start, start-up and run. Flood until
    off: (980 + 900) x 100 = 188,000; N_gate = 50,000 + 188,000; N_ledger = 1,000 + (980 + 120) x 5 = 6,500. Settled:
    620 + 20 leases, two records each. Late by 80 s, the guard acts 1 + ceil(800 / 300) = 4 times until the gate is
    closed, 1 + ceil(1,580 / 300) = 7 until all is off.
    """
    return Endpoint(
        function="small",
        memory_mb=256,
        timeout_s=2,
        daily_quota=1_000,
        ms_per_request=50,
        rate_cap_rps=5,
        request_bytes=10_000,
        model_bytes=1_000_000,
        cold_grants_daily=10,
        alarms=4,
        custom_metrics=2,
        firewall=Firewall(rules=3),
        allowance=Allowance(firewall=100_000, gate=50_000, ledger=1_000),
        assumed=Assumed(flood_rps=100, signed_flood_rps=5),
    )


def plan() -> Endpoint:
    """A Pro plan that stays up. Q = 620,000; L = 12,400; C = 3,100; M = 620,000 x .045 + 12,400 x 3 = 65,100 s.

    N_ledger = 5,000 + (980 + 120) x 25 = 32,500: the gate closes through the store, the plan pays for the rest.
    """
    return Endpoint(
        function="plan",
        memory_mb=512,
        timeout_s=3,
        daily_quota=20_000,
        ms_per_request=40,
        rate_cap_rps=20,
        request_bytes=67_500,
        model_bytes=5_800_000,
        cold_grants_daily=100,
        plan="pro",
        on_flood="stay_up",
    )


def stay_up() -> Endpoint:
    """Pay as you go, stays up, nobody watches. Q = 200,000 a month; L = C = 2,000 full leases and 32 short ones;
    M = 4,000 + 2,032 s.

    A pulsing flood of 10 a second passes a rule of 2 a second that reacts in 30 s:
    2 x 2,678,460 + 10 x 30 x (2,678,400 / 90 + 1) = 14,285,220. Signed 3 a second reach Lambda all month:
    8,035,200, each a start-up of 10 s and a timeout of 1 s.
    """
    return Endpoint(
        function="stay",
        memory_mb=128,
        timeout_s=1,
        daily_quota=10_000,
        monthly_quota=200_000,
        ms_per_request=15,
        rate_cap_rps=2,
        request_bytes=100,
        model_bytes=0,
        on_flood="stay_up",
        answer_bytes=1_000,
        log_bytes=500,
        lease=Lease(
            requests=100, seconds=60, attempts=1, receipt_bytes=2_000, refusal_memory_s=30, exchange_bytes=4_096
        ),
        firewall=Firewall(rules=2),
        gate=Gate(reads=1),
        settle=None,
        guard=None,
        alarms=1,
        alarm_period_s=60,
        subscribers=2,
        custom_metrics=0,
        budget_alerts=0,
        assumed=Assumed(flood_rps=10, signed_flood_rps=3, firewall_s=30),
    )


def big_body() -> Endpoint:
    """A body of 900 kB in PriceClass_All. Q = 155,000; L = C = 31 x 200; M = 155,000 x .205 + 6,200 x 5 s.

    India is dearest for bytes in (.160), Asia for bytes out (.120), South America for requests (.0220) and logs.
    The guard acts after 600 + 60 + 60 + 10 + 5 = 735 s. Flood until off: (735 + 900) x 500 = 817,500;
    N_ledger = 5,000 + (735 + 120) x 10 = 13,550. Settled: 6,200 + 200 leases, two records each, two runs. Late by
    75 s, the guard acts 1 + ceil(795 / 60) = 15 times until the gate is closed, 1 + ceil(1,575 / 60) = 28 until all is
    off.
    """
    return Endpoint(
        function="big",
        memory_mb=1769,
        timeout_s=5,
        daily_quota=5_000,
        ms_per_request=200,
        rate_cap_rps=10,
        request_bytes=900_000,
        model_bytes=20_000_000,
        price_class="PriceClass_All",
        log_retention_days=90,
        access_log_bytes=1_000,
        alarms=0,
        custom_metrics=0,
        lease=Lease(requests=25),
        firewall=Firewall(rules=6, capacity_units=2_600),
        guard=Guard(interval_s=60, memory_mb=256, timeout_s=5, metrics=17, log_bytes=500),
        settle=Settle(memory_mb=256, timeout_s=20, retries=1, store_calls=4, alerts_daily=4),
        assumed=Assumed(flood_rps=500, signed_flood_rps=10),
    )


def cloudflare() -> WorkerEndpoint:
    """A Worker behind a signed-request rule. Q = 310,000; L = 6,200; C = 1,550; M = 6,200,000 + 186,000,000 ms.

    N_gate = 300,000 + (600 + 300 + 60 + 900) x 25 = 346,500; N_ledger = 5,000 + (960 + 120) x 25 = 32,000.
    """
    return WorkerEndpoint(function="worker", cpu_ms=20, daily_quota=10_000, model_bytes=5_800_000, cold_grants_daily=50)


CASES = [
    pytest.param(small(), SMALL, "15.85", id="small, pay as you go"),
    pytest.param(plan(), PLAN, "41.75", id="flat-rate plan"),
    pytest.param(stay_up(), STAY_UP, "748.96", id="stay up, no guard"),
    pytest.param(big_body(), BIG_BODY, "123.00", id="big body, PriceClass_All"),
    pytest.param(cloudflare(), CLOUDFLARE, "10.89", id="Cloudflare"),
]


def paid_lines(computed: Bound) -> list[tuple[str, str, Decimal]]:
    return [
        (term.symbol, line.name, line.amount.quantize(MICRO))
        for term in computed.terms
        for line in term.lines
        if "covered by" not in "".join(assumption.text for assumption in line.assumptions)
    ]


@pytest.mark.parametrize(("endpoint", "bill", "total"), CASES)
def test_every_line_is_the_hand_computed_one(endpoint: Endpoint | WorkerEndpoint, bill: Bill, total: str) -> None:
    # GIVEN a bill on paper WHEN the bound is computed THEN it has these lines, these amounts, and no other
    computed = bound(endpoint)
    on_paper = sorted((symbol, name, Decimal(amount)) for symbol, name, amount in bill)
    assert sorted(paid_lines(computed)) == on_paper
    assert computed.total_usd == Decimal(total)


@pytest.mark.parametrize(("endpoint", "bill", "total"), CASES)
def test_the_paper_adds_up(endpoint: Endpoint | WorkerEndpoint, bill: Bill, total: str) -> None:
    # GIVEN the amounts on paper WHEN added THEN they give the total, to the cent
    added = sum((Decimal(amount) for _, _, amount in bill), Decimal(0))
    assert Decimal(total) - Decimal("0.01") < added <= Decimal(total)


def test_what_the_plan_covers_is_listed_at_nothing() -> None:
    # GIVEN a flat-rate plan WHEN the bound is computed THEN the covered lines are there, at 0, and say why
    nothing = [line for term in bound(plan()).terms for line in term.lines if line.arithmetic.endswith("* 0")]
    covered = [line for line in nothing if line.name != "budget"]  # AWS's own budget is free without a plan too
    assert {"firewall", "request, HTTPS", "body in", "model out"} <= {line.name for line in covered}
    assert all(line.amount == 0 for line in covered)
    assert all("declared" in line.assumptions[0].text for line in covered)
