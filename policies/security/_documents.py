"""IAM documents as lists of statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from policies.core.resource import Resource

Statement = dict[str, Any]
ANYBODY: Final = "*"


def statements(resource: Resource, *path: str | int) -> list[Statement]:
    """Return what a document allows or denies.

    A document into which another resource's ARN goes is known after the first update only: it is not there before,
    and is judged at the next preview.

    Raises
    ------
    UnknownValueError
        When it is known and no JSON object.
    """
    if resource.known(*path) is None:
        return []
    found = resource.document(*path).get("Statement", ())
    return [each for each in ([found] if isinstance(found, dict) else found) if isinstance(each, dict)]


def texts(value: Any) -> list[str]:
    """Return a value that may be a text or a list of texts as a list."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else [str(each) for each in value]


def is_anybody(principal: Any) -> bool:
    """Tell whether a statement's principal is everybody, whatever the way it is written."""
    named: Iterable[Any] = principal.values() if isinstance(principal, dict) else [principal]
    return any(ANYBODY in texts(each) for each in named)
