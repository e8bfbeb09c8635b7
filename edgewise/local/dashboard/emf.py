"""Reads CloudWatch's embedded metric format: one JSON object a log line, as settle prints it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inference import telemetry

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """What one object tells of a function, or of one digest of it.

    Attributes
    ----------
    digest : str
        Empty for figures of the whole function.
    numbers : dict
        By metric: a gauge's last value, a count's sum.
    latencies : dict
        Milliseconds → how often.
    """

    function: str
    digest: str
    numbers: dict[str, float] = field(default_factory=dict)
    latencies: dict[float, int] = field(default_factory=dict)


def read_emf(emf: Mapping[str, Any]) -> Metrics | None:
    """Read an object; None when its metrics are not this project's.

    Raises
    ------
    ValueError
        When it lacks the function, or a metric is no number and no list of values with their counts.
    """
    directives = emf.get("_aws", {}).get("CloudWatchMetrics", [])
    named = [
        metric["Name"]
        for directive in directives
        if directive.get("Namespace") == telemetry.NAMESPACE
        for metric in directive.get("Metrics", [])
    ]
    if not named:
        return None
    if telemetry.FUNCTION not in emf:
        raise ValueError(f"a metric object lacks the dimension {telemetry.FUNCTION!r}: it has {sorted(emf)}")
    found = Metrics(function=str(emf[telemetry.FUNCTION]), digest=str(emf.get(telemetry.DIGEST, "")))
    for name in named:
        values = _values(name, emf.get(name, []))
        if not values:
            continue
        if name == telemetry.LATENCY_MS:
            for value, number in values:
                found.latencies[value] = found.latencies.get(value, 0) + number
        elif name in telemetry.BY_FUNCTION:
            found.numbers[name] = values[-1][0]
        else:
            found.numbers[name] = sum(value * number for value, number in values)
    return found


def _values(name: str, told: Any) -> list[tuple[float, int]]:
    """Return values and how often each was seen, in any of the format's three forms."""
    try:
        if isinstance(told, dict):
            return [(float(v), int(n)) for v, n in zip(told["Values"], told["Counts"], strict=True)]
        if isinstance(told, list):
            return [(float(value), 1) for value in told]
        return [(float(told), 1)]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"metric {name!r} is {told!r}: it must be a number, a list of them, or Values with as many Counts"
        ) from error
