"""A statement of a web ACL's rule, and whether a request matches it."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

Statement = Mapping[str, Any]
Seen = Mapping[str, bool]
"""By unseen statement, as JSON: whether it matches."""

RATE: Final = "rateBasedStatement"
_OPERATORS: Final = {
    "EQ": lambda left, right: left == right,
    "NE": lambda left, right: left != right,
    "LE": lambda left, right: left <= right,
    "LT": lambda left, right: left < right,
    "GE": lambda left, right: left >= right,
    "GT": lambda left, right: left > right,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A request as it comes, before anything decodes it; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    def __str__(self) -> str:
        """Write it as a person would."""
        shown = "".join(f", {name}: {value}" for name, value in self.headers.items())
        path = self.path if len(self.path) <= 60 else f"{self.path[:57]}... ({len(self.path)} characters)"
        return f"{self.method} {path}{shown}"


def leaves(statement: Statement) -> Iterator[Statement]:
    """Yield the statements that hold no other."""
    for kind, content in statement.items():
        if not isinstance(content, Mapping):
            continue
        if kind in {"andStatement", "orStatement"}:
            for each in content.get("statements") or ():
                yield from leaves(each)
        elif kind == "notStatement":
            for each in _inner(content):
                yield from leaves(each)
        elif kind == RATE:
            yield from leaves(content.get("scopeDownStatement") or {})
        else:
            yield {kind: content}


def matches(statement: Statement, request: Request, seen: Seen) -> bool:
    """Tell whether a statement matches."""
    for kind, content in statement.items():
        if not isinstance(content, Mapping):
            continue
        if kind == "andStatement":
            return all(matches(each, request, seen) for each in content.get("statements") or ())
        if kind == "orStatement":
            return any(matches(each, request, seen) for each in content.get("statements") or ())
        if kind == "notStatement":
            return not any(matches(each, request, seen) for each in _inner(content))
        leaf = {kind: content}
        decided = decide(leaf, request)
        return seen.get(text_of(leaf), False) if decided is None else decided
    return False


def _inner(content: Mapping[str, Any]) -> Sequence[Statement]:
    """Return what a not-statement denies: one statement, which the provider wraps in a list."""
    inner = content.get("statements") or content.get("statement") or ()
    return (inner,) if isinstance(inner, Mapping) else inner


def showing(leaf: Statement) -> Request:
    """Return a request that has the header a leaf asks for."""
    ((_, content),) = leaf.items()
    header = (content.get("fieldToMatch") or {}).get("singleHeader") or {}
    return Request(method="GET", path="/", headers={str(header.get("name")).lower(): "x"})


def decide(leaf: Statement, request: Request) -> bool | None:
    """Return whether a leaf matches; None where the request does not show it."""
    ((kind, content),) = leaf.items()
    part = _field(content.get("fieldToMatch"), request)
    if part is None or part is False:
        return part
    text = _transformed(str(part), content.get("textTransformations") or ())
    if text is None:
        return None
    match kind:
        case "byteMatchStatement":
            return _byte_match(text, content)
        case "sizeConstraintStatement":
            return _size(text, content)
        case "regexMatchStatement":
            return _regex(text, content.get("regexString"))
    return None


def _size(text: str, content: Mapping[str, Any]) -> bool | None:
    compare = _OPERATORS.get(str(content.get("comparisonOperator")))
    return None if compare is None else bool(compare(len(text.encode()), float(content.get("size") or 0)))


def _byte_match(text: str, content: Mapping[str, Any]) -> bool | None:
    wanted = content.get("searchString")
    if not isinstance(wanted, str):
        return None
    how = content.get("positionalConstraint")
    if how == "CONTAINS_WORD":
        return re.search(rf"(?<![A-Za-z0-9_]){re.escape(wanted)}(?![A-Za-z0-9_])", text) is not None
    found = {
        "EXACTLY": text == wanted,
        "STARTS_WITH": text.startswith(wanted),
        "ENDS_WITH": text.endswith(wanted),
        "CONTAINS": wanted in text,
    }
    return found.get(str(how))


def _regex(text: str, pattern: Any) -> bool | None:
    try:
        return re.search(str(pattern), text) is not None
    except re.error:
        return None


def _field(where: Any, request: Request) -> str | bool | None:
    """Return the part that a statement looks at; False where it is absent, None where it can't be seen."""
    if not isinstance(where, Mapping):
        return None
    if "uriPath" in where:
        return request.path
    if "method" in where:
        return request.method
    if "queryString" in where:
        return request.query
    header = where.get("singleHeader")
    if isinstance(header, Mapping):
        return request.headers.get(str(header.get("name")).lower(), False)
    return None


def _transformed(text: str, transformations: Sequence[Mapping[str, Any]]) -> str | None:
    for each in sorted(transformations, key=lambda one: float(one.get("priority") or 0)):
        match each.get("type"):
            case "NONE":
                pass
            case "LOWERCASE":
                text = text.lower()
            case "URL_DECODE" | "URL_DECODE_UNI":
                text = unquote(text)
            case "NORMALIZE_PATH" | "NORMALIZE_PATH_WIN":
                end = "/" if text.endswith("/") and len(text) > 1 else ""
                text = posixpath.normpath(text).replace("//", "/") + end
            case "COMPRESS_WHITE_SPACE":
                text = re.sub(r"\s+", " ", text)
            case _:
                return None
    return text


def text_of(leaf: Statement) -> str:
    """Write a statement as JSON, always the same."""
    return json.dumps(leaf, sort_keys=True, default=str)
