"""An alarm stands where its metric and its actions are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import ALARM
from policies.core.regions import HOME_REGION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._alarms import metrics
from policies.platform_limits._edge import region_of
from policies.platform_limits._limits import ALARM_ACTIONS

_ACTIONS: Final = ("alarmActions", "okActions", "insufficientDataActions")
_GLOBAL: Final = "AWS/CloudFront"


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(ALARM) if any(each.props.get(key) for key in _ACTIONS) or _is_global(each)]


def _is_global(alarm: Resource) -> bool:
    return any(each.namespace == _GLOBAL for each in metrics(alarm))


def _check(alarm: Resource, _: Config) -> Iterator[Violation]:
    region = region_of(alarm)
    for each in metrics(alarm):
        if each.namespace == _GLOBAL and region != HOME_REGION:
            yield Violation(alarm, f"region is {region}, {_GLOBAL} reports in {HOME_REGION} alone")
        if each.namespace == _GLOBAL and each.dimensions.get("Region") != "Global":
            found = each.dimensions.get("Region", "missing")
            yield Violation(alarm, f"dimension Region is {found}, not Global", "add 'Region': 'Global' to dimensions")
    for key in _ACTIONS:
        found = alarm.props.get(key)
        told = found if isinstance(found, list) else alarm.linked(key)
        if len(told) > ALARM_ACTIONS:
            yield Violation(alarm, f"{len(told)} {key}, at most {ALARM_ACTIONS} are allowed")
        for where in sorted(_regions(alarm, key) - {region}):
            yield Violation(alarm, f"region is {region}, but {key} go to {where}")


def _regions(alarm: Resource, key: str) -> set[str]:
    found = {str(topic.known("region", default="")) for topic in alarm.linked(key, ":Topic")}
    arns = alarm.props.get(key)
    if isinstance(arns, list):
        found |= {each.split(":")[3] for each in arns if isinstance(each, str) and each.count(":") >= 5}
    return found - {""}


RULE: Final = Rule(
    id="alarm-region",
    what=f"An alarm lies in the Region of its actions, and one of {_GLOBAL} in {HOME_REGION} with the dimension "
    "Region=Global.",
    why="CloudWatch refuses actions of another Region; a CloudFront metric elsewhere, or without Region=Global, has no "
    "data, so the alarm never rings.",
    source="Amazon CloudFront Developer Guide, Get metrics using the API; aws-cdk#30483",
    fix=f"set region='{HOME_REGION}' on the alarm and on the topic that it speaks to",
    subjects=_subjects,
    check=_check,
)
