"""Capacity units of a web ACL, as AWS WAF counts them at most: above 1,500 each request costs more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from policies.core.statements import RATE
from policies.core.web_acl import AclRule

# AWS WAF Developer Guide, the page of each statement type. NONE is counted as a transformation like the others: the
# guide does not say that it is free.
_MATCH: Final = {"EXACTLY": 2, "STARTS_WITH": 2, "ENDS_WITH": 2, "CONTAINS": 10, "CONTAINS_WORD": 10}
_FLAT: Final = {
    "sizeConstraintStatement": 1,
    "geoMatchStatement": 1,
    "ipSetReferenceStatement": 1,
    "labelMatchStatement": 1,
    "regexMatchStatement": 3,
    "regexPatternSetReferenceStatement": 25,
    "sqliMatchStatement": 30,
    "xssMatchStatement": 40,
}
_RATE: Final = 2
_TRANSFORMATION: Final = 10
# A statement that is not listed, such as somebody's rule group: more than is free, so that it is paid for.
_UNLISTED: Final = 1_501


def capacity_units(rules: Iterable[AclRule]) -> int:
    """Return the most capacity units that some rules take."""
    return sum(_units(rule.statement) for rule in rules)


def _units(statement: Mapping[str, Any]) -> int:
    units = 0
    for kind, content in statement.items():
        if not isinstance(content, Mapping):
            continue
        if kind in {"andStatement", "orStatement", "notStatement"}:
            units += sum(_units(each) for each in content.get("statements") or ())
        elif kind == RATE:
            units += _RATE + _units(content.get("scopeDownStatement") or {})
        else:
            units += _leaf(kind, content) + _TRANSFORMATION * len(content.get("textTransformations") or ())
    return units


def _leaf(kind: str, content: Mapping[str, Any]) -> int:
    if kind == "byteMatchStatement":
        return _MATCH.get(str(content.get("positionalConstraint")), _UNLISTED)
    return _FLAT.get(kind, _UNLISTED)
