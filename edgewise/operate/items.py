"""The ledger table's items that the operators read and write."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.operate.steps import Outcome

if TYPE_CHECKING:
    from edgewise.operate.cloud import Cloud, Target

# How long the record of an action is kept, by the table's time to live.
RECORD_DAYS: Final = 400
_DAY_S: Final = 86_400
CONDITION_FAILED: Final = "ConditionalCheckFailedException"


def override_key(function: str) -> str:
    """Return the key of the operators' own item."""
    return f"override#{function}"


def action_prefix(function: str) -> str:
    """Return what the keys of a function's records begin with."""
    return f"action#{function}#"


def guard_key(function: str) -> str:
    """Return the key of the guard's memory."""
    return f"guard#{function}"


def stamp(now_s: float) -> str:
    """Return a time in ISO 8601, UTC."""
    return datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def precise(now_s: float) -> str:
    """Return a time in ISO 8601 with milliseconds, UTC: two actions of one second keep their order."""
    return datetime.fromtimestamp(now_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read(cloud: Cloud, target: Target, key: str) -> dict[str, Any]:
    """Return an item in DynamoDB's JSON; empty for none."""
    found = cloud.dynamodb.get_item(TableName=target.table, Key={"pk": {"S": key}}, ConsistentRead=True)
    item: dict[str, Any] = found.get("Item", {})
    return item


def whole(item: dict[str, Any], name: str) -> int | None:
    """Return a whole number of an item; None when there is none that can be read."""
    value = item.get(name, {})
    digits = value.get("N", "") if isinstance(value, dict) else ""
    return int(digits) if digits.isdecimal() else None


def change_override(
    cloud: Cloud, target: Target, outcome: Outcome, changes: str, values: dict[str, Any], *, condition: str = ""
) -> bool:
    """Change the override item, and say in it who did it, when and why.

    Parameters
    ----------
    changes : str
        Clauses of an update expression; each SET clause begins with a comma.
    values : dict
        What they name.
    condition : str
        Without it the change is always made.

    Returns
    -------
    bool
        False when the condition was false.
    """
    signed = {":who": {"S": outcome.who}, ":when": {"S": outcome.when}, ":why": {"S": outcome.why}}
    extra = {"ConditionExpression": condition} if condition else {}
    try:
        cloud.dynamodb.update_item(
            TableName=target.table,
            Key={"pk": {"S": override_key(target.function)}},
            UpdateExpression=f"SET who = :who, #when = :when, why = :why{changes}",
            ExpressionAttributeNames={"#when": "when"},  # a reserved word
            ExpressionAttributeValues=signed | values,
            **extra,
        )
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != CONDITION_FAILED:
            raise
        return False
    return True


def record(cloud: Cloud, target: Target, outcome: Outcome, **details: str) -> str:
    """Write down what was done; the records of a function are its history."""
    item = {
        "pk": {"S": f"{action_prefix(target.function)}{outcome.when}#{secrets.token_hex(3)}"},
        "action": {"S": outcome.action},
        "who": {"S": outcome.who},
        "when": {"S": outcome.when},
        "why": {"S": outcome.why},
        "expires": {"N": str(int(cloud.now_s()) + RECORD_DAYS * _DAY_S)},
        **{name: {"S": value} for name, value in details.items()},
    }
    cloud.dynamodb.put_item(TableName=target.table, Item=item)
    return f"recorded: {outcome.action} by {outcome.who}, {outcome.when}"
