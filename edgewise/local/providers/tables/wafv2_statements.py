"""What AWS WAF refuses inside a rule's statement, at any depth (facts/resources.md, 5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import at
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json, is_hidden_key

POSITIONS = ("EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD")  # B: PositionalConstraint
COMPARISONS = ("EQ", "NE", "LE", "LT", "GE", "GT")  # B: ComparisonOperator
MAX_SEARCH_BYTES = 200  # AWS WAF quotas: bytes of a string to match
MAX_SIZE = 21_474_836_480  # B: Size
MAX_TRANSFORMATIONS = 10  # AWS WAF quotas: text transformations a statement
LISTS = ("andStatement", "orStatement")


def statements(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse what no statement may say, and a rate inside another statement."""
    for path, statement in at(inputs, "rules[].statement"):
        yield from _one(statement, path, nested=False)


def _one(statement: Json, path: str, *, nested: bool) -> Iterator[Failure]:
    if not isinstance(statement, Mapping) or UNKNOWN in statement.values():
        return
    said = _given(statement)
    if len(said) != 1:
        yield Failure(path=path, reason=f"{sorted(said)}; a statement is exactly one of its kinds")
        return
    (kind,) = said
    content, where = statement[kind], f"{path}.{kind}"
    if not isinstance(content, Mapping):
        return
    if kind == "rateBasedStatement":
        if nested:
            yield Failure(path=where, reason="a rate-based statement can't be nested")
        yield from _one(content.get("scopeDownStatement"), f"{where}.scopeDownStatement", nested=True)
    elif kind == "notStatement":
        yield from _one(content.get("statement"), f"{where}.statement", nested=True)
    elif kind in LISTS:
        yield from _several(content, where)
    else:
        yield from _leaf(kind, content, where)


def _several(content: Mapping[str, Json], where: str) -> Iterator[Failure]:
    inside = content.get("statements")
    if not isinstance(inside, list):
        return
    if len(inside) < 2:
        yield Failure(path=f"{where}.statements", reason=f"{len(inside)} statements; at least 2 are needed")
    for index, each in enumerate(inside):
        yield from _one(each, f"{where}.statements[{index}]", nested=True)


def _leaf(kind: str, content: Mapping[str, Json], where: str) -> Iterator[Failure]:
    if kind not in ("byteMatchStatement", "sizeConstraintStatement"):
        return
    yield from _field(content, where)
    transformations = content.get("textTransformations")
    if isinstance(transformations, list) and not 1 <= len(transformations) <= MAX_TRANSFORMATIONS:
        reason = f"{len(transformations)} transformations; 1 to {MAX_TRANSFORMATIONS} are needed, NONE is one"
        yield Failure(path=f"{where}.textTransformations", reason=reason)
    if kind == "byteMatchStatement":
        yield from _word(content, "positionalConstraint", POSITIONS, where)
        searched = content.get("searchString")
        if isinstance(searched, str) and searched != UNKNOWN and not 1 <= len(searched.encode()) <= MAX_SEARCH_BYTES:
            reason = f"{len(searched.encode())} bytes; 1 to {MAX_SEARCH_BYTES} are allowed"
            yield Failure(path=f"{where}.searchString", reason=reason)
    else:
        yield from _word(content, "comparisonOperator", COMPARISONS, where)
        size = content.get("size")
        if isinstance(size, int | float) and not 0 <= size <= MAX_SIZE:
            yield Failure(path=f"{where}.size", reason=f"{size} is not within 0 to {MAX_SIZE}")


def _given(block: Mapping[str, Json]) -> list[str]:
    return [name for name, told in block.items() if told is not None and not is_hidden_key(name)]


def _field(content: Mapping[str, Json], where: str) -> Iterator[Failure]:
    field = content.get("fieldToMatch")
    if field == UNKNOWN:
        return
    named = _given(field) if isinstance(field, Mapping) else []
    if len(named) != 1:
        yield Failure(path=f"{where}.fieldToMatch", reason=f"{sorted(named)}; name exactly one part of the request")


def _word(content: Mapping[str, Json], key: str, allowed: tuple[str, ...], where: str) -> Iterator[Failure]:
    value = content.get(key)
    if value != UNKNOWN and value not in allowed:
        yield Failure(path=f"{where}.{key}", reason=f"{value!r} is not one of {', '.join(allowed)}")
