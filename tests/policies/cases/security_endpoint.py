"""Tags and signatures of an inference endpoint."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, Final

from tests.policies import raw

_LEFT_OUT: Final = (
    *("acl", "bucket", "access", "table", "permissions", "log_group", "token"),
    *("dead_letters", "settle", "settle_role", "settle_log"),
    *("topic", "alarm", "budget", "guard", "guard_role", "guard_log"),
)
_CODE: Final = "function handler(event) { return event.request; }"


def _endpoint(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> None:
    raw.endpoint(name, without=(*_LEFT_OUT, *without), **changes)


def _open_path(name: str) -> dict[str, Any]:
    """Return a behaviour that runs a function without a gate."""
    function = SimpleNamespace(qualified_arn="arn:aws:lambda:us-east-1:000000000000:function:other:1")
    return raw.behaviour(f"/v2/{name}/*", raw.EVERY_METHOD, raw.CACHING_DISABLED, None, function)


def bad_signature_gate_1(name: str) -> None:
    """A gate that lets everything pass."""
    _endpoint(name, gate={"code": _CODE})


def bad_signature_gate_2(name: str) -> None:
    """A second path without a gate."""
    _endpoint(name, distribution={"ordered_cache_behaviors": [_open_path(name)]})


def bad_signature_gate_3(name: str) -> None:
    """Nothing to verify with."""
    _endpoint(name, without=["key"])


def bad_signature_gate_4(name: str) -> None:
    """The verification stands in a comment."""
    _endpoint(name, gate={"code": f"// crypto.createHmac('sha256', key)\n{_CODE}"})


def good_signature_gate_1(name: str) -> None:
    _endpoint(name)


def good_signature_gate_2(name: str) -> None:
    """CloudFront verifies by itself."""
    behaviour = _open_path(name) | {"trusted_key_groups": ["00000000-0000-0000-0000-000000000000"]}
    _endpoint(name, distribution={"ordered_cache_behaviors": [behaviour]})


def bad_tags_1(name: str) -> None:
    _endpoint(name, function={"tags": None})


def bad_tags_2(name: str) -> None:
    _endpoint(name, distribution={"tags": {"edgewise:function": name}})


def good_tags_1(name: str) -> None:
    _endpoint(name)


def good_tags_2(name: str) -> None:
    """More than is asked for."""
    more = {"edgewise:cost-centre": "edge-platform", "edgewise:environment": "cases", "team": "edge"}
    _endpoint(name, role={"tags": more})
