"""A web ACL as its rules work on a request: which statement matches, which rule ends it, which rule counts it.

What a request does not show (addresses, countries, labels, bodies, other people's rule groups) is a variable that a
question is asked for with both values: nobody gets the benefit of the doubt.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from policies.core.resource import UNKNOWN, Resource, UnknownValueError

Statement = Mapping[str, Any]
Seen = Mapping[str, bool]
"""By unseen statement, as JSON: whether it matches."""

RATE: Final = "rateBasedStatement"
# WAF, RateBasedStatement: the window when none is set.
DEFAULT_WINDOW_S: Final = 300
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


@dataclass(frozen=True, kw_only=True, slots=True)
class AclRule:
    """One rule.

    Attributes
    ----------
    action : str
        ``allow``, ``block``, ``count``, ``captcha``, ``challenge``; ``group`` for a rule group that may allow.
    """

    name: str
    priority: float
    action: str
    statement: Statement

    @property
    def rate(self) -> Statement | None:
        """The rate-based statement, if it is one."""
        found: Statement | None = self.statement.get(RATE)
        return found

    @property
    def ends(self) -> bool:
        """Whether a request that it matches goes no further, whatever its rate."""
        return self.rate is None and self.action in {"allow", "block", "group"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Acl:
    """A web ACL read once.

    Attributes
    ----------
    rules : tuple of AclRule
        In the order in which they are tried.
    blocks : bool
        Whether what no rule names is blocked.
    """

    rules: tuple[AclRule, ...]
    blocks: bool

    def passes(self, request: Request, seen: Seen) -> bool:
        """Tell whether a request gets through while no rate rule is over its limit."""
        for rule in self.rules:
            if rule.ends and matches(rule.statement, request, seen):
                return rule.action != "block"
        return not self.blocks

    def counts(self, counting: AclRule, request: Request, seen: Seen) -> bool:
        """Tell whether a rate rule counts a request: nothing ends it before, and the scope takes it in."""
        for rule in self.rules:
            if rule is counting:
                scope = (counting.rate or {}).get("scopeDownStatement")
                return scope is None or matches(scope, request, seen)
            if rule.ends and matches(rule.statement, request, seen):
                return False
        return False

    @property
    def leaves(self) -> list[Statement]:
        """The statements of all rules that hold no other."""
        return [leaf for rule in self.rules for leaf in leaves(rule.statement)]

    @property
    def unseen(self) -> set[str]:
        """The statements that a request does not decide, as JSON."""
        return {_text(leaf) for leaf in self.leaves if _decide(leaf, _showing(leaf)) is None}


def read_acl(acl: Resource) -> Acl:
    """Read a web ACL.

    Raises
    ------
    UnknownValueError
        When a rule is not known, or the rules stand in JSON of their own, which is not read.
    """
    if acl.get("ruleJson") is not None:
        raise UnknownValueError(acl, "ruleJson (rules in JSON are not read: write them as rules)")
    found = []
    for index, each in enumerate(acl.get("rules", default=())):
        rule = acl.sure(each, f"rules.{index}")
        for key in ("priority", "action", "statement"):
            if _has_unknown(rule.get(key)):
                raise UnknownValueError(acl, f"rules.{index}.{key}")
        statement = rule.get("statement") or {}
        found.append(
            AclRule(
                name=str(rule.get("name")),
                priority=float(rule.get("priority") or 0),
                action=_action(rule),
                statement=statement,
            )
        )
    ordered = tuple(sorted(found, key=lambda rule: rule.priority))
    return Acl(rules=ordered, blocks=acl.get("defaultAction", "block") is not None)


def _has_unknown(value: Any) -> bool:
    """Tell whether a value is not known; ARNs of sets and groups never are at first, and decide nothing here."""
    if isinstance(value, Mapping):
        return any(key != "arn" and _has_unknown(each) for key, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(map(_has_unknown, value))
    return value is UNKNOWN


def _action(rule: Mapping[str, Any]) -> str:
    override = rule.get("overrideAction")
    if isinstance(override, Mapping):
        # AWS's own groups allow nothing: they block, count, label, or ask.
        owner = ((rule.get("statement") or {}).get("managedRuleGroupStatement") or {}).get("vendorName")
        return "count" if override.get("count") is not None or owner == "AWS" else "group"
    keys = [key for key, value in (rule.get("action") or {}).items() if value is not None]
    return keys[0] if len(keys) == 1 else ""


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
        decided = _decide(leaf, request)
        return seen.get(_text(leaf), False) if decided is None else decided
    return False


def _inner(content: Mapping[str, Any]) -> Sequence[Statement]:
    """Return what a not-statement denies: one statement, which the provider wraps in a list."""
    inner = content.get("statements") or content.get("statement") or ()
    return (inner,) if isinstance(inner, Mapping) else inner


def _showing(leaf: Statement) -> Request:
    """Return a request that has the header a leaf asks for."""
    ((_, content),) = leaf.items()
    header = (content.get("fieldToMatch") or {}).get("singleHeader") or {}
    return Request(method="GET", path="/", headers={str(header.get("name")).lower(): "x"})


def _decide(leaf: Statement, request: Request) -> bool | None:
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


def _text(leaf: Statement) -> str:
    return json.dumps(leaf, sort_keys=True, default=str)
