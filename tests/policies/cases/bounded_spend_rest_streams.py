"""The ledger's stream, who reads it, and what is given up."""

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
_ELSEWHERE: Final = "arn:aws:lambda:us-east-1:000000000000:function:face-match:6"


def _endpoint(
    name: str, also: Collection[str] = (), without: Collection[str] = (), **changes: Mapping[str, Any]
) -> None:
    """Declare a distribution, its function and its ledger, and what is asked for besides."""
    raw.endpoint(name, without={*_OPTIONAL, *without} - {*also}, **changes)


def _ledger(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with what reads its ledger's stream."""
    _endpoint(name, set(_STREAM) - {*without}, without, **changes)


def bad_ledger_stream_1(name: str) -> None:
    _endpoint(name, table={"stream_enabled": False, "stream_view_type": None})


def bad_ledger_stream_2(name: str) -> None:
    _endpoint(name, table={"stream_view_type": "KEYS_ONLY"})


def bad_ledger_stream_3(name: str) -> None:
    """The function may write no table."""
    _endpoint(name, without=["permissions"])


def good_ledger_stream_1(name: str) -> None:
    _endpoint(name)


def good_ledger_stream_2(name: str) -> None:
    _endpoint(name, table={"ttl": {"attribute_name": "expires", "enabled": True}})


def bad_settle_1(name: str) -> None:
    _ledger(name, without=["settle"])


def bad_settle_2(name: str) -> None:
    _ledger(name, stream={"enabled": False})


def bad_settle_3(name: str) -> None:
    """A function that this program does not show."""
    _ledger(name, stream={"function_name": _ELSEWHERE})


def good_settle_1(name: str) -> None:
    _ledger(name)


def good_settle_2(name: str) -> None:
    _ledger(name, stream={"batch_size": 10, "maximum_batching_window_in_seconds": 2})


def bad_dead_letters_1(name: str) -> None:
    _ledger(name, without=["dead_letters"])


def bad_dead_letters_2(name: str) -> None:
    _ledger(name, dead_letters={"message_retention_seconds": 3600})


def good_dead_letters_1(name: str) -> None:
    _ledger(name)


def good_dead_letters_2(name: str) -> None:
    """SQS keeps four days where nothing is said."""
    _ledger(name, dead_letters={"message_retention_seconds": None})
