"""Alarms: when they ring, what they say, that they say it once; metric math; the metrics behind them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from edgewise.local.home.alarming import Alarming
from edgewise.local.home.alarmstate import ALARM, INSUFFICIENT_DATA, OK, check_alarm, next_state, recent_values
from edgewise.local.home.cloudclient import CloudClient
from edgewise.local.home.expressions import check_expression, evaluate
from edgewise.local.home.memory import Memory
from edgewise.local.home.metrics import Datum, Series, requests_of
from edgewise.local.stack.homemodel import Alarm, AlarmQuery, Metric
from edgewise.local.stack.model import LocalEdgeError

TOPIC = "arn:aws:sns:us-east-1:000000000000:alerts"
METRIC = Metric(namespace="AWS/WAFV2", name="BlockedRequests", dimensions={"Rule": "ALL"}, statistic="Sum", period_s=60)


def alarm(*, periods: int = 3, points: int = 3, missing: str = "missing", **changes: Any) -> Alarm:
    made = Alarm(
        name="blocked",
        arn="arn:aws:cloudwatch:us-east-1:000000000000:alarm:blocked",
        description="What to do.",
        queries=(AlarmQuery(id="m1", metric=METRIC, expression="", returns=True),),
        comparison="GreaterThanThreshold",
        threshold=5.0,
        evaluation_periods=periods,
        datapoints_to_alarm=points,
        missing_data=missing,
        actions_enabled=True,
        alarm_actions=(TOPIC,),
        ok_actions=(),
        insufficient_data_actions=(),
    )
    return replace(made, **changes)


def datum(value: float, time_s: float, *, name: str = "BlockedRequests", count: int = 1) -> Datum:
    return Datum(namespace="AWS/WAFV2", name=name, dimensions={"Rule": "ALL"}, time_s=time_s, values=[(value, count)])


KEEP = "the state before"
BY_POINTS = {"X": 9.0, "0": 1.0, "-": None}


# After the two tables of the CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
@pytest.mark.parametrize(
    ("points_to_alarm", "points", "missing", "ignore", "breaching", "not_breaching"),
    [
        (3, "0-X-X", OK, OK, OK, OK),
        (3, "----0", OK, OK, OK, OK),
        (3, "-----", INSUFFICIENT_DATA, KEEP, ALARM, OK),
        (3, "0XX-X", ALARM, ALARM, ALARM, ALARM),
        (3, "--X--", ALARM, KEEP, ALARM, OK),
        (2, "0-X-X", ALARM, ALARM, ALARM, ALARM),
        (2, "00X0X", ALARM, ALARM, ALARM, ALARM),
        (2, "0-X--", OK, OK, ALARM, OK),
        (2, "----0", OK, OK, ALARM, OK),
        (2, "---X-", ALARM, KEEP, ALARM, OK),
    ],
)
def test_missing_data_is_treated_as_told(
    *, points_to_alarm: int, points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    values = [BY_POINTS[point] for point in points]
    expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}

    for treatment, state in expected.items():
        for before in (OK, ALARM, INSUFFICIENT_DATA):
            found = next_state(alarm(points=points_to_alarm, missing=treatment), before, values)
            assert found == (before if state == KEEP else state), (treatment, before)


@pytest.mark.parametrize(
    ("comparison", "at", "above", "below"),
    [
        ("GreaterThanThreshold", OK, ALARM, OK),
        ("GreaterThanOrEqualToThreshold", ALARM, ALARM, OK),
        ("LessThanThreshold", OK, OK, ALARM),
        ("LessThanOrEqualToThreshold", ALARM, OK, ALARM),
    ],
)
def test_each_comparison(comparison: str, at: str, above: str, below: str) -> None:
    one = alarm(periods=1, points=1, comparison=comparison)

    assert [next_state(one, OK, [value]) for value in (5.0, 5.1, 4.9)] == [at, above, below]


def test_values_are_those_of_whole_periods_on_a_scaled_clock() -> None:
    # GIVEN minutes of two seconds, and points in three of them
    series = Series()
    series.add([datum(1, 100.0), datum(2, 101.9), datum(4, 102.0), datum(8, 106.0), datum(16, 108.0)])

    # WHEN it is 108.5 THEN the last five whole minutes are looked at, the one under way is not
    assert recent_values(alarm(), series, now_s=108.5, period_s=2.0) == [None, 3.0, 4.0, None, 8.0]


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [("Sum", 110.0), ("Average", 11.0), ("Minimum", 1.0), ("Maximum", 20.0), ("SampleCount", 10.0), ("p50", 10.0)],
)
def test_each_statistic(statistic: str, expected: float) -> None:
    series = Series()
    series.add([datum(1, 1.0), datum(10, 2.0, count=5), datum(20, 3.0, count=2), datum(9.5, 4.0, count=2)])

    assert series.statistic(replace(METRIC, statistic=statistic), 0.0, 60.0) == expected


def test_a_metric_of_other_dimensions_is_another() -> None:
    series = Series()
    series.add([datum(1, 1.0)])

    assert series.statistic(replace(METRIC, dimensions={}), 0.0, 60.0) is None
    assert series.statistic(replace(METRIC, namespace="AWS/Other"), 0.0, 60.0) is None


def test_many_values_go_to_moto_as_their_sum() -> None:
    several = Datum(namespace="N", name="m", dimensions={"F": "x"}, time_s=1.0, values=[(1.0, 2), (5.0, 1), (3.0, 4)])

    (request,) = requests_of([several])

    (told,) = request["MetricData"]
    assert told["StatisticValues"] == {"SampleCount": 7, "Sum": 19.0, "Minimum": 1.0, "Maximum": 5.0}
    again = Datum.from_json("N", told)
    assert sum(value * count for value, count in again.values) == 19.0
    assert sum(count for _, count in again.values) == 7


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1 + m2 * 2", 16.0),
        ("(m1 + m2) / 2", 5.0),
        ("m1 - m2", -2.0),
        ("-m1", -4.0),
        ("m1 / 0", None),
        ("m1 + none", None),
        ("m1 + FILL(none, 0)", 4.0),
        ("FILL(m1, 0)", 4.0),
        ("SUM([m1, m2, none])", 10.0),
        ("SUM([none])", None),
        ("100 * m1 / SUM([m1, m2])", 40.0),
    ],
)
def test_metric_math(expression: str, expected: float | None) -> None:
    ids = frozenset({"m1", "m2", "none"})
    check_expression(expression, ids, where="alarm")

    assert evaluate(expression, {"m1": 4.0, "m2": 6.0, "none": None}) == expected


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("m1 +", "can't be read"),
        ("m3", "no id"),
        ("METRICS()", "METRICS"),
        ("AVG([m1])", "AVG"),
        ("m1 ** 2", r"m1 \*\* 2"),
        ("IF(m1 > 2, 1, 0)", "IF"),
        ("FILL(m1, LINEAR)", "FILL"),
        ("__import__('os')", "import"),
        ("'text'", "text"),
    ],
)
def test_other_metric_math_is_refused_by_name(expression: str, words: str) -> None:
    with pytest.raises(LocalEdgeError, match=words):
        check_expression(expression, frozenset({"m1"}), where="alarm")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"comparison": "GreaterThanUpperThreshold"}, "comparisonOperator"),
        ({"missing": "other"}, "treatMissingData"),
        ({"queries": (AlarmQuery(id="e1", metric=None, expression="m9", returns=True),)}, "m9"),
        ({"queries": (AlarmQuery(id="e1", metric=None, expression="1", returns=True),)}, "one period"),
    ],
)
def test_an_alarm_that_is_not_evaluated_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LocalEdgeError, match=words):
        check_alarm(alarm(**changes))


def test_an_alarm_over_an_expression_rings() -> None:
    # GIVEN a share of two metrics; expressions may stand on expressions, in any order
    errors = replace(METRIC, name="Errors")
    queries = (
        AlarmQuery(id="share", metric=None, expression="100 * filled / m1", returns=True),
        AlarmQuery(id="filled", metric=None, expression="FILL(m2, 0)", returns=False),
        AlarmQuery(id="m1", metric=METRIC, expression="", returns=False),
        AlarmQuery(id="m2", metric=errors, expression="", returns=False),
    )
    one = alarm(periods=1, points=1, queries=queries)
    check_alarm(one)
    series = Series()
    series.add([datum(50, 60.0), datum(10, 60.0, name="Errors"), datum(40, 120.0)])

    values = recent_values(one, series, now_s=180.0, period_s=60.0)

    assert values == [None, 20.0, 0.0]


class Topics:
    """Stands for the client of the cloud: takes messages unless it is down."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.states: list[dict[str, str]] = []

    async def publish(self, topic_arn: str, *, subject: str, text: str, once: str) -> None:
        self.messages.append({"topic": topic_arn, "subject": subject, "text": text, "once": once})

    async def call(self, service: str, target: str, request: dict[str, str], *, once: str = "") -> dict[str, Any]:
        assert (service, target.rpartition(".")[2], bool(once)) == ("monitoring", "SetAlarmState", True)
        self.states.append(request)
        return {}


def alarming(folder: Path, series: Series, topics: Topics, *alarms: Alarm) -> Alarming:
    return Alarming(alarms=alarms, series=series, client=cast("CloudClient", topics), memory=Memory(folder))


async def tell(told: Alarming) -> None:
    """Do what `run` does, once."""
    while told._untold:
        await told._tell(told._untold[0])
        told._untold.pop(0)
        told._keep()


async def test_a_change_is_told_once_also_by_the_next_process(tmp_path: Path) -> None:
    # GIVEN an alarm that rings
    series, topics = Series(), Topics()
    one = alarm(periods=1, points=1, missing="notBreaching")
    first = alarming(tmp_path, series, topics, one)
    series.add([datum(9, 60.0)])
    first.evaluate(120.0, seconds_per_minute=60.0)
    first.evaluate(130.0, seconds_per_minute=60.0)

    # WHEN the process dies before it has told, and another takes over
    second = alarming(tmp_path, series, topics, one)
    second.evaluate(135.0, seconds_per_minute=60.0)
    await tell(second)
    third = alarming(tmp_path, series, topics, one)
    third.evaluate(140.0, seconds_per_minute=60.0)
    await tell(third)

    # THEN it was told once, in CloudWatch's words, and moto's own state is in step
    (message,) = topics.messages
    assert message["topic"] == TOPIC
    assert message["subject"] == 'ALARM: "blocked" in US East (N. Virginia)'
    told = json.loads(message["text"])
    assert (told["OldStateValue"], told["NewStateValue"]) == (INSUFFICIENT_DATA, ALARM)
    assert told["StateChangeTime"] == "1970-01-01T00:02:00.000+0000"
    assert told["AlarmDescription"] == "What to do."
    assert told["Trigger"]["Threshold"] == 5.0
    assert told["Trigger"]["Dimensions"] == [{"name": "Rule", "value": "ALL"}]
    assert topics.states == [{"AlarmName": "blocked", "StateValue": ALARM, "StateReason": told["NewStateReason"]}]
    assert third.to_json()[0]["state"] == ALARM
    assert third.to_json()[0]["since_s"] == 120.0


async def test_an_alarm_without_actions_only_changes(tmp_path: Path) -> None:
    series, topics = Series(), Topics()
    silent = alarming(tmp_path, series, topics, alarm(periods=1, points=1, actions_enabled=False))
    series.add([datum(9, 60.0)])

    silent.evaluate(120.0, seconds_per_minute=60.0)
    await tell(silent)

    assert silent.to_json()[0]["state"] == ALARM
    assert topics.messages == []
