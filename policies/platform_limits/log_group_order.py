"""A function's log group is made before the function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import LAMBDA, LOG_GROUP
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation


def _subjects(stack: Stack) -> Iterator[Resource]:
    functions = {f"/aws/lambda/{each.known('name')}" for each in stack.of(LAMBDA)}
    for group in stack.of(LOG_GROUP):
        if group.linked("name") or group.known("name") in functions:
            yield group


def _check(group: Resource, _: Config) -> Iterator[Violation]:
    for function in group.linked("name", ":Function"):
        if function.type == LAMBDA:
            yield Violation(group, f"its name comes from the Lambda function {function.name}, so it is made after that")


RULE: Final = Rule(
    id="log-group-order",
    what="The log group of a Lambda function does not wait for the function.",
    why="A call that comes in between makes the group, without retention, and the update fails with "
    "ResourceAlreadyExistsException.",
    source="AWS Lambda Developer Guide, Using CloudWatch Logs with Lambda",
    fix="give the function a fixed name=, write the log group's name with that text, and let the function depend on "
    "the group (depends_on)",
    level="advisory",
    subjects=_subjects,
    check=_check,
)
