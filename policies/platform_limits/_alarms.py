"""What an alarm watches, whether it names one metric or a list of queries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.core.resource import UNKNOWN, Resource


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric; `dimensions` may hold values that are not known."""

    namespace: str | None
    period_s: float | None
    dimensions: dict[str, Any]


def metrics(alarm: Resource) -> Iterator[Metric]:
    """Return an alarm's metrics.

    Raises
    ------
    UnknownValueError
    """
    if alarm.get("metricName"):
        yield Metric(alarm.get("namespace"), alarm.get("period"), alarm.get("dimensions", default={}))
    for query in alarm.get("metricQueries", default=()):
        metric = alarm.sure(query, "metricQueries").get("metric")
        if metric and metric is not UNKNOWN:
            yield Metric(metric.get("namespace"), metric.get("period"), metric.get("dimensions") or {})
