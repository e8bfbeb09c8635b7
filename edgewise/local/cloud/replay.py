"""What fills the tables again after moto's death, without doing each write anew: one takes moto some 6 ms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgewise.local.cloud.journal import Journal
    from edgewise.local.stack.model import LocalStack

_WITH_IMAGES: Final = frozenset({"NEW_IMAGE", "NEW_AND_OLD_IMAGES"})


def writes(journal: Journal, stack: LocalStack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the requests that bring the stack's tables to where they were: each an operation and its body.

    A table with a stream has told of each item as it was left: that is put there. Writes to other tables are done
    as they came, in their order. Tables that the stack no longer has are passed over.
    """
    names = {table.name for table in stack.tables}
    told = {table.name for table in stack.tables if _has_images(table.definition.get("StreamSpecification"))}
    lines = list(journal.lines())
    if any(_of_both(tables_of(operation, body), told) for operation, body, _ in lines):
        told = set()  # a transaction over both kinds holds only when it is done as it came, and so do all before
    left: dict[tuple[str, str], dict[str, Any] | None] = {}
    begun: set[str] = set()
    for operation, body, records in lines:
        left.update(_left(records, told))
        begun.update(table for table, _ in left)
        touched = tables_of(operation, body)
        # A stream may be younger than its table: what was written before is told by nothing else.
        if touched <= names and not touched <= begun:
            yield operation, body
    for (table, _), image in left.items():
        if image is not None:
            yield "PutItem", {"TableName": table, "Item": image}


def tables_of(operation: str, request: Mapping[str, Any]) -> set[str]:
    """Return the names of the tables that a write touches."""
    if operation == "BatchWriteItem":
        return set(request["RequestItems"])
    if operation == "TransactWriteItems":
        return {next(iter(entry.values()))["TableName"] for entry in request["TransactItems"]}
    return {request["TableName"]}


def _has_images(stream: object) -> bool:
    return isinstance(stream, Mapping) and stream.get("StreamViewType") in _WITH_IMAGES


def _of_both(touched: set[str], told: set[str]) -> bool:
    return bool(touched & told) and not touched <= told


def _left(
    records: Iterable[Mapping[str, Any]], told: set[str]
) -> Iterator[tuple[tuple[str, str], dict[str, Any] | None]]:
    """Yield how records leave items, by table and key; None for one that was removed."""
    for record in records:
        table, change = str(record["eventSourceARN"]), record["dynamodb"]
        if table in told:
            yield (table, json.dumps(change["Keys"], sort_keys=True)), change.get("NewImage")
