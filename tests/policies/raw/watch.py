"""The good endpoint's guard, alarms and budget."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policies.raw.making import Making, allow, arn, code, given, tags, trust
from tests.policies.raw.names import (
    BUDGET_USD,
)


def watch(making: Making) -> None:
    """Declare guard, alarms, budget and who is told."""
    name, made = making.name, making.made
    topic = made.get("topic")
    if topic is not None:
        making.make(
            "subscription",
            aws.sns.TopicSubscription,
            topic=topic.arn,
            protocol="email",
            endpoint="edge-platform@example.com",
        )
    told = [topic.arn] if topic is not None else []
    making.make(
        "budget",
        aws.budgets.Budget,
        name=name,
        budget_type="COST",
        time_unit="MONTHLY",
        limit_amount=f"{BUDGET_USD}.0",
        limit_unit="USD",
        cost_filters=[{"name": "TagKeyValue", "values": [f"user:edgewise:function${name}"]}],
        notifications=[
            {
                "notification_type": "ACTUAL",
                "comparison_operator": "GREATER_THAN",
                "threshold": 80,
                "threshold_type": "PERCENTAGE",
                "subscriber_sns_topic_arns": told,
            }
        ],
        tags=tags(making),
    )
    _guard(making)
    _alarms(making, told)


def _alarms(making: Making, told: list[Any]) -> None:
    name, made = making.name, making.made
    distribution = made.get("distribution")
    watched: dict[str, tuple[str, str, str, float, dict[str, Any]]] = {
        "blocked": ("AWS/WAFV2", "BlockedRequests", "Sum", 10000, {"WebACL": name, "Rule": "ALL"}),
        "settle-errors": ("AWS/Lambda", "Errors", "Sum", 0, {"FunctionName": f"{name}-settle"}),
        "guard-errors": ("AWS/Lambda", "Errors", "Sum", 0, {"FunctionName": f"{name}-guard"}),
        "settle-age": ("AWS/Lambda", "IteratorAge", "Maximum", 300000, {"FunctionName": f"{name}-settle"}),
        "throttles": ("AWS/DynamoDB", "WriteThrottleEvents", "Sum", 0, {"TableName": name}),
        "dead-letters": (
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            "Maximum",
            0,
            {"QueueName": f"{name}-dead-letters"},
        ),
        "unaccounted": ("Edgewise", "UnaccountedRequests", "Maximum", 2500, {"Function": name}),
    }
    if distribution is not None:
        dimensions = {"DistributionId": distribution.id, "Region": "Global"}
        watched["errors"] = ("AWS/CloudFront", "5xxErrorRate", "Average", 5, dimensions)
    for suffix, (namespace, metric, statistic, threshold, dimensions) in watched.items():
        making.make(
            "alarm",
            aws.cloudwatch.MetricAlarm,
            suffix=suffix,
            name=f"{name}-{suffix}",
            namespace=namespace,
            metric_name=metric,
            statistic=statistic,
            threshold=threshold,
            dimensions=dimensions,
            comparison_operator="GreaterThanThreshold",
            evaluation_periods=2,
            datapoints_to_alarm=1,
            period=300,
            treat_missing_data="notBreaching",
            alarm_actions=told,
            tags=tags(making),
        )


def _guard(making: Making) -> None:
    name, made = making.name, making.made
    distribution, store, table, topic = (made.get(each) for each in ("distribution", "store", "table", "topic"))
    logs = making.make(
        "guard_log", aws.cloudwatch.LogGroup, name=f"/aws/lambda/{name}-guard", retention_in_days=14, tags=tags(making)
    )
    role = making.make(
        "guard_role",
        aws.iam.Role,
        name=f"{name}-guard",
        tags=tags(making),
        assume_role_policy=trust("lambda.amazonaws.com"),
    )
    policy = allow(
        ("cloudwatch:GetMetricData", "*", {}),
        (["cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution"], arn(distribution), {}),
        (["cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:PutKey"], arn(store), {}),
        ("wafv2:GetWebACL", arn(made.get("acl")), {}),
        ("lambda:GetFunction", arn(made.get("function")), {}),
        (
            ["dynamodb:GetItem", "dynamodb:UpdateItem"],
            arn(table),
            {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [f"guard#{name}", f"counter#{name}#cloudfront"]}},
        ),
        ("sns:Publish", arn(topic), {}),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            pulumi.Output.concat(logs.arn, ":*") if logs is not None else None,
            {},
        ),
    )
    if role is not None:
        making.make("guard_permissions", aws.iam.RolePolicy, role=role.name, policy=policy)
    guard = making.make(
        "guard",
        aws.lambda_.Function,
        name=f"{name}-guard",
        role=arn(role),
        runtime="python3.13",
        handler="handler.handler",
        code=code(),
        architectures=["x86_64"],
        memory_size=128,
        timeout=10,
        reserved_concurrent_executions=1,
        environment={
            "variables": given(
                FUNCTION=name,
                ON_FLOOD="disconnect",
                ALLOWANCE_FIREWALL="1000000",
                ALLOWANCE_GATE="300000",
                ALLOWANCE_LEDGER="5000",
                STORE_ARN=arn(store),
                DISTRIBUTION_ID=distribution.id if distribution is not None else None,
                TABLE=table.name if table is not None else None,
                TOPIC_ARN=arn(topic),
            )
        },
        tags=tags(making),
        opts=pulumi.ResourceOptions(depends_on=[each for each in (logs,) if each is not None]),
    )
    if guard is not None:
        _clock(making, guard)


def _clock(making: Making, guard: Any) -> None:
    name = making.name
    making.make(
        "guard_once",
        aws.lambda_.FunctionEventInvokeConfig,
        function_name=guard.name,
        maximum_retry_attempts=0,
        maximum_event_age_in_seconds=300,
    )
    role = making.make(
        "clock_role",
        aws.iam.Role,
        name=f"{name}-clock",
        tags=tags(making),
        assume_role_policy=trust("scheduler.amazonaws.com"),
    )
    if role is None:
        return
    making.make(
        "clock_permissions", aws.iam.RolePolicy, role=role.name, policy=allow(("lambda:InvokeFunction", guard.arn, {}))
    )
    making.make(
        "schedule",
        aws.scheduler.Schedule,
        name=name,
        schedule_expression="rate(5 minutes)",
        flexible_time_window={"mode": "OFF"},
        state="ENABLED",
        target={
            "arn": guard.arn,
            "role_arn": role.arn,
            "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": 60},
        },
    )
