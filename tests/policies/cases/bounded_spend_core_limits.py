"""The limits of a function, and the switch that closes its gate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.cases._behind_edge import ASIDE, counted, edge_without_logs, ledger


def _guarded(name: str, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare an endpoint with its guard, without alarms and budget."""
    return raw.endpoint(name, without=("alarm", "budget", *ASIDE), **changes)


def bad_limits_item_1(name: str) -> None:
    counted(name, ["limits"])


def bad_limits_item_2(name: str) -> None:
    """The limits of another function."""
    counted(name, limits={"item": raw.limits_item("other")})


def bad_limits_item_3(name: str) -> None:
    """No daily quota in it."""
    item = json.loads(raw.limits_item(name))
    item.pop("daily_quota")
    counted(name, limits={"item": json.dumps(item)})


def bad_limits_item_4(name: str) -> None:
    """In a table that the function does not use."""
    table = aws.dynamodb.Table(
        f"{name}-other",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
    )
    counted(name, limits={"table_name": table.name})


def good_limits_item_1(name: str) -> None:
    counted(name)


def good_limits_item_2(name: str) -> None:
    """A monthly quota beside, and the table's name in plain text."""
    counted(name, limits={"item": raw.limits_item(name, monthly_quota=300000), "table_name": name})


def bad_stop_switch_1(name: str) -> None:
    """Settle closes another gate."""
    other = aws.cloudfront.KeyValueStore(f"{name}-other", name=f"{name}-other")
    ledger(name, settle={"environment": {"variables": {"STORE_ARN": other.arn}}})


def bad_stop_switch_2(name: str) -> None:
    """Nothing can close a gate without a store."""
    edge_without_logs(name, gate={"key_value_store_associations": None})


def bad_stop_switch_3(name: str) -> None:
    """There is no key to turn."""
    edge_without_logs(name, ["closed"])


def bad_stop_switch_4(name: str) -> None:
    """The gate never asks."""
    edge_without_logs(name, gate={"code": "function handler(event) { return event.request; } // closed_until"})


def good_stop_switch_1(name: str) -> None:
    ledger(name)


def good_stop_switch_2(name: str) -> None:
    """With a guard that closes it too."""
    _guarded(name)
