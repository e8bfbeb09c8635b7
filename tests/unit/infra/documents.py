"""Every policy document of a stack, and what is too wide in one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

# What AWS grants on everything or not at all, and who says so.
ON_EVERYTHING: Final = {
    "dynamodb:ListStreams": "Service Authorization Reference, DynamoDB: no resource type",
    "cloudwatch:GetMetricData": "Service Authorization Reference, Amazon CloudWatch: no resource type",
}
# Actions whose name ends with an asterisk, and who demands it.
STARRED: Final = {
    "lambda:EnableReplication*": "CloudFront Developer Guide, Set up IAM permissions and roles for Lambda@Edge: "
    "'you must add the asterisk at the end'",
}
# Actions on things that don't exist yet, or have no name of the program's: all of one parent, and nothing else.
BELOW_A_PARENT: Final = {
    "logs:CreateLogStream": "a log group's streams are named by Lambda",
    "logs:PutLogEvents": "a log group's streams are named by Lambda",
    "s3:GetObject": "models and claims under one prefix of one bucket",
    "s3:PutObject": "receipts and claims under one prefix of one bucket",
    "lambda:GetFunction": "versions of one function: each deployment makes a new one",
    "lambda:EnableReplication*": "versions of one function: each deployment makes a new one",
}
# Lambda@Edge logs in the Region nearest the viewer, in the account that owns the function.
EDGE_LOGS: Final = "arn:aws:logs:*:*:log-group:/aws/lambda/us-east-1.edgewise-"
# Items are named by a condition: the table is one for all functions.
BY_ITEM: Final = frozenset(
    {
        *("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"),
        *("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"),
    }
)


def documents(properties: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a resource's policy documents, each with the property that holds it."""
    for name, value in properties.items():
        content = value
        if isinstance(value, str):
            try:
                content = json.loads(value)
            except ValueError:
                continue
        if isinstance(content, dict) and "Statement" in content:
            yield name, content


def too_wide(document: Mapping[str, Any]) -> list[str]:
    """Return what a document grants beyond what it must. What it denies may be as wide as it likes."""
    granted = [each for each in _several(document["Statement"]) if each["Effect"] == "Allow"]
    return [reason for statement in granted for reason in _too_wide(statement)]


def _too_wide(statement: Mapping[str, Any]) -> Iterator[str]:
    sid = statement.get("Sid", "a statement")
    for turned in ("NotAction", "NotResource", "NotPrincipal"):
        if turned in statement:
            yield f"{sid}: {turned} grants all but something"
    principal = statement.get("Principal", {})
    if principal == "*" or "*" in [name for names in _values(principal) for name in _several(names)]:
        yield f"{sid}: anybody may"
    actions = [str(action) for action in _several(statement.get("Action", []))]
    for action in actions:
        if "*" in action and action not in STARRED:
            yield f"{sid}: action {action}"
    for resource in _several(statement.get("Resource", [])):
        yield from (f"{sid}: {action} on {resource}" for action in actions if _wide(action, str(resource)))
    keys = statement.get("Condition", {}).get("ForAllValues:StringEquals", {}).get("dynamodb:LeadingKeys", [])
    demanded = statement.get("Condition", {}).get("Null", {}).get("dynamodb:LeadingKeys") == "false"
    if BY_ITEM & set(actions) and not (keys and demanded and not any("*" in key for key in keys)):
        yield f"{sid}: {', '.join(actions)} on every item"


def _wide(action: str, resource: str) -> bool:
    if resource == "*":
        return action not in ON_EVERYTHING
    parent, star, rest = resource.removeprefix(EDGE_LOGS).partition("*")
    if not star:
        return False
    return bool(rest) or parent[-1:] not in (":", "/") or action not in BELOW_A_PARENT


def _values(principal: object) -> Iterable[object]:
    return principal.values() if isinstance(principal, Mapping) else ()


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
