"""Read web ACLs; whatever of them is not imitated is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from edgewise.local.stack.aclmodel import Action, BlockResponse, RateBased, Rule, WebAcl
from edgewise.local.stack.aclstatement import read_statement
from edgewise.local.stack.imitated_acl import ACL_BLOCKS
from edgewise.local.stack.imitation import REMEDY
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from edgewise.local.stack.resource import Resource

_CONTENT_TYPES: Final = {"TEXT_PLAIN": "text/plain", "TEXT_HTML": "text/html", "APPLICATION_JSON": "application/json"}
# AWS WAF Developer Guide, "Sending custom responses for Block actions": 200 to 599, and no content-type
# among the headers.
_STATUSES: Final = range(200, 600)


def read(resources: Sequence[Resource]) -> dict[str, WebAcl]:
    """Read web ACLs, by ARN.

    Raises
    ------
    LocalEdgeError
        For a statement, an action, a key or a value that is not imitated, naming rule and place.
    """
    return {resource.text("arn"): _acl(resource) for resource in resources}


def _acl(resource: Resource) -> WebAcl:
    where = resource.where
    bodies = _bodies(resource)
    default = resource.mapping("defaultAction")
    chosen = _action(default, "default action", where=f"{where} defaultAction")
    entries = resource.inputs.get("rules") or []
    assert isinstance(entries, list)
    rules = sorted((_rule(entry, bodies, where=where) for entry in entries), key=lambda rule: rule.priority)
    if len({rule.priority for rule in rules}) != len(rules):
        raise LocalEdgeError(f"{where}: two rules have one priority, AWS WAF wants each to have its own")
    return WebAcl(
        name=resource.text("name"),
        arn=resource.text("arn"),
        metric=_metric(resource.mapping("visibilityConfig")),
        allows_by_default=chosen is Action.ALLOW,
        default_response=_response(default.get("block"), bodies, where=f"{where} defaultAction"),
        rules=tuple(rules),
    )


def _bodies(resource: Resource) -> dict[str, tuple[bytes, str]]:
    entries = resource.inputs.get("customResponseBodies") or []
    assert isinstance(entries, list)
    return {
        str(entry["key"]): (str(entry["content"]).encode(), _CONTENT_TYPES[str(entry["contentType"])])
        for entry in entries
    }


def _rule(entry: Mapping[str, object], bodies: Mapping[str, tuple[bytes, str]], *, where: str) -> Rule:
    name = str(entry["name"])
    where = f"{where} rule {name!r}"
    ACL_BLOCKS["rule"].check(where, entry)
    action = entry.get("action") or {}
    assert isinstance(action, Mapping)
    chosen = _action(action, "action", where=f"{where} action")
    statement = entry["statement"]
    assert isinstance(statement, Mapping)
    read = read_statement(statement, where=where)
    if isinstance(read, RateBased) and chosen is Action.ALLOW:
        raise LocalEdgeError(f"{where}: a rate-based rule can't have the action allow, AWS WAF refuses it")
    config = entry.get("visibilityConfig") or {}
    assert isinstance(config, Mapping)
    return Rule(
        name=name,
        metric=_metric(config),
        priority=int(str(entry["priority"]).split(".", 1)[0]),
        action=chosen,
        response=_response(action.get("block"), bodies, where=where),
        statement=read,
    )


def _action(block: Mapping[str, object], imitation: str, *, where: str) -> Action:
    """Return the one action that a block names; an empty object is something that is said."""
    said = {key: value for key, value in block.items() if value is not None}
    ACL_BLOCKS[imitation].check(where, {key: value or True for key, value in said.items()})
    if len(said) != 1:
        raise LocalEdgeError(f"{where}: it must be one of allow, block and count, it is {sorted(said)}. {REMEDY}")
    ((kind, content),) = said.items()
    assert isinstance(content, Mapping)
    ACL_BLOCKS["block" if kind == Action.BLOCK.value else "pass"].check(f"{where} {kind}", content)
    return Action(kind)


def _metric(config: Mapping[str, object]) -> str:
    return str(config.get("metricName") or "")


def _response(block: object, bodies: Mapping[str, tuple[bytes, str]], *, where: str) -> BlockResponse | None:
    custom = block.get("customResponse") if isinstance(block, Mapping) else None
    if not isinstance(custom, Mapping) or not custom:
        return None
    status = int(str(custom["responseCode"]).split(".", 1)[0])
    if status not in _STATUSES:
        raise LocalEdgeError(f"{where}: responseCode is {status}, AWS WAF takes 200 to 599")
    key = custom.get("customResponseBodyKey")
    if key and key not in bodies:
        raise LocalEdgeError(f"{where}: customResponseBodyKey {key!r} is none of customResponseBodies {sorted(bodies)}")
    headers = {str(header["name"]): str(header["value"]) for header in custom.get("responseHeaders") or []}
    if any(name.lower() == "content-type" for name in headers):
        raise LocalEdgeError(f"{where}: responseHeaders sets content-type, AWS WAF takes it from the body alone")
    body, content_type = bodies[str(key)] if key else (b"", "")
    return BlockResponse(status=status, headers=headers, body=body, content_type=content_type)
