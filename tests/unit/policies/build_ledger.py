"""The good endpoint's ledger, stream and settle."""

from __future__ import annotations

import json
from typing import Any

from policies.core.resource import UNKNOWN
from tests.unit.policies.build_names import FUNCTION, tags, trust
from tests.unit.policies.parts import Parts


def _limits() -> str:
    numbers = {
        "daily_quota": 20000,
        "ms_per_request": 40,
        "cold_grants_daily": 125,
        "renewals_daily": 800,
        "lease_least": 4,
        "lease_requests": 50,
        "lease_seconds": 600,
    }
    item: dict[str, Any] = {"pk": {"S": f"limits#{FUNCTION}"}}
    item |= {key: {"N": str(value)} for key, value in numbers.items()}
    return json.dumps(item)


def ledger(parts: Parts) -> Parts:
    return (
        parts.put(
            "table",
            "aws:dynamodb/table:Table",
            name="edgewise-test-ledger",
            hashKey="pk",
            attributes=[{"name": "pk", "type": "S"}],
            billingMode="PAY_PER_REQUEST",
            streamEnabled=True,
            streamViewType="NEW_AND_OLD_IMAGES",
            tags=tags(),
        )
        .put(
            "policy", "aws:iam/rolePolicy:RolePolicy", {"role": "role", "policy": "table"}, role=UNKNOWN, policy=UNKNOWN
        )
        .put(
            "limits",
            "aws:dynamodb/tableItem:TableItem",
            {"tableName": "table"},
            tableName="edgewise-test-ledger",
            hashKey="pk",
            item=_limits(),
        )
        .put("settle-role", "aws:iam/role:Role", assumeRolePolicy=trust("lambda.amazonaws.com"))
        .put(
            "settle-policy",
            "aws:iam/rolePolicy:RolePolicy",
            {"role": "settle-role", "policy": ("table", "store", "dead-letters", "topic")},
            role=UNKNOWN,
            policy=UNKNOWN,
        )
        .put(
            "settle",
            "aws:lambda/function:Function",
            {"role": "settle-role", "environment": ("store", "topic")},
            name="edgewise-test-settle",
            role=UNKNOWN,
            runtime="python3.13",
            handler="inference.settle.handler.handler",
            architectures=["x86_64"],
            memorySize=128.0,
            timeout=10.0,
            reservedConcurrentExecutions=2.0,
            environment={"variables": {"STACK": "test", "FUNCTIONS": UNKNOWN, "TOPIC_ARN": UNKNOWN}},
            tags=tags(),
        )
        .put(
            "dead-letters",
            "aws:sqs/queue:Queue",
            name="edgewise-test-dead-letters",
            messageRetentionSeconds=1209600.0,
            sqsManagedSseEnabled=True,
            tags=tags(),
        )
        .put(
            "mapping",
            "aws:lambda/eventSourceMapping:EventSourceMapping",
            {"eventSourceArn": "table", "functionName": "settle", "destinationConfig": "dead-letters"},
            eventSourceArn=UNKNOWN,
            functionName=UNKNOWN,
            startingPosition="TRIM_HORIZON",
            maximumRetryAttempts=2.0,
            maximumRecordAgeInSeconds=43200.0,
            destinationConfig={"onFailure": {"destinationArn": UNKNOWN}},
            functionResponseTypes=["ReportBatchItemFailures"],
        )
    )
