"""A stack as policies see it, written to JSON and read back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from policies.core.resource import UNKNOWN, Resource, Stack, link

MARK: Final = {"a value that is not known": True}


def dump(stack: Stack) -> str:
    """Write a stack; where a value is not known stands `MARK`."""
    return json.dumps([_written(each) for each in stack.resources])


def load(text: str, *, keep: Callable[[Resource], bool] = lambda _: True) -> Stack:
    """Read a stack, or the part of it that is kept."""
    documents: list[dict[str, Any]] = json.loads(text)
    made = [
        Resource(urn=each["urn"], type=each["type"], name=each["name"], props=_read(each["props"]))
        for each in documents
    ]
    by_urn = {each.urn: each for each in made}
    for each, document in zip(made, documents, strict=True):
        each.parent = by_urn.get(document["parent"])
    return link([each for each in made if keep(each)], {each["urn"]: each["links"] for each in documents})


def _written(resource: Resource) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "props": _marked(resource.props),
        "parent": resource.parent.urn if resource.parent else None,
        "links": {key: [each.urn for each in sources] for key, sources in resource.links.items()},
    }


def _marked(value: Any) -> Any:
    if value is UNKNOWN:
        return MARK
    if isinstance(value, dict):
        return {key: _marked(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_marked(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else f"<{type(value).__name__}>"


def _read(value: Any) -> Any:
    if value == MARK:
        return UNKNOWN
    if isinstance(value, dict):
        return {key: _read(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_read(each) for each in value]
    return value
