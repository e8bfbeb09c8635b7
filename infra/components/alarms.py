"""Alarms: each says what it means and what to do, and each speaks to the stack's topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import cloudwatch

from infra.components.component import Component, Customize
from infra.limits import HOME_REGION

CHILDREN: Final = ("ledger-throttles", "dead-letters", "settle-age", "settle-errors")

# The bound counts a ring every second period (edgewise/cost/bound/endpoint.py, alarm_period_s). One bad period of the
# last two rings, and both must be good before it can ring again, however CloudWatch aligns them.
PERIOD_S: Final = 300
PERIODS: Final = 2
# A record waits this long before settle's age rings: longer than all its retries, far below the stream's day.
SETTLE_AGE_MS: Final = 300_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """One metric and when it rings: above a threshold in one of the last two periods.

    Attributes
    ----------
    namespace, metric, statistic : str
    dimensions : mapping of str to Input of str
    above : float
        In the metric's unit.
    means, todo : str
        What a person reads when it rings.
    """

    namespace: str
    metric: str
    statistic: str
    dimensions: Mapping[str, pulumi.Input[str]]
    above: float
    means: str
    todo: str


def declare(
    component: Component,
    child: str,
    alarm: Alarm,
    *,
    prefix: str,
    topic_arn: pulumi.Input[str],
    tags: Mapping[str, str],
) -> cloudwatch.MetricAlarm:
    """Declare an alarm as a child.

    It rings on the way into ALARM only: what is good again needs no mail. A metric that is silent is good: AWS
    publishes none where nothing happened.

    Parameters
    ----------
    component : Component
    child : str
        The child's name; the alarm's own is ``<prefix>-<child>``.
    prefix : str
    """
    return component.child(
        cloudwatch.MetricAlarm,
        child,
        region=HOME_REGION,
        name=f"{prefix}-{child}",
        alarm_description=f"{alarm.means} To do: {alarm.todo}",
        namespace=alarm.namespace,
        metric_name=alarm.metric,
        dimensions=alarm.dimensions,
        statistic=alarm.statistic,
        period=PERIOD_S,
        evaluation_periods=PERIODS,
        datapoints_to_alarm=1,
        comparison_operator="GreaterThanThreshold",
        threshold=alarm.above,
        treat_missing_data="notBreaching",
        alarm_actions=[topic_arn],
        tags=tags,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class StackAlarmsArgs:
    """Inputs.

    Attributes
    ----------
    prefix : str
        ``edgewise-<stack>``.
    table, settle, dead_letters : Input of str
        Names of the ledger's table, of settle's Lambda function and of its queue.
    topic_arn : Input of str
    tags : mapping of str to str
    customize : mapping
        See `Component`.
    """

    prefix: str
    table: pulumi.Input[str]
    settle: pulumi.Input[str]
    dead_letters: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]
    customize: Customize = field(default_factory=dict)


class StackAlarms(Component):
    """What can go wrong for all functions at once.

    Attributes
    ----------
    alarms : list of pulumi_aws.cloudwatch.MetricAlarm
    """

    def __init__(self, name: str, args: StackAlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:StackAlarms", name, children=CHILDREN, customize=args.customize, opts=opts)
        self.alarms = [
            declare(self, child, alarm, prefix=args.prefix, topic_arn=args.topic_arn, tags=args.tags)
            for child, alarm in zip(CHILDREN, _of_stack(args), strict=True)
        ]
        self.register_outputs({})


def _of_stack(args: StackAlarmsArgs) -> tuple[Alarm, Alarm, Alarm, Alarm]:
    settle = {"FunctionName": args.settle}
    return (
        Alarm(
            namespace="AWS/DynamoDB",
            metric="WriteThrottleEvents",
            statistic="Sum",
            dimensions={"TableName": args.table},
            above=0,
            means="The ledger refuses writes: edges work off their leases, then answer 503.",
            todo="see which function asks most (edgewise ledger); raise its lease_least, or the table's throughput "
            "quota at AWS.",
        ),
        Alarm(
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            statistic="Maximum",
            dimensions={"QueueName": args.dead_letters},
            above=0,
            means="Settle gave records of the ledger's stream up: their receipts are missing in the lake, an alert or "
            "a closing may be missing too.",
            todo="read the message's shard and sequence numbers within a day, then settle's log; delete the message "
            "when it is understood.",
        ),
        Alarm(
            namespace="AWS/Lambda",
            metric="IteratorAge",
            statistic="Maximum",
            dimensions=settle,
            above=SETTLE_AGE_MS,
            means=f"Settle is more than {SETTLE_AGE_MS // 60_000} minutes behind: alerts, closings and the lake are "
            "late; the ledger still holds every quota.",
            todo="read settle's log; a stream forgets after a day.",
        ),
        Alarm(
            namespace="AWS/Lambda",
            metric="Errors",
            statistic="Sum",
            dimensions=settle,
            above=0,
            means="A run of settle died; AWS hands its records over again, twice at most.",
            todo="read settle's log; what fails each time goes to the dead letters.",
        ),
    )
