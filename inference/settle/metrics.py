"""CloudWatch metrics in the embedded metric format: JSON lines on stdout, which Lambda's log carries to CloudWatch.

Receipts are merged by function and digest, so a batch writes few lines whatever its size. A line of one receipt and
one of its function fit what the bound allows a run to log.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from inference import telemetry
from inference.settle.committed import committed_usd
from inference.settle.levels import used_percent
from inference.sketch import Sketch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inference.settle.committed import Terms
    from inference.settle.decode import Change

# "A metric target ... array MUST NOT be longer than 100": AWS, CloudWatch, "Embedded metric format".
MAX_VALUES: Final = 100
# `Settle.log_bytes` of the bound is 2,048 a run: two lines, Lambda's own three, and 26 bytes that the service adds to
# each of them.
MAX_LINE_BYTES: Final = 1_000


def lines(changes: Iterable[Change], terms: Mapping[str, Terms], *, now_s: float) -> list[str]:
    """Return the lines that tell of some changes.

    Parameters
    ----------
    changes : iterable of Change
        In the stream's order.
    terms : mapping
        By function, as `inference.settle.committed.read_terms` returns them.
    now_s : float
        Unix time in seconds.
    """
    newest: dict[str, Change] = {}
    by_digest: dict[tuple[str, str], _Merged] = {}
    for change in changes:
        newest[change.function] = change
        if change.receipt and change.receipt.digest:
            merged = by_digest.setdefault((change.function, change.receipt.digest), _Merged())
            answered = change.receipt.outcomes.get("ok", 0)
            merged.answered += answered
            merged.failed += change.receipt.used - answered
            merged.latency_ms.merge(change.receipt.sketches["latency_ms"])
    told = [merged.line(function, digest, now_s) for (function, digest), merged in by_digest.items()]
    return told + [_of_function(change, terms.get(function), now_s) for function, change in newest.items()]


class _Merged:
    """What receipts of one function and digest say together."""

    def __init__(self) -> None:
        self.answered = 0
        self.failed = 0
        self.latency_ms = Sketch()

    def line(self, function: str, digest: str, now_s: float) -> str:
        """Return the line, its latencies coarser where it would be too long."""
        names = {telemetry.FUNCTION: function, telemetry.DIGEST: digest}
        values: dict[str, tuple[str, Any]] = {
            telemetry.ANSWERED: ("Count", self.answered),
            telemetry.FAILED: ("Count", self.failed),
        }
        while len(self.latency_ms):
            latency = _distribution(self.latency_ms)
            text = _line(names, values | {telemetry.LATENCY_MS: ("Milliseconds", latency)}, now_s)
            if len(latency["Values"]) <= MAX_VALUES and len(text) <= MAX_LINE_BYTES:
                return text
            self.latency_ms.join(self.latency_ms.joined + 1)
        return _line(names, values, now_s)


def _distribution(sketch: Sketch) -> dict[str, list[float]]:
    """Return a sketch as values with counts; each value stands for its bucket within the sketch's error."""
    middle = 2 / (sketch.gamma + 1)
    pairs = [(float(f"{middle * sketch.gamma**index:.3g}"), sketch.buckets[index]) for index in sorted(sketch.buckets)]
    if sketch.zeros:
        pairs.insert(0, (0.0, sketch.zeros))
    return {"Values": [value for value, _ in pairs], "Counts": [count for _, count in pairs]}


def _of_function(change: Change, terms: Terms | None, now_s: float) -> str:
    counter = change.after
    used = max(used_percent(counter, "day"), used_percent(counter, "month"))
    values: dict[str, tuple[str, Any]] = {
        telemetry.QUOTA_USED_PERCENT: ("Percent", round(float(used), 2)),
        telemetry.UNACCOUNTED_REQUESTS: ("Count", max(counter.granted - counter.used - counter.unspent, 0)),
    }
    if terms:
        values[telemetry.COMMITTED_USD] = ("None", round(float(committed_usd(counter, terms)), 4))
    return _line({telemetry.FUNCTION: change.function}, values, now_s)


def _line(names: dict[str, str], values: dict[str, tuple[str, Any]], now_s: float) -> str:
    directive = {
        "Namespace": telemetry.NAMESPACE,
        "Dimensions": [list(names)],
        "Metrics": [{"Name": name, "Unit": unit} for name, (unit, _) in values.items()],
    }
    told = {
        "_aws": {"Timestamp": int(now_s * 1000), "CloudWatchMetrics": [directive]},
        **names,
        **{name: value for name, (_, value) in values.items()},
    }
    return json.dumps(told, separators=(",", ":"))
