"""Read the statements of a web ACL's rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from edgewise.local.stack.aclmodel import (
    AllOf,
    AnyOf,
    ByteMatch,
    FieldToMatch,
    Not,
    Part,
    RateBased,
    SizeConstraint,
    Statement,
)
from edgewise.local.stack.imitated_acl import ACL_BLOCKS
from edgewise.local.stack.imitation import REMEDY
from edgewise.local.stack.model import LocalEdgeError

_POSITIONS: Final = ("EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS")
_COMPARISONS: Final = ("EQ", "NE", "LE", "LT", "GE", "GT")
_TRANSFORMATIONS: Final = ("NONE", "LOWERCASE", "URL_DECODE")
_OVERSIZE: Final = ("CONTINUE", "MATCH", "NO_MATCH")
_WINDOWS_S: Final = (60, 120, 300, 600)
_DEFAULT_WINDOW_S: Final = 300
_LIMITS: Final = range(10, 2_000_000_001)
# The service matches methods in byte matches, but AWS WAF has no size constraint worth having on them.
_SIZED: Final = (Part.URI_PATH, Part.QUERY_STRING, Part.SINGLE_HEADER, Part.BODY)
_MATCHED: Final = (Part.METHOD, Part.URI_PATH, Part.QUERY_STRING, Part.SINGLE_HEADER)

Block = Mapping[str, object]


def read_statement(block: Block, *, where: str) -> Statement | RateBased:
    """Read a rule's statement.

    Raises
    ------
    LocalEdgeError
        For what is not imitated, by name.
    """
    kind, content = _only(block, "statement", where=where)
    if kind == "rateBasedStatement":
        return _rate(content, where=f"{where} {kind}")
    return _nested(kind, content, where=where)


def _statement(block: object, *, where: str) -> Statement:
    """Read a statement inside another: a rate may not be one."""
    assert isinstance(block, Mapping)
    kind, content = _only(block, "nested statement", where=where)
    return _nested(kind, content, where=where)


def _only(block: Block, imitation: str, *, where: str) -> tuple[str, Block]:
    """Return the one thing that a block is."""
    said = {key: value for key, value in block.items() if value is not None}
    # An empty object is something that is said: {"allow": {}}, {"uriPath": {}}.
    ACL_BLOCKS[imitation].check(where, {key: value or True for key, value in said.items()})
    if len(said) != 1:
        raise LocalEdgeError(f"{where}: {imitation} has {sorted(said)}, expected one of them")
    ((kind, content),) = said.items()
    assert isinstance(content, Mapping)
    return kind, content


def _nested(kind: str, content: Block, *, where: str) -> Statement:
    where = f"{where} {kind}"
    if kind == "byteMatchStatement":
        return _byte_match(content, where=where)
    if kind == "sizeConstraintStatement":
        return _size(content, where=where)
    if kind == "notStatement":
        return Not(statement=_statement(content["statement"], where=where))
    statements = content["statements"]
    assert isinstance(statements, list)
    read = tuple(_statement(statement, where=where) for statement in statements)
    return AllOf(statements=read) if kind == "andStatement" else AnyOf(statements=read)


def _byte_match(content: Block, *, where: str) -> ByteMatch:
    ACL_BLOCKS["byte match"].check(where, content)
    return ByteMatch(
        field=_field(content, _MATCHED, where=where),
        search=str(content["searchString"]).encode(),
        position=_one_of(content, "positionalConstraint", _POSITIONS, where=where),
        transformations=_transformations(content, where=where),
    )


def _size(content: Block, *, where: str) -> SizeConstraint:
    ACL_BLOCKS["size constraint"].check(where, content)
    return SizeConstraint(
        field=_field(content, _SIZED, where=where),
        comparison=_one_of(content, "comparisonOperator", _COMPARISONS, where=where),
        size=_whole(content["size"]),
        transformations=_transformations(content, where=where),
    )


def _field(content: Block, parts: tuple[Part, ...], *, where: str) -> FieldToMatch:
    block = content["fieldToMatch"]
    assert isinstance(block, Mapping)
    kind, told = _only(block, "field to match", where=f"{where} fieldToMatch")
    part = Part(kind)
    if part not in parts:
        names = " or ".join(known.value for known in parts)
        raise LocalEdgeError(f"{where}: fieldToMatch is {kind}, the local edge imitates only {names} here. {REMEDY}")
    if part is Part.SINGLE_HEADER:
        return FieldToMatch(part=part, header=str(told["name"]).lower())
    if part is Part.BODY and told.get("oversizeHandling"):
        return FieldToMatch(part=part, oversize=_one_of(told, "oversizeHandling", _OVERSIZE, where=where))
    return FieldToMatch(part=part)


def _transformations(content: Block, *, where: str) -> tuple[str, ...]:
    entries = content.get("textTransformations") or []
    assert isinstance(entries, list)
    if not entries:
        raise LocalEdgeError(f"{where}: textTransformations is missing, AWS WAF wants at least NONE")
    ordered = sorted(entries, key=lambda entry: _whole(entry["priority"]))
    return tuple(_one_of(entry, "type", _TRANSFORMATIONS, where=f"{where} textTransformations") for entry in ordered)


def _rate(content: Block, *, where: str) -> RateBased:
    ACL_BLOCKS["rate"].check(where, content)
    by_ip = _one_of(content, "aggregateKeyType", ("IP", "CONSTANT"), where=where) == "IP"
    window_s = _whole(content.get("evaluationWindowSec") or _DEFAULT_WINDOW_S)
    if window_s not in _WINDOWS_S:
        raise LocalEdgeError(f"{where}: evaluationWindowSec is {window_s}, AWS WAF takes {_WINDOWS_S}")
    limit = _whole(content["limit"])
    if limit not in _LIMITS:
        raise LocalEdgeError(f"{where}: limit is {limit}, AWS WAF takes {_LIMITS[0]} to {_LIMITS[-1]}")
    scope = content.get("scopeDownStatement")
    if scope is None and not by_ip:
        raise LocalEdgeError(f"{where}: aggregateKeyType CONSTANT needs a scopeDownStatement, AWS WAF refuses it")
    return RateBased(
        limit=limit,
        window_s=window_s,
        by_ip=by_ip,
        scope=None if scope is None else _statement(scope, where=f"{where} scopeDownStatement"),
    )


def _one_of(content: Block, key: str, known: tuple[str, ...], *, where: str) -> str:
    value = content.get(key)
    if value not in known:
        choices = " or ".join(known)
        raise LocalEdgeError(f"{where}: {key} is {value!r}, the local edge imitates only {choices}. {REMEDY}")
    return str(value)


def _whole(value: object) -> int:
    return int(str(value).split(".", 1)[0])
