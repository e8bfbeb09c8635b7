"""Endpoints for simulations: the shipped form, and any other that an owner might write."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import Any

from edgewise.cost.bound.endpoint import Allowance, Assumed, Endpoint, Firewall, Guard, Lease, Settle
from edgewise.cost.simulate import Month

# The function that the stacks ship, at the description's own defaults.
FACE_MATCH: dict[str, Any] = {
    "function": "face-match",
    "memory_mb": 512,
    "timeout_s": 3,
    "daily_quota": 20_000,
    "ms_per_request": 40,
    "rate_cap_rps": 20,
    "request_bytes": 67_500,
    "model_bytes": 2_000_000,
}


def face_match(**changed: Any) -> Endpoint:
    return Endpoint(**{**FACE_MATCH, **changed})


def drawn_month(seed: int) -> Month:
    """Draw a month of 28 to 31 days."""
    rng = Random(f"month {seed}")
    return Month(rng.randint(2026, 2032), rng.randint(1, 12))


def drawn_endpoint(seed: int) -> Endpoint:
    """Draw an endpoint: any setting that an owner might write, so that a month has at most some 12,000 leases."""
    rng = Random(f"endpoint {seed}")
    lease = rng.choice([1, 5, 20, 50, 50, 50, 200])
    daily = int(lease * 10 ** rng.uniform(0, 2.6)) + rng.randint(0, lease)
    flood_rps = rng.choice([100, 1_000, 1_000, 5_000])
    return Endpoint(
        function=f"drawn-{seed}",
        memory_mb=rng.choice([128, 256, 512, 1_024, 3_008]),
        timeout_s=rng.choice([1, 3, 5, 30]),
        daily_quota=daily,
        monthly_quota=rng.choice([None, None, daily, daily * rng.randint(2, 40)]),
        ms_per_request=rng.choice([None, 5, 40, 200, 1_000]),
        rate_cap_rps=rng.choice([Decimal(1), Decimal(5), Decimal("7.5"), Decimal(20), Decimal(100)]),
        request_bytes=rng.choice([1_000, 67_500, 900_000]),
        model_bytes=rng.choice([0, 100_000, 3_000_000, 40_000_000]),
        cold_grants_daily=rng.choice([None, None, 5, 100]),
        renewals_daily=rng.choice([None, None, 5, 100]),
        on_flood=rng.choice(["disconnect", "disconnect", "stay_up"]),
        plan=rng.choice(["none", "none", "none", "pro", "premium"]),
        price_class=rng.choice(["PriceClass_100", "PriceClass_200", "PriceClass_All"]),
        answer_bytes=rng.choice([512, 2_048, 100_000]),
        model_attempts=rng.randint(1, 3),
        log_bytes=rng.choice([512, 2_048, 8_192]),
        log_retention_days=rng.choice([1, 14, 30, 60, 400]),
        access_log_bytes=rng.choice([0, 0, 500]),
        alarms=rng.randint(0, 12),
        subscribers=rng.randint(0, 3),
        lease=Lease(requests=lease, seconds=rng.choice([60, 600, 900]), attempts=rng.randint(1, 3)),
        firewall=Firewall(
            rules=rng.randint(2, 5),
            window_s=rng.choice([60, 120, 300, 600]),
            capacity_units=rng.choice([500, 1_500, 2_200]),
        ),
        settle=Settle(retries=rng.randint(0, 4), timeout_s=rng.choice([3, 10, 30])),
        guard=Guard(interval_s=rng.choice([60, 300, 900]), timeout_s=rng.choice([10, 30])),
        allowance=Allowance(
            firewall=rng.choice([10_000, 1_000_000]),
            gate=rng.choice([5_000, 300_000]),
            ledger=rng.choice([100, 5_000]),
        ),
        assumed=Assumed(
            flood_rps=flood_rps,
            signed_flood_rps=min(flood_rps, rng.choice([5, 25, 100])),
            firewall_s=rng.choice([60, 120, 300]),
            store_s=rng.choice([60, 120]),
            metrics_s=rng.choice([120, 600]),
            disable_s=rng.choice([300, 900]),
        ),
    )
