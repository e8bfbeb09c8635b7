"""Read what a stack's home Region holds: event sources, schedules, topics, queues, alarms, budgets."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from edgewise.local.stack import alarms
from edgewise.local.stack.homemodel import (
    FOREVER,
    Budget,
    BudgetNotification,
    Dashboard,
    EventSource,
    Home,
    Queue,
    Schedule,
    Subscription,
    Topic,
)
from edgewise.local.stack.imitated_home import SCHEDULE_TARGET
from edgewise.local.stack.imitation import REMEDY
from edgewise.local.stack.model import LambdaFunction, LocalEdgeError, Table

if TYPE_CHECKING:
    from edgewise.local.stack.resource import Resource

Part = TypeVar("Part")

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_MINUTES: Final = {"minute": 1, "hour": 60, "day": 1440}
# AWS Lambda Developer Guide, "Event source mappings"; EventBridge Scheduler User Guide, "Retry policy".
_BATCH_SIZE: Final = 100
_SCHEDULE_RETRIES: Final = 185
_SCHEDULE_AGE_S: Final = 86_400
# SQS `CreateQueue` attribute <- Pulumi property.
_QUEUE_ATTRIBUTES: Final = {
    "MessageRetentionPeriod": "messageRetentionSeconds",
    "VisibilityTimeout": "visibilityTimeoutSeconds",
    "DelaySeconds": "delaySeconds",
    "ReceiveMessageWaitTimeSeconds": "receiveWaitTimeSeconds",
    "MaximumMessageSize": "maxMessageSize",
    "RedrivePolicy": "redrivePolicy",
}


def read(by_type: Mapping[str, Sequence[Resource]]) -> Home:
    """Read all of it.

    Parameters
    ----------
    by_type : Mapping
        The state's resources by type, each already checked against the written list.

    Raises
    ------
    LocalEdgeError
        For a value that is not imitated, and for a part that is missing.
    """

    def each(kind: str, reader: Callable[[Resource], Part]) -> tuple[Part, ...]:
        return tuple(reader(resource) for resource in by_type.get(kind, []))

    return Home(
        event_sources=each("aws:lambda/eventSourceMapping:EventSourceMapping", _event_source),
        schedules=each("aws:scheduler/schedule:Schedule", _schedule),
        topics=each("aws:sns/topic:Topic", lambda topic: Topic(name=topic.text("name"), arn=topic.text("arn"))),
        subscriptions=each("aws:sns/topicSubscription:TopicSubscription", _subscription),
        queues=each("aws:sqs/queue:Queue", _queue),
        alarms=each("aws:cloudwatch/metricAlarm:MetricAlarm", alarms.read),
        dashboards=each("aws:cloudwatch/dashboard:Dashboard", _dashboard),
        budgets=each("aws:budgets/budget:Budget", _budget),
    )


def check_links(home: Home, *, functions: Mapping[str, LambdaFunction], tables: Sequence[Table]) -> None:
    """Refuse a home Region whose parts name parts that the stack does not have.

    Raises
    ------
    LocalEdgeError
        Naming both.
    """
    streams = {table.stream_arn for table in tables} - {None}
    topics, queues = {topic.arn for topic in home.topics}, {queue.arn for queue in home.queues}
    for source in home.event_sources:
        _need(source.stream_arn, streams, f"event source mapping {source.name!r}: stream")
        _need(source.function_arn, functions, f"event source mapping {source.name!r}: function")
        if source.on_failure_arn is not None:
            _need(source.on_failure_arn, topics | queues, f"event source mapping {source.name!r}: onFailure")
    for schedule in home.schedules:
        _need(schedule.target_arn, functions, f"schedule {schedule.name!r}: function")
    for subscription in home.subscriptions:
        _need(subscription.topic_arn, topics, f"a subscription by {subscription.protocol}: topic")
    for alarm in home.alarms:
        for arn in (*alarm.alarm_actions, *alarm.ok_actions, *alarm.insufficient_data_actions):
            _need(arn, topics, f"alarm {alarm.name!r}: action")
    for budget in home.budgets:
        for arn in (arn for notification in budget.notifications for arn in notification.topic_arns):
            _need(arn, topics, f"budget {budget.name!r}: topic")


def _need(arn: str, known: Container[str | None], what: str) -> None:
    if arn not in known:
        raise LocalEdgeError(f"{what} {arn} is not in the stack. {REMEDY}")


def _event_source(resource: Resource) -> EventSource:
    filters = resource.mapping("filterCriteria").get("filters") or []
    assert isinstance(filters, list)
    failure = resource.mapping("destinationConfig").get("onFailure") or {}
    assert isinstance(failure, Mapping)
    return EventSource(
        name=resource.name,
        stream_arn=resource.text("eventSourceArn"),
        function_arn=resource.text("functionArn", resource.text("functionName")),
        starting_position=resource.text("startingPosition"),
        enabled=resource.flag("enabled", default=True),
        batch_size=resource.number("batchSize", _BATCH_SIZE),
        window_s=resource.number("maximumBatchingWindowInSeconds", 0),
        filters=tuple(str(entry["pattern"]) for entry in filters),
        report_item_failures="ReportBatchItemFailures" in resource.texts("functionResponseTypes"),
        retries=resource.number("maximumRetryAttempts", FOREVER),
        record_age_s=resource.number("maximumRecordAgeInSeconds", FOREVER),
        bisect=resource.flag("bisectBatchOnFunctionError", default=False),
        parallel=resource.number("parallelizationFactor", 1),
        on_failure_arn=str(failure["destinationArn"]) if failure.get("destinationArn") else None,
    )


def _schedule(resource: Resource) -> Schedule:
    expression = resource.text("scheduleExpression")
    rate = _RATE.fullmatch(expression)
    if rate is None:
        raise LocalEdgeError(
            f"{resource.where}: scheduleExpression is {expression!r}, the local edge imitates only "
            f"rate(<n> minutes|hours|days). {REMEDY}"
        )
    target = resource.mapping("target")
    SCHEDULE_TARGET.check(f"{resource.where} target", target)
    policy = target.get("retryPolicy") or {}
    assert isinstance(policy, Mapping)
    return Schedule(
        name=resource.text("name"),
        arn=resource.text("arn"),
        every_minutes=int(rate[1]) * _MINUTES[rate[2]],
        target_arn=str(target["arn"]),
        input=str(target.get("input") or "{}"),
        enabled=resource.text("state", "ENABLED") == "ENABLED",
        retries=int(policy.get("maximumRetryAttempts", _SCHEDULE_RETRIES)),
        max_age_s=int(policy.get("maximumEventAgeInSeconds") or _SCHEDULE_AGE_S),
    )


def _subscription(resource: Resource) -> Subscription:
    return Subscription(
        topic_arn=resource.text("topic"),
        protocol=resource.text("protocol"),
        endpoint=resource.text("endpoint"),
        filter_policy=resource.text("filterPolicy", ""),
        filter_policy_scope=resource.text("filterPolicyScope", "") or "MessageAttributes",
        raw=resource.flag("rawMessageDelivery", default=False),
    )


def _queue(resource: Resource) -> Queue:
    attributes = {
        name: str(value) if isinstance(value, str) else str(int(str(value).split(".", 1)[0]))
        for name, key in _QUEUE_ATTRIBUTES.items()
        if (value := resource.inputs.get(key)) not in (None, "")
    }
    return Queue(
        name=resource.text("name"),
        arn=resource.text("arn"),
        url=resource.text("url", resource.id),
        attributes=attributes,
    )


def _dashboard(resource: Resource) -> Dashboard:
    return Dashboard(name=resource.text("dashboardName"), body=resource.text("dashboardBody"))


def _budget(resource: Resource) -> Budget:
    notifications = resource.inputs.get("notifications") or []
    assert isinstance(notifications, list)
    filters = {key: resource.inputs[key] for key in ("costFilters", "filterExpression") if resource.inputs.get(key)}
    return Budget(
        name=resource.text("name"),
        limit=resource.text("limitAmount"),
        unit=resource.text("limitUnit", "USD"),
        filters=filters,
        notifications=tuple(
            BudgetNotification(
                kind=str(entry["notificationType"]),
                threshold=float(entry["threshold"]),
                threshold_type=str(entry["thresholdType"]),
                comparison=str(entry["comparisonOperator"]),
                topic_arns=tuple(str(arn) for arn in entry.get("subscriberSnsTopicArns") or []),
                emails=tuple(str(address) for address in entry.get("subscriberEmailAddresses") or []),
            )
            for entry in notifications
        ),
    )
