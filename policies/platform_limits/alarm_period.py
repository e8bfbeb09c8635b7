"""An alarm's period is one that CloudWatch counts in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import ALARM
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._alarms import metrics
from policies.platform_limits._limits import (
    ALARM_AWS_PERIOD_S,
    ALARM_DAY_S,
    ALARM_HOUR_S,
    ALARM_SHORT_PERIODS_S,
    ALARM_WEEK_S,
)


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(ALARM) if any(one.period_s is not None for one in metrics(each))]


def _check(alarm: Resource, _: Config) -> Iterator[Violation]:
    periods = alarm.get("evaluationPeriods", default=1)
    for each in metrics(alarm):
        if each.period_s is None:
            continue
        period_s, watched_s = each.period_s, each.period_s * periods
        if period_s not in ALARM_SHORT_PERIODS_S and (period_s <= 0 or period_s % 60):
            yield Violation(alarm, f"period is {period_s:g} s, neither 10, 20, 30 nor a multiple of 60")
        elif period_s < ALARM_AWS_PERIOD_S and str(each.namespace).startswith("AWS/"):
            yield Violation(alarm, f"period is {period_s:g} s, {each.namespace} reports every 60 s")
        most_s = ALARM_WEEK_S if period_s >= ALARM_HOUR_S else ALARM_DAY_S
        if watched_s > most_s:
            yield Violation(alarm, f"{periods:g} periods of {period_s:g} s are {watched_s:g} s, at most {most_s}")


RULE: Final = Rule(
    id="alarm-period",
    what="An alarm's period is 10, 20, 30 or n x 60 s, not shorter than its metric's, and all its periods together are "
    "at most a day (a week from an hour's period up).",
    why="CloudWatch refuses the alarm, or it stays in INSUFFICIENT_DATA: what it was to ring for is never seen.",
    source="Amazon CloudWatch API Reference, PutMetricAlarm; User Guide, Alarm evaluation",
    fix="set period=60 or 300 and fewer evaluation_periods; no alarm can span a month: count in the ledger",
    subjects=_subjects,
    check=_check,
)
