"""Alarms and budgets, and who hears of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from tests.policies import raw

# Left out where a rule does not look at it: one program hosts all of this module.
_OPTIONAL: Final = frozenset(
    {
        *("acl", "store", "gate", "bucket", "access", "limits", "log_group"),
        *("dead_letters", "settle", "settle_role", "settle_log"),
        *("topic", "alarm", "budget", "guard", "guard_role", "guard_log"),
    }
)
_STREAM: Final = ("settle", "settle_role", "dead_letters")
_GUARD: Final = ("guard", "guard_role")
_RING: Final = (*_STREAM, *_GUARD, "topic", "alarm")
_MAIL: Final[dict[str, Any]] = {
    "notification_type": "ACTUAL",
    "comparison_operator": "GREATER_THAN",
    "threshold": 100,
    "threshold_type": "PERCENTAGE",
    "subscriber_email_addresses": ["edge-platform@example.com"],
}


def _endpoint(
    name: str, also: Collection[str] = (), without: Collection[str] = (), **changes: Mapping[str, Any]
) -> None:
    """Declare a distribution, its function and its ledger, and what is asked for besides."""
    raw.endpoint(name, without={*_OPTIONAL, *without} - {*also}, **changes)


def _watched(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with its alarms and who is told."""
    _endpoint(name, set(_RING) - {*without}, without, **changes)


def _budget(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint whose spend a budget watches."""
    _endpoint(name, {"topic", "budget"} - {*without}, without, **changes)


def bad_alarms_ring_1(name: str) -> None:
    _watched(name, without=["alarm"])


def bad_alarms_ring_2(name: str) -> None:
    _watched(name, alarm={"alarm_actions": []})


def bad_alarms_ring_3(name: str) -> None:
    """A topic without a subscriber."""
    _watched(name, without=["subscription"])


def good_alarms_ring_1(name: str) -> None:
    _watched(name)


def good_alarms_ring_2(name: str) -> None:
    """Without a guard there is none to watch."""
    _watched(name, without=[*_GUARD])


def bad_budget_notifies_1(name: str) -> None:
    _budget(name, without=["budget"])


def bad_budget_notifies_2(name: str) -> None:
    """A topic without a subscriber."""
    _budget(name, without=["subscription"])


def bad_budget_notifies_3(name: str) -> None:
    """A budget of another function."""
    _budget(name, budget={"cost_filters": [{"name": "TagKeyValue", "values": ["user:edgewise:function$other"]}]})


def good_budget_notifies_1(name: str) -> None:
    _budget(name)


def good_budget_notifies_2(name: str) -> None:
    """By mail. One of the whole account would count every other function of this module too."""
    _budget(name, budget={"notifications": [_MAIL]})
