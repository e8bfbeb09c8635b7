"""What rings for an endpoint: its alarms, its budget, and how many people each message goes to."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from policies.bounded_spend._values import whole
from policies.bounded_spend._watching import alarms_about
from policies.core.endpoint import ALARM, BUDGET, SUBSCRIPTION, InferenceEndpoint, endpoints
from policies.core.resource import Resource, Stack

FUNCTION_TAG: Final = "edgewise:function"
# An actual level is told once a month, a forecast at every second of three updates a day: 31 x 3 / 2, rounded up.
# AWS, Managing your costs with AWS Budgets.
FORECASTS: Final = 47
_ACTIONS: Final = ("alarmActions", "okActions", "insufficientDataActions")
# CloudWatch, PutMetricAlarm: a period of less costs more.
STANDARD_PERIOD_S: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Bells:
    """Alarms as the bound counts them.

    Attributes
    ----------
    alarms : int
        Metrics that alarms watch: each is paid.
    period_s : int
        The shortest period, divided by how many messages one change of state sends.
    """

    alarms: int
    period_s: int
    resources: tuple[Resource, ...]


def bells_of(endpoint: InferenceEndpoint) -> Bells:
    """Count the alarms about an endpoint's own resources, and those that carry its function's tag."""
    own = (endpoint.distribution, *endpoint.functions, *endpoint.guards, *filter(None, (endpoint.web_acl,)))
    about = {id(alarm): alarm for each in own for alarm in alarms_about(endpoint.stack, each)}
    name = endpoint.name
    for alarm in endpoint.stack.of(ALARM):
        if name is not None and alarm.known("tags", FUNCTION_TAG) == name:
            about[id(alarm)] = alarm
    return _counted(tuple(about.values()))


def shared_bells(stack: Stack) -> Bells:
    """Count the alarms that are about no endpoint of their own."""
    own = {id(alarm) for endpoint in endpoints(stack) for alarm in bells_of(endpoint).resources}
    return _counted(tuple(alarm for alarm in stack.of(ALARM) if id(alarm) not in own))


def _counted(alarms: tuple[Resource, ...]) -> Bells:
    return Bells(
        alarms=sum(max(1, len(alarm.known("metricQueries", default=()))) for alarm in alarms),
        period_s=min((_period_s(alarm) for alarm in alarms), default=300),
        resources=alarms,
    )


def _period_s(alarm: Resource) -> int:
    messages = sum(len(alarm.get(key, default=())) for key in _ACTIONS)
    return max(1, whole(alarm, "period", default=STANDARD_PERIOD_S) // max(1, messages))


def subscribers(stack: Stack, *speaking: Resource) -> int:
    """Return how many people the topics of some resources write to; of the topic with most, where there are several."""
    keys = (*_ACTIONS, "notifications", "environment")
    topics = {id(topic): topic for each in speaking for key in keys for topic in each.linked(key, ":Topic")}
    return max((len(stack.users(topic, SUBSCRIPTION, key="topic")) for topic in topics.values()), default=0)


def budgets_of(endpoint: InferenceEndpoint) -> list[Resource]:
    """Return the monthly budgets in USD that count what carries the function's tag."""
    name = endpoint.name
    return [
        each
        for each in endpoint.stack.of(BUDGET)
        if name is not None
        and each.known("timeUnit") == "MONTHLY"
        and each.known("limitUnit", default="USD") == "USD"
        and _counts(each, name)
    ]


def _counts(budget: Resource, name: str) -> bool:
    values = [value for each in budget.known("costFilters", default=()) for value in each.get("values") or ()]
    if any(str(value).removeprefix("user:") == f"{FUNCTION_TAG}${name}" for value in values):
        return True
    tags = budget.known("filterExpression", "tags", default={})
    return tags.get("key") == FUNCTION_TAG and name in (tags.get("values") or ())


def allowed_usd(endpoint: InferenceEndpoint) -> Decimal | None:
    """Return what the smallest of the function's budgets allows in a month; None without one."""
    amounts = []
    for budget in budgets_of(endpoint):
        try:
            amounts.append(Decimal(str(budget.get("limitAmount"))))
        except InvalidOperation:
            continue
    return min(amounts, default=None)


def alerts_of(budgets: list[Resource]) -> int:
    """Return the most messages that budgets send in a month."""
    kinds = [each.get("notificationType") for budget in budgets for each in budget.get("notifications", default=())]
    return sum(FORECASTS if kind == "FORECASTED" else 1 for kind in kinds)
