"""What the cases about limits and money are made of: an endpoint without what their rules don't look at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making

# Left out where a rule does not look at it, to keep the program small.
WATCH: Final = ("alarm", "budget", "guard", "guard_role", "guard_log")
ASIDE: Final = ("bucket", "log_group", "settle_log")


def ledger(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare an endpoint without what watches it."""
    return raw.endpoint(name, without=(*WATCH, *ASIDE, *without), **changes)


def counted(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare a function and its ledger, which nobody reads."""
    unread = ("settle", "settle_role", "dead_letters", "topic", "acl", "store", "gate", "access")
    ledger(name, (*unread, *without), **changes)


def edge_without_logs(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare what stands at the edge, and nothing behind it."""
    making = Making(name, ("log_group", "bucket", "access", *without), changes)
    edge(making)
    making.finish()
