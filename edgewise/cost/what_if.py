"""Change a description by ``key=value``: ``memory_mb=256``, ``plan=pro``, ``assumed.flood_rps=100``, ``guard=none``."""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Described = TypeVar("Described")

# The settings' own names for what lies deeper in the description.
ALIASES: Final[Mapping[str, str]] = {
    "assumed_flood_rps": "assumed.flood_rps",
    "assumed_signed_flood_rps": "assumed.signed_flood_rps",
    "lease_least": "lease.requests",
    "lease_seconds": "lease.seconds",
}


def what_if(described: Described, changes: Iterable[str]) -> Described:
    """Return the description with changes applied, in order.

    Parameters
    ----------
    described : dataclass
        An endpoint or a stack's shared resources.
    changes : iterable of str
        ``key=value``; a dot reaches into a part, ``none`` takes an optional part or limit away.

    Raises
    ------
    ValueError
        Names the key, the value and what is expected.

    Examples
    --------
    >>> from edgewise.cost.bound import Lease
    >>> what_if(Lease(), ["requests=10"]).requests
    10
    """
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals:
            raise ValueError(f"what-if {change!r}: expected key=value")
        described = _changed(described, ALIASES.get(key, key), value, key)
    return described


def value_at(described: object, path: str) -> Any:
    """Return the value that a dotted path reaches, None when a part on the way is absent."""
    value: Any = described
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value


def put(described: Described, path: str, value: object) -> Described:
    """Return the description with the value at a dotted path replaced."""
    head, _, rest = path.partition(".")
    inner = put(getattr(described, head), rest, value) if rest else value
    return replace(described, **{head: inner})  # type: ignore[type-var]  # any dataclass; TypeVar can't say so


def _changed(described: Described, path: str, text: str, key: str) -> Described:
    head, _, rest = path.partition(".")
    names = [field.name for field in fields(described)]  # type: ignore[arg-type]  # a dataclass, see `put`
    if head not in names:
        raise ValueError(f"what-if key {key!r}: unknown, use one of {', '.join(sorted(names))}")
    if not rest:
        return put(described, head, _parsed(get_type_hints(type(described))[head], text, key))
    part = getattr(described, head)
    if part is None:
        raise ValueError(f"what-if key {key!r}: the endpoint has no '{head}'")
    if not is_dataclass(part):
        raise ValueError(f"what-if key {key!r}: '{head}' has no parts")
    return put(described, head, _changed(part, rest, text, key))


def _parsed(hint: Any, text: str, key: str) -> object:
    allowed = list(get_args(hint)) if get_origin(hint) in (Union, types.UnionType) else [hint]
    for kind in allowed:
        parsed = _as_kind(kind, text)
        if parsed is not _NO:
            return parsed
    expected = ", ".join(_kind_name(kind) for kind in allowed)
    raise ValueError(f"what-if key {key!r}: {text!r} is not one of: {expected}")


_NO: Final = object()


def _as_kind(kind: Any, text: str) -> object:
    lowered = text.strip().lower()
    if get_origin(kind) is Literal:
        return next((word for word in get_args(kind) if str(word).lower() == lowered), _NO)
    if kind is types.NoneType:
        return None if lowered in ("none", "null") else _NO
    if kind is bool:
        return {"true": True, "false": False}.get(lowered, _NO)
    if kind is int:
        digits = lowered.replace("_", "").removeprefix("-")
        return int(lowered) if digits.isdecimal() and digits.isascii() else _NO
    if kind is Decimal:
        return _as_decimal(lowered)
    return text if kind is str else _NO


def _as_decimal(text: str) -> object:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return _NO
    return value if value.is_finite() else _NO


def _kind_name(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " | ".join(str(word) for word in get_args(kind))
    return "none" if kind is types.NoneType else kind.__name__
