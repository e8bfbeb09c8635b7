"""CloudWatch's metrics on this machine: points in memory for the alarms, and their way to moto."""

from __future__ import annotations

import json
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud.requests import RequestJournal
from edgewise.local.cloud.seed import CLOUDWATCH

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.local.stack.homemodel import Metric

Key = tuple[str, str, frozenset[tuple[str, str]]]
# An hour of a metric at 0.1 s a minute; nobody asks for more.
MAX_POINTS: Final = 36_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Datum:
    """What was measured at a time; `values` with how often each was seen."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    time_s: float
    values: Sequence[tuple[float, int]]
    unit: str = "None"

    @property
    def key(self) -> Key:
        """What makes it one metric."""
        return self.namespace, self.name, frozenset(self.dimensions.items())

    def to_json(self) -> dict[str, Any]:
        """Return it as one of ``PutMetricData``'s; many values are summed up, since moto would keep each."""
        told = {
            "MetricName": self.name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
            "Timestamp": self.time_s,
            "Unit": self.unit,
        }
        if len(self.values) == 1 and self.values[0][1] == 1:
            return told | {"Value": self.values[0][0]}
        numbers = [value for value, _ in self.values]
        return told | {
            "StatisticValues": {
                "SampleCount": sum(count for _, count in self.values),
                "Sum": sum(value * count for value, count in self.values),
                "Minimum": min(numbers),
                "Maximum": max(numbers),
            }
        }

    @classmethod
    def from_json(cls, namespace: str, told: Mapping[str, Any]) -> Datum:
        """Read what `to_json` wrote; of values that were summed up, the greatest, the least and the mean are known."""
        values = [(float(told.get("Value", 0)), 1)]
        if several := told.get("Values"):
            counts = told.get("Counts") or [1] * len(several)
            values = [(float(value), int(count)) for value, count in zip(several, counts, strict=True)]
        if summed := told.get("StatisticValues"):
            count, rest = int(summed["SampleCount"]), float(summed["Sum"])
            ends = [float(summed["Minimum"]), float(summed["Maximum"])][: min(count, 2)]
            between = count - len(ends)
            values = [(value, 1) for value in ends]
            values += [((rest - sum(ends)) / between, between)] if between else []
        return cls(
            namespace=namespace,
            name=told["MetricName"],
            dimensions={entry["Name"]: entry["Value"] for entry in told.get("Dimensions", [])},
            time_s=float(told.get("Timestamp", 0)),
            values=values,
            unit=str(told.get("Unit", "None")),
        )


def requests_of(data: Sequence[Datum]) -> Iterator[dict[str, Any]]:
    """Yield the ``PutMetricData`` requests for some data, one a namespace."""
    for namespace in sorted({datum.namespace for datum in data}):
        yield {
            "Namespace": namespace,
            "MetricData": [datum.to_json() for datum in data if datum.namespace == namespace],
        }


@dataclass(slots=True)
class Series:
    """The points of all metrics, of each the last `MAX_POINTS`."""

    points: dict[Key, deque[Datum]] = field(default_factory=dict)

    def add(self, data: Sequence[Datum]) -> None:
        """Take in data."""
        for datum in data:
            self.points.setdefault(datum.key, deque(maxlen=MAX_POINTS)).append(datum)

    def load(self, journal: Path) -> None:
        """Take in what an earlier process sent to moto."""
        for request in RequestJournal.read(journal):
            if request.headers.get("X-AMZ-TARGET") == f"{CLOUDWATCH}.PutMetricData":
                told = json.loads(request.body)
                self.add([Datum.from_json(told["Namespace"], entry) for entry in told["MetricData"]])

    def statistic(self, metric: Metric, start_s: float, end_s: float) -> float | None:
        """Return a metric's statistic over a time, the end not in it; None when nothing was measured."""
        values: list[tuple[float, int]] = []
        key = (metric.namespace, metric.name, frozenset(metric.dimensions.items()))
        for datum in self.points.get(key, ()):
            if start_s <= datum.time_s < end_s:
                values += datum.values
        return _statistic(metric.statistic, values) if values else None


def _statistic(name: str, values: Sequence[tuple[float, int]]) -> float:
    count = sum(number for _, number in values)
    total = sum(value * number for value, number in values)
    simple = {
        "SampleCount": float(count),
        "Sum": total,
        "Average": total / count if count else 0.0,
        "Minimum": min(value for value, _ in values),
        "Maximum": max(value for value, _ in values),
    }
    if name in simple:
        return simple[name]
    return _percentile(float(name.removeprefix("p")), values, count)


def _percentile(percent: float, values: Sequence[tuple[float, int]], count: int) -> float:
    rank = max(1, math.ceil(percent / 100 * count))
    seen = 0
    for value, number in sorted(values):
        seen += number
        if seen >= rank:
            return value
    return max(value for value, _ in values)
