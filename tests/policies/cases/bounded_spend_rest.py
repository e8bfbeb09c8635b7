"""What stands around an endpoint: its ledger's stream and who reads it, alarms, budget, logs, queries, retries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, Final

import pulumi_aws as aws

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
_ELSEWHERE: Final = "arn:aws:lambda:us-east-1:000000000000:function:face-match:6"


def _endpoint(
    name: str, also: Collection[str] = (), without: Collection[str] = (), **changes: Mapping[str, Any]
) -> None:
    """Declare a distribution, its function and its ledger, and what is asked for besides."""
    raw.endpoint(name, without={*_OPTIONAL, *without} - {*also}, **changes)


def _ledger(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with what reads its ledger's stream."""
    _endpoint(name, set(_STREAM) - {*without}, without, **changes)


def _watched(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with its alarms and who is told."""
    _endpoint(name, set(_RING) - {*without}, without, **changes)


def _budget(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint whose spend a budget watches."""
    _endpoint(name, {"topic", "budget"} - {*without}, without, **changes)


def _logged(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with its logs."""
    _endpoint(name, {*_STREAM, "log_group", "settle_log"} - {*without}, without, **changes)


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


def bad_alarms_ring_1(name: str) -> None:
    _watched(name, without=["alarm"])


def bad_alarms_ring_2(name: str) -> None:
    _watched(name, alarm={"alarm_actions": []})


def bad_alarms_ring_3(name: str) -> None:
    """A topic without a subscriber."""
    _watched(name, without=["subscription"])


def bad_alarms_ring_4(name: str) -> None:
    _watched(name, alarm={"actions_enabled": False})


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
    """Of the whole account, by mail."""
    _budget(name, budget={"cost_filters": None, "notifications": [_MAIL]})


def bad_log_retention_1(name: str) -> None:
    _logged(name, without=["log_group"])


def bad_log_retention_2(name: str) -> None:
    _logged(name, log_group={"retention_in_days": 0})


def bad_log_retention_3(name: str) -> None:
    _logged(name, without=["settle_log"])


def good_log_retention_1(name: str) -> None:
    _logged(name)


def good_log_retention_2(name: str) -> None:
    _logged(name, log_group={"retention_in_days": 365})


def _workgroup(name: str, **configuration: Any) -> None:
    settings: Any = configuration or None
    aws.athena.Workgroup(f"{name}-queries", name=name, configuration=settings)


def bad_scan_cutoff_1(name: str) -> None:
    _endpoint(name)
    _workgroup(name)


def bad_scan_cutoff_2(name: str) -> None:
    _endpoint(name)
    _workgroup(name, bytes_scanned_cutoff_per_query=1_000_000_000_000)


def bad_scan_cutoff_3(name: str) -> None:
    _endpoint(name)
    _workgroup(name, bytes_scanned_cutoff_per_query=1_000_000_000, enforce_workgroup_configuration=False)


def good_scan_cutoff_1(name: str) -> None:
    _endpoint(name)
    _workgroup(name, bytes_scanned_cutoff_per_query=1_000_000_000)


def good_scan_cutoff_2(name: str) -> None:
    _endpoint(name)
    _workgroup(name, bytes_scanned_cutoff_per_query=5_000_000_000, enforce_workgroup_configuration=True)


def aside_scan_cutoff_1(name: str) -> None:
    """Queries beside no inference."""
    _workgroup(name, bytes_scanned_cutoff_per_query=1_000_000_000)


def bad_event_retries_1(name: str) -> None:
    """AWS's default: until the records expire."""
    _ledger(name, stream={"maximum_retry_attempts": None})


def bad_event_retries_2(name: str) -> None:
    _ledger(name, stream={"bisect_batch_on_function_error": True})


def bad_event_retries_3(name: str) -> None:
    """Lambda itself repeats a scheduled run twice."""
    _endpoint(name, {*_STREAM, *_GUARD}, ["guard_once"])


def good_event_retries_1(name: str) -> None:
    _endpoint(name, {*_STREAM, *_GUARD})


def good_event_retries_2(name: str) -> None:
    _ledger(name, stream={"maximum_retry_attempts": 0})


def bad_edge_timeout_1(name: str) -> None:
    _endpoint(name, function={"timeout": 30})


def bad_edge_timeout_2(name: str) -> None:
    """An older version, with the timeout that it was published with."""
    older = SimpleNamespace(qualified_arn=_ELSEWHERE)
    running = raw.behaviour(f"/v1/{name}/*", raw.EVERY_METHOD, raw.CACHING_DISABLED, None, older)
    _endpoint(name, distribution={"ordered_cache_behaviors": [running]})


def good_edge_timeout_1(name: str) -> None:
    _endpoint(name)


def good_edge_timeout_2(name: str) -> None:
    _endpoint(name, function={"timeout": 10})
