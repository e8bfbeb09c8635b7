"""The good endpoint's ledger and what reads its stream."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from tests.policies.raw.making import Making, allow, arn, code, given, tags, trust
from tests.policies.raw.names import (
    DIGEST,
    LIMITS,
)


def ledger(making: Making) -> None:
    """Declare the ledger, its limits item, its stream's reader."""
    name, made = making.name, making.made
    table = making.make(
        "table",
        aws.dynamodb.Table,
        name=name,
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
        stream_enabled=True,
        stream_view_type="NEW_AND_OLD_IMAGES",
        point_in_time_recovery={"enabled": True},
        tags=tags(making),
    )
    if made.get("role") is not None:
        _edge_permissions(making, table)
    if table is not None:
        making.make("limits", aws.dynamodb.TableItem, table_name=table.name, hash_key="pk", item=limits_item(name))
    _settle(making)


def limits_item(name: str, **numbers: int) -> str:
    """Return the limits item of a function."""
    values = {key: {"N": str(value)} for key, value in {**LIMITS, **numbers}.items()}
    return json.dumps({"pk": {"S": f"limits#{name}"}, **values, "model_digest": {"S": f"sha256:{DIGEST}"}})


def _edge_permissions(making: Making, table: Any) -> None:
    name = making.name
    logs = f"arn:aws:logs:*:*:log-group:/aws/lambda/us-east-1.{name}:*"
    keys = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [f"limits#{name}", f"counter#{name}#cloudfront"]}}
    policy = allow(
        (["logs:CreateLogStream", "logs:PutLogEvents"], logs, {}),
        (["dynamodb:BatchGetItem", "dynamodb:UpdateItem"], arn(table), keys),
    )
    making.make("permissions", aws.iam.RolePolicy, role=making.made["role"].name, policy=policy)


def _settle(making: Making) -> None:
    name, made = making.name, making.made
    table = made.get("table")
    topic = making.make("topic", aws.sns.Topic, name=name, tags=tags(making))
    letters = making.make(
        "dead_letters",
        aws.sqs.Queue,
        name=f"{name}-dead-letters",
        message_retention_seconds=1209600,
        sqs_managed_sse_enabled=True,
        tags=tags(making),
    )
    making.make(
        "settle_log",
        aws.cloudwatch.LogGroup,
        name=f"/aws/lambda/{name}-settle",
        retention_in_days=14,
        tags=tags(making),
    )
    role = making.make(
        "settle_role",
        aws.iam.Role,
        name=f"{name}-settle",
        tags=tags(making),
        assume_role_policy=trust("lambda.amazonaws.com"),
    )
    logs = made.get("settle_log")
    policy = allow(
        (
            ["dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:DescribeStream"],
            table.stream_arn if table is not None else None,
            {},
        ),
        ("dynamodb:ListStreams", "*", {}),
        (
            ["cloudfront-keyvaluestore:DescribeKeyValueStore", "cloudfront-keyvaluestore:PutKey"],
            arn(made.get("store")),
            {},
        ),
        ("sns:Publish", arn(topic), {}),
        ("sqs:SendMessage", arn(letters), {}),
        (
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            pulumi.Output.concat(logs.arn, ":*") if logs is not None else None,
            {},
        ),
    )
    if role is not None:
        making.make("settle_permissions", aws.iam.RolePolicy, role=role.name, policy=policy)
    settle = making.make(
        "settle",
        aws.lambda_.Function,
        name=f"{name}-settle",
        role=arn(role),
        runtime="python3.13",
        handler="handler.handler",
        code=code(),
        architectures=["x86_64"],
        memory_size=128,
        timeout=10,
        reserved_concurrent_executions=2,
        environment={"variables": given(STORE_ARN=arn(made.get("store")), TOPIC_ARN=arn(topic))},
        tags=tags(making),
        opts=pulumi.ResourceOptions(depends_on=[each for each in (logs,) if each is not None]),
    )
    if settle is None or table is None:
        return
    making.make(
        "stream",
        aws.lambda_.EventSourceMapping,
        event_source_arn=table.stream_arn,
        function_name=settle.arn,
        starting_position="TRIM_HORIZON",
        batch_size=100,
        maximum_retry_attempts=2,
        maximum_record_age_in_seconds=43200,
        bisect_batch_on_function_error=False,
        parallelization_factor=1,
        function_response_types=["ReportBatchItemFailures"],
        destination_config={"on_failure": {"destination_arn": letters.arn}} if letters is not None else None,
        tags=tags(making),
    )
