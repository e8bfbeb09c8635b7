"""The worst month, from the resources themselves."""

from __future__ import annotations

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.cases._behind_edge import counted, edge_without_logs


def bad_worst_month_1(name: str) -> None:
    """Nothing in the program limits how often it runs."""
    edge_without_logs(name)


def bad_worst_month_2(name: str) -> None:
    """A quota, and nobody who ends a flood or says what it may cost."""
    counted(name)


def good_worst_month_1(name: str) -> None:
    raw.endpoint(name)


def good_worst_month_2(name: str) -> None:
    """A small quota and a small budget."""
    numbers = {"daily_quota": 1000, "cold_grants_daily": 25, "renewals_daily": 100, "monthly_quota": 20000}
    raw.endpoint(name, limits={"item": raw.limits_item(name, **numbers)}, budget={"limit_amount": "50.0"})


def aside_worst_month_1(name: str) -> None:
    """A queue's worker is no endpoint."""
    role = aws.iam.Role(f"{name}-role", assume_role_policy=raw.trust("lambda.amazonaws.com"))
    worker = aws.lambda_.Function(
        f"{name}-worker", role=role.arn, runtime="python3.13", handler="handler.handler", code=raw.code()
    )
    queue = aws.sqs.Queue(f"{name}-queue")
    aws.lambda_.EventSourceMapping(f"{name}-mapping", event_source_arn=queue.arn, function_name=worker.arn)
