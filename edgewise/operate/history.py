"""What was done to a function, by whom, when and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from edgewise.operate import items
from edgewise.operate.steps import asking

if TYPE_CHECKING:
    from edgewise.operate.cloud import Cloud, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One record.

    Attributes
    ----------
    when : str
        ISO 8601, UTC.
    details : str
        Such as ``digest=sha256:… percent=10``.
    """

    when: str
    action: str
    who: str
    why: str
    details: str

    def to_json(self) -> dict[str, str]:
        """Return it as a JSON object."""
        return asdict(self)


def history(cloud: Cloud, target: Target) -> list[Action]:
    """Return a function's records, newest first.

    The table has no index for them: it is scanned. It holds a handful of items a function besides.

    Raises
    ------
    OperateError
        When the table can't be read.
    """
    request: dict[str, Any] = {
        "TableName": target.table,
        "FilterExpression": "begins_with(pk, :prefix)",
        "ExpressionAttributeValues": {":prefix": {"S": items.action_prefix(target.function)}},
        "ConsistentRead": True,
    }
    found: list[dict[str, Any]] = []
    with asking("the table's records"):
        for page in cloud.dynamodb.get_paginator("scan").paginate(**request):
            found += page["Items"]
    return [_action(item) for item in sorted(found, key=lambda item: str(item["pk"]["S"]), reverse=True)]


def _action(item: dict[str, Any]) -> Action:
    texts = {name: str(next(iter(value.values()))) for name, value in item.items()}
    details = (f"{name}={texts[name]}" for name in ("until", "digest", "percent", "distribution") if name in texts)
    return Action(
        when=texts.get("when", ""),
        action=texts.get("action", ""),
        who=texts.get("who", ""),
        why=texts.get("why", ""),
        details=" ".join(details),
    )
