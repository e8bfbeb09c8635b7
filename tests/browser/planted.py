"""A collector with a quarter of an hour of traffic planted in it: two models, one of them failing."""

from __future__ import annotations

import math
import random
from decimal import Decimal
from typing import Any, Final

from edgewise.local.dashboard.collector import Collector
from edgewise.local.dashboard.function import FunctionFacts
from inference import telemetry

NOW_S: Final = 1_795_608_002.0  # 2026-11-25 12:00:02 UTC
STEP_S: Final = 5
STABLE: Final = "sha256:" + "3f9ac51d07be" + "0" * 52
CANARY: Final = "sha256:" + "b81e44c6a2f0" + "0" * 52
FACTS: Final = FunctionFacts(
    name="face-match",
    bound_usd=Decimal("39.09"),
    budget_usd=Decimal("45.00"),
    daily_quota=20_000,
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> float:
        return self.now_s


def empty(clock: Clock | None = None) -> Collector:
    """Return a collector that was told nothing."""
    return Collector(stack="local", functions=[FACTS], clock=clock or Clock())


def metrics(digest: str, *, answered: int, failed: int, latencies: dict[float, int] | None = None) -> dict[str, Any]:
    """Return what settle prints of one digest."""
    names = [{"Name": name} for name in telemetry.BY_DIGEST]
    dimensions = [[telemetry.FUNCTION, telemetry.DIGEST]]
    directive = {"Namespace": telemetry.NAMESPACE, "Dimensions": dimensions, "Metrics": names}
    told = latencies or {}
    return {
        "_aws": {"Timestamp": int(NOW_S * 1000), "CloudWatchMetrics": [directive]},
        telemetry.FUNCTION: FACTS.name,
        telemetry.DIGEST: digest,
        telemetry.ANSWERED: answered,
        telemetry.FAILED: failed,
        telemetry.LATENCY_MS: {"Values": list(told), "Counts": list(told.values())},
    }


def counter_item(*, left: int = 14_212, granted: int = 5_788, used: int = 5_611) -> dict[str, Any]:
    """Return the ledger's counter in DynamoDB's JSON."""
    numbers = {
        "day_remaining": left,
        "month_remaining": 361_400,
        "granted": granted,
        "used": used,
        "unspent": 41,
        "leases": 63,
        "receipts": 60,
    }
    return {
        "day": {"S": "2026-11-25"},
        "terms": {"S": "20000/400000/800000/200/400"},
        **{name: {"N": str(value)} for name, value in numbers.items()},
    }


def full(clock: Clock | None = None) -> Collector:
    """Return a collector with a quarter of an hour behind it: a rush, a canary since minute 7, a flood at the end."""
    told = empty(clock)
    rng = random.Random(6)
    state = {
        "requests": 0,
        "status_200": 0,
        "gate_refused": 0,
        "waf_blocked": 0,
        "bytes_in": 0,
        "bytes_out": 0,
    }
    steps = range(int(NOW_S) - 14 * 60, int(NOW_S), STEP_S)
    for number, second in enumerate(steps):
        share = number / len(steps)
        requests = round(STEP_S * (7 + 4 * math.sin(share * 9) + 6 * share + rng.uniform(-0.8, 0.8)))
        canary = round(requests * 0.1 + rng.uniform(-0.5, 0.5)) if share > 0.5 else 0
        _answer(told, second, STABLE, requests - canary, failed=int(rng.random() < 0.04), middle_ms=24, rng=rng)
        _answer(told, second, CANARY, canary, failed=min(canary, rng.randint(0, 2)), middle_ms=38, rng=rng)
        flood = round(STEP_S * rng.uniform(18, 24)) if 0.8 < share < 0.93 else 0
        state["requests"] += requests + flood
        state["status_200"] += requests
        state["gate_refused"] += rng.randint(0, 4)
        state["waf_blocked"] += flood
        state["bytes_in"] += requests * 68_400
        state["bytes_out"] += requests * 640
        told.note_counters(second, {"distributions": {FACTS.name: state}})
    told.note_ledger(NOW_S, FACTS.name, counter_item())
    told.note_metrics(NOW_S, committed(17.61))
    told.note_spent(FACTS.name, 14.68)
    _watch(told)
    return told


def committed(usd: float) -> dict[str, Any]:
    """Return what settle prints of the function."""
    directive = {"Namespace": telemetry.NAMESPACE, "Metrics": [{"Name": telemetry.COMMITTED_USD}]}
    return {
        "_aws": {"CloudWatchMetrics": [directive]},
        telemetry.FUNCTION: FACTS.name,
        telemetry.COMMITTED_USD: usd,
    }


def _answer(
    told: Collector, second: int, digest: str, requests: int, *, failed: int, middle_ms: float, rng: random.Random
) -> None:
    if requests == 0:
        return
    latencies: dict[float, int] = {}
    for _ in range(requests):
        latency_ms = round(rng.lognormvariate(math.log(middle_ms), 0.28), 1)
        latencies[latency_ms] = latencies.get(latency_ms, 0) + 1
    told.note_metrics(second, metrics(digest, answered=requests - failed, failed=failed, latencies=latencies))


def _watch(told: Collector) -> None:
    names = ("blocked", "errors", "missing-receipts", "guard", "ledger-throttles", "dead-letters", "settle-age")
    alarms = [
        {"name": f"edgewise-local-{name}", "state": "OK", "since_s": NOW_S - 700, "reason": "below"} for name in names
    ]
    reason = "Threshold Crossed: 1 datapoint [6140.0] was greater than the threshold (3000.0)."
    told.note_alarms([alarms[0] | {"state": "ALARM", "since_s": NOW_S - 120, "reason": reason}, *alarms[1:]])
    told.note_alert(
        NOW_S - 400,
        subject="face-match has used 50 % of today's quota",
        text="10,002 of 20,000 requests.\n\nNothing happens now. At 100 % it answers 429 until midnight UTC.",
        kind=telemetry.ALERT_QUOTA,
        function=FACTS.name,
    )
    told.note_alert(
        NOW_S - 118,
        subject="ALARM: edgewise-local-blocked",
        text=reason,
        kind="alarm",
        function=FACTS.name,
    )
