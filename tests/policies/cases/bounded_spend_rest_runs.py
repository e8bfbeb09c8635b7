"""Logs, queries, retries and timeouts."""

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
_ELSEWHERE: Final = "arn:aws:lambda:us-east-1:000000000000:function:face-match:6"


def _endpoint(
    name: str, also: Collection[str] = (), without: Collection[str] = (), **changes: Mapping[str, Any]
) -> None:
    """Declare a distribution, its function and its ledger, and what is asked for besides."""
    raw.endpoint(name, without={*_OPTIONAL, *without} - {*also}, **changes)


def _ledger(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with what reads its ledger's stream."""
    _endpoint(name, set(_STREAM) - {*without}, without, **changes)


def _logged(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    """Declare an endpoint with its logs."""
    _endpoint(name, {*_STREAM, "log_group", "settle_log"} - {*without}, without, **changes)


def _workgroup(name: str, **configuration: Any) -> None:
    settings: Any = configuration or None
    aws.athena.Workgroup(f"{name}-queries", name=name, configuration=settings)


def bad_log_retention_1(name: str) -> None:
    _logged(name, without=["log_group"])


def bad_log_retention_2(name: str) -> None:
    _logged(name, log_group={"retention_in_days": 0})


def good_log_retention_1(name: str) -> None:
    _logged(name)


def good_log_retention_2(name: str) -> None:
    _logged(name, log_group={"retention_in_days": 365})


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
