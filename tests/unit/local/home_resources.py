"""A home Region's resources, in the shapes that the engine exports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.edge.handmade import ACCOUNT, ARCHIVE, TABLE, resource, zip_of

REGION = "eu-central-1"
STREAM_ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{TABLE}/stream/2026-01-01T00:00:00.000"
SETTLE_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:edgewise-local-settle"
TOPIC_ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:edgewise-local-alerts"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:edgewise-local-settle-dead-letters"
QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/edgewise-local-settle-dead-letters"
PATTERN = '{"dynamodb":{"NewImage":{"pk":{"S":[{"prefix":"counter#"}]}}}}'


def table_with_stream(state: dict[str, Any]) -> None:
    """Switch the ledger's stream on."""
    for entry in state["deployment"]["resources"]:
        if entry["type"] == "aws:dynamodb/table:Table":
            entry["inputs"] |= {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}
            entry["outputs"] |= {
                "arn": STREAM_ARN.split("/stream/", maxsplit=1)[0],
                "streamEnabled": True,
                "streamViewType": "NEW_AND_OLD_IMAGES",
                "streamArn": STREAM_ARN,
            }


def settle(folder: Path) -> dict[str, Any]:
    """Return an unpublished function with variables and a reservation."""
    archive = zip_of(folder / "settle.zip", {"settle.py": "def handler(event, context): return {}\n"})
    inputs = {
        "code": {**ARCHIVE, "hash": "x", "path": str(archive)},
        "environment": {"variables": {"TOPIC_ARN": TOPIC_ARN}},
        "handler": "settle.handler",
        "memorySize": 128,
        "name": "edgewise-local-settle",
        "publish": False,
        "reservedConcurrentExecutions": 2,
        "role": f"arn:aws:iam::{ACCOUNT}:role/settle",
        "runtime": "python3.13",
        "timeout": 10,
    }
    outputs = {"arn": SETTLE_ARN, "version": "$LATEST", "qualifiedArn": f"{SETTLE_ARN}:$LATEST"}
    return resource("aws:lambda/function:Function", "settle", inputs, outputs, identity="edgewise-local-settle")


def mapping() -> dict[str, Any]:
    """Return an event source mapping with everything set."""
    inputs = {
        "eventSourceArn": STREAM_ARN,
        "functionName": "edgewise-local-settle",
        "startingPosition": "TRIM_HORIZON",
        "batchSize": 25,
        "maximumBatchingWindowInSeconds": 1,
        "filterCriteria": {"filters": [{"pattern": PATTERN}]},
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "maximumRetryAttempts": 2,
        "maximumRecordAgeInSeconds": 3600,
        "bisectBatchOnFunctionError": True,
        "parallelizationFactor": 1,
        "destinationConfig": {"onFailure": {"destinationArn": QUEUE_ARN}},
    }
    kind = "aws:lambda/eventSourceMapping:EventSourceMapping"
    return resource(kind, "settle", inputs, {"functionArn": SETTLE_ARN}, identity="uuid")


def schedule(**changes: object) -> dict[str, Any]:
    """Return a schedule."""
    inputs = {
        "flexibleTimeWindow": {"mode": "OFF"},
        "name": "guard",
        "scheduleExpression": "rate(5 minutes)",
        "target": {
            "arn": SETTLE_ARN,
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/guard",
            "retryPolicy": {"maximumRetryAttempts": 0},
        },
        **changes,
    }
    arn = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/guard"
    return resource("aws:scheduler/schedule:Schedule", "guard", inputs, {"arn": arn}, identity="default/guard")


def topic() -> dict[str, Any]:
    """Return the topic."""
    return resource("aws:sns/topic:Topic", "alerts", {"name": "alerts"}, {"arn": TOPIC_ARN}, identity=TOPIC_ARN)


def subscription() -> dict[str, Any]:
    """Return a subscription by mail."""
    inputs = {"topic": TOPIC_ARN, "protocol": "email", "endpoint": "ops@example.org"}
    return resource("aws:sns/topicSubscription:TopicSubscription", "mail", inputs, {}, identity="s")


def queue() -> dict[str, Any]:
    """Return the dead-letter queue."""
    inputs = {"name": "edgewise-local-settle-dead-letters", "messageRetentionSeconds": 1209600.0}
    return resource("aws:sqs/queue:Queue", "letters", inputs, {"arn": QUEUE_ARN, "url": QUEUE_URL}, identity=QUEUE_URL)


def alarm(**inputs: object) -> dict[str, Any]:
    """Return an alarm."""
    base = {
        "alarmActions": [TOPIC_ARN],
        "comparisonOperator": "GreaterThanThreshold",
        "evaluationPeriods": 3,
        "name": "letters",
        "threshold": 0,
        "treatMissingData": "notBreaching",
    }
    arn = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:letters"
    return resource("aws:cloudwatch/metricAlarm:MetricAlarm", "a", {**base, **inputs}, {"arn": arn}, identity="letters")


def budget() -> dict[str, Any]:
    """Return a budget by tag."""
    notification = {
        "comparisonOperator": "GREATER_THAN",
        "notificationType": "FORECASTED",
        "subscriberEmailAddresses": ["ops@example.org"],
        "subscriberSnsTopicArns": [TOPIC_ARN],
        "threshold": 80,
        "thresholdType": "PERCENTAGE",
    }
    inputs = {
        "budgetType": "COST",
        "costFilters": [{"name": "TagKeyValue", "values": ["user:function$face-match"]}],
        "limitAmount": "45.0",
        "limitUnit": "USD",
        "name": "face-match",
        "notifications": [notification],
        "timeUnit": "MONTHLY",
    }
    return resource("aws:budgets/budget:Budget", "budget", inputs, {}, identity="b")


def invoke_config() -> dict[str, Any]:
    """Return asynchronous calls without retries."""
    inputs = {"functionName": "edgewise-local-settle", "maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60}
    kind = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    return resource(kind, "settle", inputs, {}, identity="c")


def everything(folder: Path) -> list[dict[str, Any]]:
    """Return one of each."""
    metric = {"namespace": "AWS/SQS", "metricName": "ApproximateNumberOfMessagesVisible", "period": 60}
    dashboard = {"dashboardName": "edgewise-local", "dashboardBody": '{"widgets": []}'}
    return [
        settle(folder),
        invoke_config(),
        mapping(),
        schedule(),
        topic(),
        subscription(),
        queue(),
        alarm(**metric, statistic="Maximum", dimensions={"QueueName": "letters"}),
        resource("aws:cloudwatch/dashboard:Dashboard", "d", dashboard, {}, identity="edgewise-local"),
        budget(),
    ]
