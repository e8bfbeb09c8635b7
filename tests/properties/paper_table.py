"""DynamoDB's conditional update on paper: the few expressions that the ledger writes, exactly and fast.

`test_the_paper_is_moto` plays the same questions on both.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from inference.dynamodb import ConditionFailedError, DynamoDbError

Item = dict[str, dict[str, str]]


class PaperTable:
    """Stands in for `inference.dynamodb.DynamoDb`: each call is atomic, and goes wrong as the next fault says.

    ``lost``: done, but no answer comes. ``dropped``: not done. ``twice``: done two times in a row.
    """

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.faults: list[str] = []
        self.before: list[Callable[[], None]] = []
        self.records: list[tuple[Item, Item]] = []

    def call(
        self,
        operation: str,
        payload: dict[str, Any],
        *,
        ends_s: float,
        again: dict[str, Any] | None = None,
        attempts: int = 2,
    ) -> dict[str, Any]:
        unheard = False
        for attempt in range(attempts):
            if self.before:
                self.before.pop()()
            fault = self.faults.pop() if self.faults else ""
            sent = again if again and attempt else payload
            if fault == "dropped":
                unheard = True
                continue
            try:
                if fault == "twice":
                    self.do(operation, sent)
                answer = self.do(operation, sent)
            except ConditionFailedError as error:
                if fault == "lost":
                    unheard = True
                    continue
                raise ConditionFailedError(error.item, unheard=unheard) from None
            if fault == "lost":
                unheard = True
                continue
            return answer
        raise DynamoDbError("no answer", unheard=unheard)

    def do(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        if operation == "BatchGetItem":
            ((table, wanted),) = payload["RequestItems"].items()
            found = [self.items.get(key["pk"]["S"]) for key in wanted["Keys"]]
            return {"Responses": {table: [dict(item) for item in found if item]}, "UnprocessedKeys": {}}
        pk = payload["Key"]["pk"]["S"]
        old = self.items.get(pk, {})
        assert operation == "UpdateItem"
        names = payload.get("ExpressionAttributeNames", {})
        values = payload["ExpressionAttributeValues"]
        if not all(_holds(part, old, names, values) for part in payload["ConditionExpression"].split(" AND ")):
            raise ConditionFailedError(dict(old))
        new = dict(old) | {"pk": {"S": pk}}
        changed = _update(payload["UpdateExpression"], new, names, values)
        self.items[pk] = new
        self.records.append((old, dict(new)))
        return {"Attributes": {name: new[name] for name in changed if name in new}}


def _holds(part: str, item: Item, names: dict[str, str], values: Item) -> bool:
    if part.startswith("attribute_"):
        return (part == "attribute_exists(pk)") == bool(item)
    name, sign, value = part.split(" ")
    found, wanted = item.get(names.get(name, name)), values[value]
    if sign == "<>":
        return found != wanted
    if found is None:
        return False
    return found == wanted if sign == "=" else int(found["N"]) >= int(wanted["N"])


def _update(expression: str, item: Item, names: dict[str, str], values: Item) -> list[str]:
    parts = re.split(r"\b(SET|ADD|REMOVE) ", expression)[1:]
    before, changed = dict(item), []
    for verb, clauses in zip(parts[::2], parts[1::2], strict=True):
        for clause in clauses.strip().split(", "):
            name, *rest = clause.split(" ")
            name = names.get(name, name)
            changed.append(name)
            if verb == "REMOVE":
                item.pop(name, None)
            elif verb == "ADD":
                item[name] = _n(int(before.get(name, _n(0))["N"]) + int(values[rest[0]]["N"]))
            elif len(rest) == 2:
                item[name] = values[rest[1]]
            else:
                item[name] = _n(int(before[rest[1]]["N"]) - int(values[rest[3]]["N"]))
    return changed


def _n(value: int) -> dict[str, str]:
    return {"N": str(value)}
