"""What the bound says of endpoints whose controls are there, missing, or contradict the platform."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from edgewise.cost.bound import (
    Assumed,
    Endpoint,
    Firewall,
    Gate,
    Lease,
    StackShared,
    Status,
    WorkerEndpoint,
    bound,
    shared_bound,
)
from edgewise.cost.bound.endpoint import PriceClass
from edgewise.cost.prices import default_prices

FACE = Endpoint(
    function="face-match",
    memory_mb=512,
    timeout_s=3,
    daily_quota=20_000,
    ms_per_request=40,
    rate_cap_rps=20,
    request_bytes=67_500,
    model_bytes=5_800_000,
    cold_grants_daily=100,
)
WORKER = WorkerEndpoint(function="face-match", cpu_ms=50, daily_quota=20_000, model_bytes=5_800_000)


def counted(endpoint: Endpoint | WorkerEndpoint, symbol: str) -> Decimal:
    return next(each.value for term in bound(endpoint).terms for each in term.counts if each.symbol == symbol)


def test_the_formulas_terms_are_there_in_order() -> None:
    symbols = [term.symbol for term in bound(FACE).terms]
    assert symbols == ["F", "Q·a", "M·m", "L·l", "C·c", "N_firewall·r", "N_gate·r", "N_ledger·r", "R"]


def test_the_month_has_31_days() -> None:
    assert counted(FACE, "Q") == 31 * 20_000
    assert counted(FACE, "L") == 31 * 400
    assert counted(FACE, "C") == 31 * 100
    assert counted(replace(FACE, monthly_quota=100_000), "Q") == 100_000
    # 2,000 full leases, and a short one at the end of each day and of the month
    assert counted(replace(FACE, monthly_quota=100_000), "L") == 2_032
    # GIVEN a day that no whole number of leases fills THEN its last one is short
    assert counted(replace(FACE, daily_quota=20_001), "L") == 31 * 401


def test_quotas_on_leases_bound_small_leases() -> None:
    # GIVEN a taper down to leases of one request WHEN cold grants and renewals have quotas THEN those bound L
    tapering = replace(FACE, lease=Lease(requests=1))
    assert counted(tapering, "L") == 620_000
    assert counted(replace(tapering, renewals_daily=500), "L") == 31 * 600


def test_no_time_in_the_lease_means_the_timeout_each() -> None:
    # GIVEN leases that don't bound milliseconds THEN each call may last to its timeout
    assert counted(replace(FACE, ms_per_request=None), "M") == 620_000 * 3
    # GIVEN leases of one request THEN granted time plus a timeout each can't pass a timeout each either
    assert counted(replace(FACE, lease=Lease(requests=1)), "M") == 620_000 * 3


def test_without_a_ledger_only_the_platform_bounds() -> None:
    # GIVEN no limits item WHEN the bound is computed THEN 10,000 a second in 13 Regions, and 1,000 environments in each
    free = replace(FACE, daily_quota=None)
    assert counted(free, "Q") == 10_000 * 13 * 2_678_400
    assert counted(free, "M") == 1_000 * 13 * 2_678_400
    assert counted(free, "N_ledger") == 0
    assert bound(free).status is Status.FINITE
    assert bound(free).total > 1_000_000


def test_without_a_rate_cap_only_cloudfronts_quota_is_believed() -> None:
    uncapped = replace(FACE, rate_cap_rps=None)
    assert counted(uncapped, "N_gate") == 300_000 + 250_000 * (600 + 300 + 60 + 10 + 10 + 900)
    assert not bound(uncapped).fits(Decimal(1_000))


def test_the_firewalls_residual_at_cloudfronts_quota_is_the_facts_figure() -> None:
    # facts/bounds.md: 388,800 USD in 30 days at 250,000 requests a second; 31 days make 401,760
    flooded = replace(FACE, on_flood="stay_up", assumed=Assumed(flood_rps=250_000))
    assert bound(flooded).by_symbol()["R"] == Decimal(401_760)


def test_without_a_signature_gate_the_whole_flood_reaches_lambda() -> None:
    signed, open_gate = bound(FACE), bound(replace(FACE, gate=Gate(signed=False)))
    assert open_gate.by_symbol()["N_ledger·r"] > 30 * signed.by_symbol()["N_ledger·r"]
    assert bound(replace(FACE, gate=None)).by_symbol()["N_ledger·r"] > 30 * signed.by_symbol()["N_ledger·r"]


def test_without_a_store_the_guard_can_only_disconnect() -> None:
    # GIVEN no store THEN un-leased calls go on until the distribution is off (900 s) instead of closed (120 s)
    assert counted(FACE, "N_ledger") == 5_000 + 25 * (600 + 300 + 60 + 10 + 10 + 120)
    assert counted(replace(FACE, gate=Gate(store=False)), "N_ledger") == 5_000 + 25 * (600 + 300 + 60 + 10 + 10 + 900)
    # GIVEN no guard THEN nothing ends them
    assert counted(replace(FACE, guard=None), "N_ledger") == 25 * 2_678_400


def test_disconnect_without_a_guard_is_not_believed() -> None:
    unwatched = replace(FACE, guard=None)
    assert counted(unwatched, "R") == 1_000 * 2_678_400
    assert counted(unwatched, "N_gate") == counted(replace(unwatched, on_flood="stay_up"), "N_gate")


def test_on_a_plan_staying_up_costs_no_more() -> None:
    # GIVEN a flat-rate plan WHEN refused traffic may go on all month THEN the plan pays: the bound is the same
    planned = replace(FACE, plan="pro")
    assert bound(planned).total == bound(replace(planned, on_flood="stay_up")).total
    assert bound(planned).by_symbol()["R"] == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (replace(FACE, plan="free"), "plan 'free' has no key-value store"),
        (
            replace(FACE, plan="pro", firewall=Firewall(rules=26)),
            "plan 'pro' allows 25 firewall rules, the endpoint has 26",
        ),
        (replace(FACE, unpriced=("WAF Bot Control",)), "no price is known for WAF Bot Control"),
    ],
)
def test_what_contradicts_the_platform_is_unknown(changed: Endpoint, reason: str) -> None:
    computed = bound(changed)
    assert computed.status is Status.UNKNOWN
    assert computed.total == Decimal("Infinity")
    assert not computed.fits(Decimal(10**12))
    assert reason in computed.reasons[0]


def test_logs_kept_for_ever_are_infinite() -> None:
    forever = bound(replace(FACE, log_retention_days=None))
    assert forever.status is Status.INFINITE
    assert "retention" in forever.reasons[0]


def test_a_missing_price_is_unknown_and_named() -> None:
    computed = bound(FACE, default_prices().without("lambda_edge.duration"))
    assert computed.status is Status.UNKNOWN
    assert any("lambda_edge.duration" in reason for reason in computed.reasons)
    assert "UNKNOWN" in next(term for term in computed.terms if term.symbol == "M·m").lines[0].arithmetic


@pytest.mark.parametrize(
    ("price_class", "out", "fee"),
    [("PriceClass_100", ".085", ".0120"), ("PriceClass_200", ".120", ".0120"), ("PriceClass_All", ".120", ".0220")],
)
def test_the_dearest_region_of_the_price_class_counts(price_class: PriceClass, out: str, fee: str) -> None:
    lines = {line.name: line for line in bound(replace(FACE, price_class=price_class)).terms[1].lines}
    assert Decimal(lines["answer out"].arithmetic.rsplit(" * ", 1)[1]) == Decimal(out)
    assert Decimal(lines["request, HTTPS"].arithmetic.split(" * ")[1].split(" / ")[0]) == Decimal(fee)


def test_a_worker_with_nothing_before_it_is_infinite() -> None:
    bare = bound(replace(WORKER, front="none"))
    assert bare.status is Status.INFINITE
    assert "signed_rule" in bare.reasons[0]
    # GIVEN a spend policy of 30 USD THEN 100 million requests it buys, and an hour of the flood until it acts
    policed = replace(WORKER, front="none", spend_policy_usd=Decimal(30))
    assert counted(policed, "N_gate") == 100_000_000 + 1_000 * 3_600
    assert bound(policed).status is Status.FINITE


def test_a_worker_without_a_ledger_is_infinite() -> None:
    assert bound(replace(WORKER, daily_quota=None)).status is Status.INFINITE


def test_a_worker_that_stays_up_pays_for_signed_requests_all_month() -> None:
    assert counted(replace(WORKER, on_flood="stay_up"), "N_gate") == 25 * 2_678_400
    assert counted(replace(WORKER, guard=None), "N_ledger") == 25 * 2_678_400


def test_a_missing_cloudflare_price_is_unknown() -> None:
    for price_id in ("workers.logs.in", "workers.logs.event", "workers.request"):
        assert bound(WORKER, default_prices().without(price_id)).status is Status.UNKNOWN


def test_shared_resources_by_hand() -> None:
    # 3.00 dashboard; 10 MB table x (.25 + .20); 200 MB models x .023; 1,000 uploads x .005/1000; 310 GB x 5/TiB;
    # 4 alarms at .10 that ring 4,464 times each at .50/M and 20.00/M; 2 catalogue objects at 1.00 per 100,000; 310
    # queries: 2,500 objects at .0004/1000, 6 lists and results at .005/1000, 1 MB x .023, 4 catalogue calls at 1.00/M
    shared = shared_bound(StackShared(stack="prod", point_in_time_recovery=True))
    gib, tib = Decimal(2**30), Decimal(2**40)
    expected = (
        Decimal(3)
        + 10_000_000 / gib * Decimal("0.45")
        + 200_000_000 / gib * Decimal("0.023")
        + Decimal("0.005")
        + 310 * 1_000_000_000 / tib * 5
        + Decimal("0.40")
        + 4 * 4_464 * Decimal("20.5") / 1_000_000
        + Decimal("0.00002")
        + 310 * 2_500 * Decimal("0.0004") / 1_000
        + 310 * 6 * Decimal("0.005") / 1_000
        + 310 * 1_000_000 / gib * Decimal("0.023")
        + 310 * 4 / Decimal(1_000_000)
    )
    assert abs(shared.total - expected) < Decimal("1e-20")
    assert shared.total_usd == Decimal("5.52")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("daily_quota", -1, "daily_quota is -1, must be 0 or more"),
        ("timeout_s", 0, "timeout_s is 0, must be 1 or more"),
        ("lease", Lease(requests=0), "lease.requests is 0, must be 1 or more"),
        ("on_flood", "hope", "on_flood is 'hope', must be one of"),
        ("price_class", "PriceClass_7", "price_class is 'PriceClass_7'"),
        ("plan", "gold", "plan is 'gold'"),
    ],
)
def test_a_bad_description_is_refused(field: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(FACE, **{field: value})
