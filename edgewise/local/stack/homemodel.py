"""What the local edge knows of a stack's home Region, as plain values: streams, schedules, alerts, alarms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FOREVER: Final = -1  # an event source's retries and record age: no end


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSource:
    """A table's stream that calls a function.

    `filters` are EventBridge patterns, each a JSON text; a record that fits one is handed on, all are
    without any. `retries` and `record_age_s` are `FOREVER` without a cap.
    """

    name: str
    stream_arn: str
    function_arn: str
    starting_position: str
    enabled: bool
    batch_size: int
    window_s: int
    filters: tuple[str, ...]
    report_item_failures: bool
    retries: int
    record_age_s: int
    bisect: bool
    parallel: int
    on_failure_arn: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """A function that is called at a steady rate; the scheduler's own retries, not the function's."""

    name: str
    arn: str
    every_minutes: int
    target_arn: str
    input: str
    enabled: bool
    retries: int
    max_age_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """An SNS topic."""

    name: str
    arn: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """Who hears of a topic; the endpoint may be a person's address. `filter_policy` is a JSON text or empty."""

    topic_arn: str
    protocol: str
    endpoint: str = field(repr=False)
    filter_policy: str
    filter_policy_scope: str
    raw: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """An SQS queue; `attributes` in ``CreateQueue``'s own form."""

    name: str
    arn: str
    url: str
    attributes: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A CloudWatch metric; the statistic is ``Sum``, ``Average``, ..., or ``p99``."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    statistic: str
    period_s: int
    unit: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AlarmQuery:
    """One query of an alarm: a metric, or an expression over the others; the alarm looks at the one that `returns`."""

    id: str
    metric: Metric | None
    expression: str
    returns: bool
    label: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """A CloudWatch alarm; the form with one metric is told as one query."""

    name: str
    arn: str
    description: str
    queries: tuple[AlarmQuery, ...]
    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing_data: str
    actions_enabled: bool
    alarm_actions: tuple[str, ...]
    ok_actions: tuple[str, ...]
    insufficient_data_actions: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dashboard:
    """A CloudWatch dashboard; the body is JSON text."""

    name: str
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetNotification:
    """When a budget tells whom: `kind` is ACTUAL or FORECASTED, `threshold` per cent or USD."""

    kind: str
    threshold: float
    threshold_type: str
    comparison: str
    topic_arns: tuple[str, ...]
    emails: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A monthly cost budget; `filters` as the program wrote them."""

    name: str
    limit: str
    unit: str
    filters: Mapping[str, object]
    notifications: tuple[BudgetNotification, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """All of a stack that lives in its home Region beside tables and buckets."""

    event_sources: tuple[EventSource, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    topics: tuple[Topic, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    queues: tuple[Queue, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    dashboards: tuple[Dashboard, ...] = ()
    budgets: tuple[Budget, ...] = ()
