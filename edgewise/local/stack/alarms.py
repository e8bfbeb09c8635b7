"""Read CloudWatch alarms, in both of their forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgewise.local.stack.homemodel import Alarm, AlarmQuery, Metric
from edgewise.local.stack.imitation import REMEDY
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from edgewise.local.stack.resource import Resource


def read(resource: Resource) -> Alarm:
    """Read an alarm.

    Raises
    ------
    LocalEdgeError
        When not exactly one of its queries returns data.
    """
    queries = _queries(resource)
    if sum(query.returns for query in queries) != 1:
        raise LocalEdgeError(f"{resource.where}: exactly one of metricQueries must have returnData true. {REMEDY}")
    periods = resource.number("evaluationPeriods", 1)
    threshold = resource.inputs.get("threshold", 0)
    assert isinstance(threshold, int | float)
    return Alarm(
        name=resource.text("name"),
        arn=resource.text("arn"),
        description=resource.text("alarmDescription", ""),
        queries=queries,
        comparison=resource.text("comparisonOperator"),
        threshold=float(threshold),
        evaluation_periods=periods,
        datapoints_to_alarm=resource.number("datapointsToAlarm", 0) or periods,
        missing_data=resource.text("treatMissingData", "missing"),
        actions_enabled=resource.flag("actionsEnabled", default=True),
        alarm_actions=resource.texts("alarmActions"),
        ok_actions=resource.texts("okActions"),
        insufficient_data_actions=resource.texts("insufficientDataActions"),
    )


def _queries(resource: Resource) -> tuple[AlarmQuery, ...]:
    entries = resource.inputs.get("metricQueries") or []
    assert isinstance(entries, list)
    if not entries:
        metric = Metric(
            namespace=resource.text("namespace", ""),
            name=resource.text("metricName"),
            dimensions=_texts(resource.mapping("dimensions")),
            statistic=resource.text("statistic", "") or resource.text("extendedStatistic"),
            period_s=resource.number("period"),
            unit=resource.text("unit", ""),
        )
        return (AlarmQuery(id="m1", metric=metric, expression="", returns=True),)
    return tuple(
        AlarmQuery(
            id=str(entry["id"]),
            metric=_metric(entry["metric"]) if entry.get("metric") else None,
            expression=str(entry.get("expression") or ""),
            returns=bool(entry.get("returnData")),
            label=str(entry.get("label") or ""),
        )
        for entry in entries
    )


def _metric(block: Mapping[str, object]) -> Metric:
    dimensions = block.get("dimensions") or {}
    assert isinstance(dimensions, Mapping)
    return Metric(
        namespace=str(block.get("namespace") or ""),
        name=str(block["metricName"]),
        dimensions=_texts(dimensions),
        statistic=str(block["stat"]),
        period_s=int(str(block["period"]).split(".", 1)[0]),
        unit=str(block.get("unit") or ""),
    )


def _texts(block: Mapping[str, object]) -> dict[str, str]:
    return {str(key): str(value) for key, value in block.items()}
