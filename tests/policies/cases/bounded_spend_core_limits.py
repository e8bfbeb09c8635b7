"""The limits of a function, and the switch that closes its gate."""

from __future__ import annotations

import json
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


def _guarded(name: str, **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare an endpoint with its guard, without alarms and budget."""
    return raw.endpoint(name, without=("alarm", "budget", *_ASIDE), **changes)


def bad_limits_item_1(name: str) -> None:
    _counted(name, ["limits"])


def bad_limits_item_2(name: str) -> None:
    """The limits of another function."""
    _counted(name, limits={"item": raw.limits_item("other")})


def bad_limits_item_3(name: str) -> None:
    """No daily quota in it."""
    item = json.loads(raw.limits_item(name))
    item.pop("daily_quota")
    _counted(name, limits={"item": json.dumps(item)})


def bad_limits_item_4(name: str) -> None:
    """In a table that the function does not use."""
    table = aws.dynamodb.Table(
        f"{name}-other",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        billing_mode="PAY_PER_REQUEST",
    )
    _counted(name, limits={"table_name": table.name})


def good_limits_item_1(name: str) -> None:
    _counted(name)


def good_limits_item_2(name: str) -> None:
    """A monthly quota beside, and the table's name in plain text."""
    _counted(name, limits={"item": raw.limits_item(name, monthly_quota=300000), "table_name": name})


def bad_stop_switch_1(name: str) -> None:
    """Settle closes another gate."""
    other = aws.cloudfront.KeyValueStore(f"{name}-other", name=f"{name}-other")
    _ledger(name, settle={"environment": {"variables": {"STORE_ARN": other.arn}}})


def bad_stop_switch_2(name: str) -> None:
    """Nothing can close a gate without a store."""
    _edge(name, gate={"key_value_store_associations": None})


def bad_stop_switch_3(name: str) -> None:
    """There is no key to turn."""
    _edge(name, ["closed"])


def bad_stop_switch_4(name: str) -> None:
    """The gate never asks."""
    _edge(name, gate={"code": "function handler(event) { return event.request; } // closed_until"})


def good_stop_switch_1(name: str) -> None:
    _ledger(name)


def good_stop_switch_2(name: str) -> None:
    """With a guard that closes it too."""
    _guarded(name)
