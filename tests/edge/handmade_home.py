"""A home Region written by hand, for a handmade stack: a function on the ledger's stream, a scheduled one, alerts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.edge.handmade import ACCOUNT, ARCHIVE, TABLE, resource_named

if TYPE_CHECKING:
    from pathlib import Path

SETTLE = "edgewise-local-settle"
GUARD = "edgewise-local-face-match-guard"
LAKE = "edgewise-local-lake"
TOPIC = "edgewise-local-alerts"
DEAD_LETTERS = f"{SETTLE}-dead-letters"
ADDRESS = "owner@example.org"
STREAM_ARN = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{TABLE}/stream/2026-01-01T00:00:00.000"
TOPIC_ARN = f"arn:aws:sns:us-east-1:{ACCOUNT}:{TOPIC}"
QUEUE_ARN = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{DEAD_LETTERS}"
QUEUE_URL = f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/{DEAD_LETTERS}"
COUNTERS = {"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "counter#"}]}}}}


def lambda_arn(name: str) -> str:
    return f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}"


def resource(kind: str, name: str, inputs: dict[str, Any], outputs: dict[str, Any], identity: str) -> dict[str, Any]:
    """Write a resource as the engine exports it."""
    return {
        "urn": f"urn:pulumi:local::edgewise::{kind}::{name}",
        "custom": True,
        "id": identity,
        "type": kind,
        "inputs": {"__defaults": [], **inputs},
        "outputs": {**inputs, **outputs},
    }


@dataclass(kw_only=True)
class HandmadeHome:
    """What varies; `added_to` writes the rest into a state."""

    settle: Path
    runtime: str = "python3.13"
    guard: Path | None = None
    timeout_s: int = 3
    variables: dict[str, str] = field(default_factory=dict)
    mapping: dict[str, Any] = field(default_factory=dict)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    every_minutes: int = 5

    def added_to(self, state: dict[str, Any]) -> dict[str, Any]:
        """Return the state with a home Region, and a stream on its table."""
        table = resource_named(state, "aws:dynamodb/table:Table")
        for side in ("inputs", "outputs"):
            table[side] |= {"streamEnabled": True, "streamViewType": "NEW_AND_OLD_IMAGES"}
        table["outputs"] |= {"streamArn": STREAM_ARN}
        state["deployment"]["resources"] += self._resources()
        return state

    def _resources(self) -> list[dict[str, Any]]:
        parts = [
            self._function(SETTLE, self.settle, reserved=1),
            self._mapping(),
            resource("aws:sqs/queue:Queue", "dead-letters", {"name": DEAD_LETTERS}, {"arn": QUEUE_ARN}, QUEUE_URL),
            resource("aws:sns/topic:Topic", "alerts", {"name": TOPIC}, {"arn": TOPIC_ARN}, TOPIC_ARN),
            resource(
                "aws:sns/topicSubscription:TopicSubscription",
                "owner",
                {"topic": TOPIC_ARN, "protocol": "email", "endpoint": ADDRESS},
                {},
                f"{TOPIC_ARN}:1",
            ),
            resource(
                "aws:s3/bucket:Bucket",
                "lake",
                {"bucket": LAKE},
                {"bucketRegionalDomainName": f"{LAKE}.s3.us-east-1.amazonaws.com"},
                LAKE,
            ),
            *(self._alarm(alarm) for alarm in self.alarms),
        ]
        return parts + (self._guard(self.guard) if self.guard else [])

    def _function(self, name: str, archive: Path, *, reserved: int = -1) -> dict[str, Any]:
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        inputs = {
            "architectures": ["x86_64"],
            "code": {**ARCHIVE, "hash": digest, "path": str(archive)},
            "environment": {"variables": {"TABLE": TABLE, "LAKE": LAKE, "TOPIC_ARN": TOPIC_ARN, **self.variables}},
            "handler": "handler.handler",
            "memorySize": 1769,
            "name": name,
            "packageType": "Zip",
            "reservedConcurrentExecutions": reserved,
            "role": f"arn:aws:iam::{ACCOUNT}:role/{name}",
            "runtime": self.runtime,
            "timeout": self.timeout_s,
        }
        arn = lambda_arn(name)
        outputs = {"arn": arn, "version": "$LATEST", "qualifiedArn": f"{arn}:$LATEST"}
        return resource("aws:lambda/function:Function", name, inputs, outputs, name)

    def _mapping(self) -> dict[str, Any]:
        inputs = {
            "batchSize": 5,
            "destinationConfig": {"onFailure": {"destinationArn": QUEUE_ARN}},
            "eventSourceArn": STREAM_ARN,
            "filterCriteria": {"filters": [{"pattern": json.dumps(COUNTERS)}]},
            "functionName": lambda_arn(SETTLE),
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "maximumRetryAttempts": 2,
            "startingPosition": "TRIM_HORIZON",
            **self.mapping,
        }
        outputs = {"functionArn": lambda_arn(SETTLE)}
        return resource("aws:lambda/eventSourceMapping:EventSourceMapping", "settle", inputs, outputs, "uuid")

    def _guard(self, archive: Path) -> list[dict[str, Any]]:
        schedule = {
            "name": GUARD,
            "scheduleExpression": f"rate({self.every_minutes} minutes)",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {"arn": lambda_arn(GUARD), "roleArn": "role", "retryPolicy": {"maximumRetryAttempts": 0}},
        }
        arn = f"arn:aws:scheduler:us-east-1:{ACCOUNT}:schedule/default/{GUARD}"
        retries = {"functionName": GUARD, "maximumRetryAttempts": 0}
        return [
            self._function(GUARD, archive),
            resource("aws:scheduler/schedule:Schedule", "guard", schedule, {"arn": arn}, f"default/{GUARD}"),
            resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "guard", retries, {}, GUARD),
        ]

    @staticmethod
    def _alarm(alarm: dict[str, Any]) -> dict[str, Any]:
        inputs = {"alarmActions": [TOPIC_ARN], "evaluationPeriods": 1, "period": 60, **alarm}
        arn = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{alarm['name']}"
        return resource("aws:cloudwatch/metricAlarm:MetricAlarm", alarm["name"], inputs, {"arn": arn}, alarm["name"])
