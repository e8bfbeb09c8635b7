"""The figures of one function: totals, series, and the same by the digest of the model."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.dashboard.ledger import Ledger
from edgewise.local.dashboard.timeline import Slot, Timeline, summed
from inference import telemetry

if TYPE_CHECKING:
    from decimal import Decimal

    from edgewise.local.dashboard.emf import Metrics

# A function has its model, a canary, and a few that it had before.
MAX_DIGESTS: Final = 8
_DECIMALS: Final = 3
_BY_DIGEST: Final = {telemetry.ANSWERED: "answered", telemetry.FAILED: "failed"}
_SERIES: Final = ("requests", "served", "answered", "failed", "refused", "blocked", "bytes_in", "bytes_out")
_TOTALS: Final = ("requests", "answered", "failed", "refused_gate", "blocked", "disabled", "bytes_in", "bytes_out")


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionFacts:
    """What is known of a function from its stack.

    Attributes
    ----------
    bound_usd, budget_usd : Decimal, optional
        The month's worst bill, and what its owner allows.
    daily_quota, monthly_quota : int, optional
        Requests; the ledger's own figures replace them with the first lease.
    """

    name: str
    bound_usd: Decimal | None = None
    budget_usd: Decimal | None = None
    daily_quota: int | None = None
    monthly_quota: int | None = None


@dataclass(kw_only=True, slots=True)
class FunctionFigures:
    """Takes in what is told of one function."""

    facts: FunctionFacts
    spent_usd: float | None = None
    committed_usd: float | None = None
    closed_until_s: float | None = None
    enabled: bool = True
    ledger: Ledger = field(default_factory=lambda: Ledger(limits={}, left={}))
    totals: Counter[str] = field(default_factory=Counter)
    timeline: Timeline = field(default_factory=Timeline)
    digests: dict[str, Timeline] = field(default_factory=dict)
    _before: Ledger | None = None

    def note_metrics(self, now_s: float, metrics: Metrics) -> None:
        """Take in settle's metrics of the function, or of one digest."""
        if telemetry.COMMITTED_USD in metrics.numbers:
            self.committed_usd = metrics.numbers[telemetry.COMMITTED_USD]
        counts = {name: int(metrics.numbers.get(metric, 0)) for metric, name in _BY_DIGEST.items()}
        self.totals.update(counts)
        timelines = [self.timeline, self._digest(metrics.digest)] if metrics.digest else [self.timeline]
        for timeline in timelines:
            timeline.add(now_s, counts)
            for latency_ms, number in metrics.latencies.items():
                timeline.at(now_s).latency_ms.add(latency_ms, number)

    def note_counters(self, now_s: float, added: dict[str, int]) -> None:
        """Take in what the gateway's counters grew by."""
        self.totals.update(added)
        self.timeline.add(now_s, added | {"refused": added["refused_gate"] + added["disabled"]})

    def note_ledger(self, ledger: Ledger) -> None:
        """Take in the counter item."""
        self._before = self._before or ledger
        self.ledger = ledger

    def _digest(self, digest: str) -> Timeline:
        """Return a digest's timeline, the one that was told of last at the end."""
        timeline = self.digests.pop(digest, None) or Timeline()
        self.digests[digest] = timeline
        while len(self.digests) > MAX_DIGESTS:
            del self.digests[next(iter(self.digests))]
        return timeline

    def to_json(self, now_s: float, *, day: str, span_s: int, step_s: int) -> dict[str, Any]:
        """Return the figures as a JSON object."""
        facts, steps = self.facts, self.timeline.steps(now_s, span_s=span_s, step_s=step_s)
        window = summed(steps)
        return {
            "name": facts.name,
            "bound_usd": _usd(facts.bound_usd),
            "budget_usd": _usd(facts.budget_usd),
            "spent_usd": self.spent_usd,
            "committed_usd": self.committed_usd,
            "quota": self._quota(day),
            "totals": self._totals(),
            "window": {
                **{name: window.counts[name] for name in _SERIES},
                "success": _success(window.counts),
                **_latency(window),
            },
            "series": _series(steps),
            "digests": self._digests(now_s, [slot.start_s for slot in steps], span_s=span_s, step_s=step_s),
            "unaccounted": self.ledger.unaccounted,
            "missing_receipts": self.ledger.missing_receipts,
            "closed_until_s": self.closed_until_s if (self.closed_until_s or 0) > now_s else None,
            "enabled": self.enabled,
        }

    def _quota(self, day: str) -> dict[str, dict[str, int | None]]:
        limits = {"day": self.facts.daily_quota, "month": self.facts.monthly_quota} | self.ledger.limits
        left = limits | self.ledger.left_on(day)
        return {name: {"limit": limits[name], "left": left[name]} for name in ("day", "month")}

    def _totals(self) -> dict[str, Any]:
        told = {name: self.totals[name] for name in _TOTALS}
        return told | {"refused_ledger": self._refused_at_ledger(), "success": _success(self.totals)}

    def _refused_at_ledger(self) -> int:
        """Return calls outside any lease, at least: those that no lease, told or not told of yet, can have held."""
        before = self._before or self.ledger
        held = self.ledger.used - before.used + self.ledger.unaccounted
        return max(0, self.totals["invocations"] - held)

    def _digests(self, now_s: float, axis: list[int], *, span_s: int, step_s: int) -> list[dict[str, Any]]:
        """Return the figures by digest, on the function's own steps, so that all lines share one axis."""
        steps = {
            digest: timeline.steps(now_s, span_s=span_s, step_s=step_s) for digest, timeline in self.digests.items()
        }
        windows = {digest: summed(slots) for digest, slots in steps.items()}
        told = {digest: slot.counts["answered"] + slot.counts["failed"] for digest, slot in windows.items()}
        everything = sum(told.values())
        return [
            {
                "digest": digest,
                "answered": windows[digest].counts["answered"],
                "failed": windows[digest].counts["failed"],
                "success": _success(windows[digest].counts),
                "share": round(told[digest] / everything, 6),
                **_latency(windows[digest]),
                "series": _series(_on(axis, steps[digest])),
            }
            for digest in sorted(told, key=lambda digest: -told[digest])
            if told[digest]
        ]


def _on(axis: list[int], steps: list[Slot]) -> list[Slot]:
    by_start = {slot.start_s: slot for slot in steps}
    return [by_start.get(start, Slot(start_s=start)) for start in axis]


def _series(steps: list[Slot]) -> dict[str, list[float | None]]:
    latencies = [_latency(slot) for slot in steps]
    return {
        "t": [slot.start_s for slot in steps],
        **{name: [slot.counts[name] for slot in steps] for name in _SERIES},
        **{name: [latency[name] for latency in latencies] for name in ("p50_ms", "p99_ms")},
    }


def _latency(slot: Slot) -> dict[str, float | None]:
    p50, p99 = (None if value is None else round(value, _DECIMALS) for value in slot.latency_ms.quantiles(0.5, 0.99))
    return {"p50_ms": p50, "p99_ms": p99}


def _success(counts: Counter[str]) -> float | None:
    """Return the share of the requests let in that were answered; None before the first."""
    told = counts["answered"] + counts["failed"]
    return round(counts["answered"] / told, 6) if told else None


def _usd(amount: Decimal | None) -> float | None:
    """Return an amount for JSON, which has no word for infinite."""
    return float(amount) if amount is not None and amount.is_finite() else None
