"""The worst month, from the resources themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making

# Left out where a rule does not look at it, to keep the program small.
_WATCH: Final = ("alarm", "budget", "guard", "guard_role", "guard_log")
_ASIDE: Final = ("bucket", "log_group", "settle_log")


def _ledger(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare an endpoint without what watches it."""
    return raw.endpoint(name, without=(*_WATCH, *_ASIDE, *without), **changes)


def _counted(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare a function and its ledger, which nobody reads."""
    unread = ("settle", "settle_role", "dead_letters", "topic", "acl", "store", "gate", "access")
    _ledger(name, (*unread, *without), **changes)


def _edge(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare what stands at the edge, and nothing behind it."""
    making = Making(name, ("log_group", "bucket", "access", *without), changes)
    edge(making)
    making.finish()


def bad_worst_month_1(name: str) -> None:
    """Nothing in the program limits how often it runs."""
    _edge(name)


def bad_worst_month_2(name: str) -> None:
    """A quota, and nobody who ends a flood or says what it may cost."""
    _counted(name)


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
