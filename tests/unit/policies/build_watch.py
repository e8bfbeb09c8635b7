"""The good endpoint's alarms, budget, guard and log groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from policies.core.resource import UNKNOWN
from tests.unit.policies.build_names import FUNCTION, LOG_REGIONS, tags, trust
from tests.unit.policies.parts import Parts


def _alarm(parts: Parts, short: str, namespace: str, metric: str, source: str | None, **props: Any) -> Parts:
    links: dict[str, str | Iterable[str]] = {"alarmActions": "topic"}
    if source:
        links["dimensions"] = source
    settings = {"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 2.0, "period": 300.0}
    return parts.put(
        short,
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        links,
        namespace=namespace,
        metricName=metric,
        alarmActions=[UNKNOWN],
        **{"actionsEnabled": True, "statistic": "Sum", "threshold": 0.0, "region": "us-east-1"} | settings | props,
    )


def watch(parts: Parts) -> Parts:
    parts = (
        parts.put("topic", "aws:sns/topic:Topic", name="edgewise-test-alerts", tags=tags())
        .put(
            "subscription",
            "aws:sns/topicSubscription:TopicSubscription",
            {"topic": "topic"},
            topic=UNKNOWN,
            protocol="email",
            endpoint="edge-platform@example.com",
        )
        .put(
            "budget",
            "aws:budgets/budget:Budget",
            {"notifications": "topic"},
            budgetType="COST",
            limitAmount="60.0",
            limitUnit="USD",
            timeUnit="MONTHLY",
            costFilters=[{"name": "TagKeyValue", "values": [f"user:edgewise:function${FUNCTION}"]}],
            notifications=[
                {
                    "comparisonOperator": "GREATER_THAN",
                    "notificationType": "ACTUAL",
                    "subscriberSnsTopicArns": [UNKNOWN],
                    "threshold": 80.0,
                    "thresholdType": "PERCENTAGE",
                }
            ],
        )
        .put("guard-role", "aws:iam/role:Role", assumeRolePolicy=trust("lambda.amazonaws.com"))
        .put(
            "guard",
            "aws:lambda/function:Function",
            {"role": "guard-role", "environment": ("topic", "distribution", "store", "table")},
            name="edgewise-test-face-match-guard",
            role=UNKNOWN,
            runtime="python3.13",
            handler="inference.guard.handler.handler",
            memorySize=128.0,
            timeout=10.0,
            reservedConcurrentExecutions=1.0,
            environment={
                "variables": {
                    "FUNCTION": FUNCTION,
                    "ON_FLOOD": "disconnect",
                    "DISTRIBUTION_ID": UNKNOWN,
                    "STORE_ARN": UNKNOWN,
                    "ALLOWANCE_FIREWALL": "1000000",
                    "ALLOWANCE_GATE": "300000",
                    "ALLOWANCE_LEDGER": "5000",
                }
            },
            tags=tags(),
        )
        .put(
            "guard-once",
            "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
            {"functionName": "guard"},
            functionName="edgewise-test-face-match-guard",
            maximumRetryAttempts=0.0,
            maximumEventAgeInSeconds=300.0,
        )
        .put("clock-role", "aws:iam/role:Role", assumeRolePolicy=trust("scheduler.amazonaws.com"))
        .put(
            "schedule",
            "aws:scheduler/schedule:Schedule",
            {"target": ("guard", "clock-role")},
            scheduleExpression="rate(5 minutes)",
            state="ENABLED",
            flexibleTimeWindow={"mode": "OFF"},
            target={
                "arn": UNKNOWN,
                "roleArn": UNKNOWN,
                "retryPolicy": {"maximumRetryAttempts": 0.0, "maximumEventAgeInSeconds": 60.0},
            },
        )
    )
    parts = _alarm(
        parts,
        "errors-alarm",
        "AWS/CloudFront",
        "5xxErrorRate",
        "distribution",
        statistic="Average",
        threshold=5.0,
        dimensions={"Region": "Global", "DistributionId": UNKNOWN},
    )
    parts = _alarm(
        parts,
        "blocked-alarm",
        "AWS/WAFV2",
        "BlockedRequests",
        None,
        threshold=10000.0,
        dimensions={"WebACL": "edgewise-test-face-match", "Rule": "ALL"},
    )
    parts = _alarm(
        parts, "settle-alarm", "AWS/Lambda", "Errors", "settle", dimensions={"FunctionName": "edgewise-test-settle"}
    )
    parts = _alarm(
        parts,
        "guard-alarm",
        "AWS/Lambda",
        "Errors",
        "guard",
        dimensions={"FunctionName": "edgewise-test-face-match-guard"},
    )
    parts = _alarm(
        parts,
        "throttles-alarm",
        "AWS/DynamoDB",
        "WriteThrottleEvents",
        "table",
        dimensions={"TableName": "edgewise-test-ledger"},
    )
    parts = _alarm(
        parts,
        "dead-letters-alarm",
        "AWS/SQS",
        "ApproximateNumberOfMessagesVisible",
        "dead-letters",
        statistic="Maximum",
        dimensions={"QueueName": "edgewise-test-dead-letters"},
    )
    for region in LOG_REGIONS:
        parts = parts.put(
            f"logs-{region}",
            "aws:cloudwatch/logGroup:LogGroup",
            region=region,
            retentionInDays=14.0,
            name="/aws/lambda/us-east-1.edgewise-test-face-match",
            tags=tags(),
        )
    for short in ("settle", "face-match-guard"):
        parts = parts.put(
            f"logs-{short}",
            "aws:cloudwatch/logGroup:LogGroup",
            region="us-east-1",
            retentionInDays=14.0,
            name=f"/aws/lambda/edgewise-test-{short}",
            tags=tags(),
        )
    return parts
