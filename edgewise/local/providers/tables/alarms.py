"""CloudWatch's alarms and dashboards (facts/resources.md, 4)."""

import json
from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import AutoName, Behaviour, Limit, Output, Refusal, at, known, one_of
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

ACTIONS = ("alarmActions", "okActions", "insufficientDataActions")
MAX_ACTIONS = 5  # B: cloudwatch ResourceList
SHORT_PERIODS_S = (10, 20, 30)  # B: and any multiple of 60
COMPARISONS = (
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
)


def _one_measure(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from one_of("statistic", inputs, ("statistic", "extendedStatistic", "metricQueries", "evaluationCriteria"))


def _period(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for path in ("period", "metricQueries[].period", "metricQueries[].metric.period"):
        for where, period in at(inputs, path):
            if period not in SHORT_PERIODS_S and (period <= 0 or period % 60):
                yield Failure(path=where, reason=f"{period} s is neither 10, 20, 30 nor a multiple of 60")


def _same_region(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse actions of another region (u)."""
    if not known(inputs, "region"):
        return
    for name in ACTIONS:
        for path, arn in at(inputs, f"{name}[]"):
            region = arn.split(":")[3] if arn.count(":") >= 4 else inputs["region"]
            if region not in ("", inputs["region"]):
                reason = f"Invalid region {region} specified. Only {inputs['region']} is supported. ({arn})"
                yield Failure(path=path, reason=reason)


def _body(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs["dashboardBody"] == UNKNOWN:
        return
    try:
        json.loads(str.__str__(inputs["dashboardBody"]))
    except ValueError as error:
        yield Failure(path="dashboardBody", reason=f"contains an invalid JSON: {error}")


TABLE: Mapping[str, Behaviour] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": Behaviour(
        id="{name}",
        auto_name=AutoName(max_length=255),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        outputs={
            "arn": Output(make="arn:aws:cloudwatch:{region}:{account}:alarm:{name}"),
            "evaluateLowSampleCountPercentiles": Output(make=""),
        },
        replaces=frozenset({"name", "region"}),
        unordered=frozenset({*ACTIONS, "metricQueries"}),
        limits=(
            Limit(path="name", min_length=1, max_length=255, source="B: cloudwatch AlarmName"),
            Limit(path="comparisonOperator", one_of=COMPARISONS, source="B: ComparisonOperator"),
            Limit(
                path="statistic",
                one_of=("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
                source="B: Statistic",
            ),
            Limit(
                path="treatMissingData",
                one_of=("breaching", "notBreaching", "ignore", "missing"),
                source="T: schema",
            ),
            Limit(path="evaluationPeriods", minimum=1, source="B: EvaluationPeriods"),
            Limit(path="datapointsToAlarm", minimum=1, source="B: DatapointsToAlarm"),
            *(Limit(path=name, max_length=MAX_ACTIONS, source="B: ResourceList") for name in ACTIONS),
        ),
        rules=(_one_measure, _period),
        refusals=(Refusal(error="ValidationError", rule=_same_region),),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Behaviour(
        id="{dashboardName}",
        outputs={"dashboardArn": Output(make="arn:aws:cloudwatch::{account}:dashboard/{dashboardName}")},
        replaces=frozenset({"dashboardName", "region"}),
        documents=frozenset({"dashboardBody"}),
        limits=(Limit(path="dashboardName", pattern=r"[a-zA-Z0-9-_]{1,255}", source="T: validDashboardName"),),
        rules=(_body,),
    ),
}
