"""Filters of an event source mapping: patterns in EventBridge's language over a record's JSON.

AWS, Lambda Developer Guide, "Control which events Lambda sends to your function"; EventBridge User Guide, "Comparison
operators". What is not known here is refused by name before anything starts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from edgewise.local.stack.model import LocalEdgeError

_MISSING: Final = object()
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "=": lambda found, asked: found == asked,
    "<": lambda found, asked: found < asked,
    "<=": lambda found, asked: found <= asked,
    ">": lambda found, asked: found > asked,
    ">=": lambda found, asked: found >= asked,
}


def read_patterns(texts: Sequence[str], *, where: str) -> list[dict[str, Any]]:
    """Read and check patterns.

    Parameters
    ----------
    texts : sequence of str
        Each a JSON object.
    where : str
        The mapping, for the error.

    Raises
    ------
    LocalEdgeError
        For a pattern that is no object, and for an operator that is not imitated.
    """
    patterns = []
    for text in texts:
        try:
            pattern = json.loads(text)
        except ValueError as error:
            raise LocalEdgeError(f"{where}: filter {text!r} is no JSON: {error}") from error
        _check(pattern, where, top=True)
        patterns.append(pattern)
    return patterns


def passes(record: Mapping[str, Any], patterns: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a record fits one of the patterns; without any, all do."""
    return not patterns or any(_fits(record, pattern) for pattern in patterns)


def _check(pattern: object, where: str, *, top: bool = False) -> None:
    if isinstance(pattern, Mapping):
        for key, inner in pattern.items():
            if key == "$or":
                raise LocalEdgeError(f"{where}: the filter operator '$or' is not imitated. See docs/local-edge.md")
            _check(inner, where)
        return
    if top or not isinstance(pattern, list):
        raise LocalEdgeError(f"{where}: a filter has {pattern!r} where an object or a list of values is expected")
    for rule in pattern:
        if isinstance(rule, Mapping) and (len(rule) != 1 or next(iter(rule)) not in _OPERATORS):
            known = ", ".join(sorted(_OPERATORS))
            raise LocalEdgeError(f"{where}: the filter rule {json.dumps(rule)} is not imitated: one of {known} is")


def _fits(found: object, pattern: Mapping[str, Any]) -> bool:
    for key, wanted in pattern.items():
        inner = found.get(key, _MISSING) if isinstance(found, Mapping) else _MISSING
        if isinstance(wanted, Mapping):
            if not _fits(inner, wanted):
                return False
        elif not any(_rule_fits(inner, rule) for rule in wanted):
            return False
    return True


def _rule_fits(found: object, rule: object) -> bool:
    if isinstance(rule, Mapping):
        operator, asked = next(iter(rule.items()))
        if operator == "exists":
            # Of leaves only: an object that is there does not count.
            return (found is not _MISSING and not isinstance(found, Mapping)) == bool(asked)
        return any(_OPERATORS[operator](value, asked) for value in _values(found))
    return any(_same(value, rule) for value in _values(found))


def _values(found: object) -> Sequence[object]:
    """Return what is compared: a list's entries each, nothing for what is not there."""
    if found is _MISSING:
        return ()
    return found if isinstance(found, list) else (found,)


def _same(found: object, asked: object) -> bool:
    return isinstance(found, bool) == isinstance(asked, bool) and found == asked


def _anything_but(found: object, asked: Any) -> bool:
    if isinstance(asked, Mapping):
        operator, inner = next(iter(asked.items()))
        return not _OPERATORS[operator](found, inner)
    return not any(_same(found, value) for value in (asked if isinstance(asked, list) else [asked]))


def _numeric(found: object, asked: Any) -> bool:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    pairs = zip(asked[::2], asked[1::2], strict=True)
    return all(_COMPARISONS[operator](found, float(limit)) for operator, limit in pairs)


_OPERATORS: Final[Mapping[str, Callable[[object, Any], bool]]] = {
    "prefix": lambda found, asked: isinstance(found, str) and found.startswith(asked),
    "suffix": lambda found, asked: isinstance(found, str) and found.endswith(asked),
    "equals-ignore-case": lambda found, asked: isinstance(found, str) and found.lower() == str(asked).lower(),
    "exists": lambda _found, asked: bool(asked),
    "anything-but": _anything_but,
    "numeric": _numeric,
}
