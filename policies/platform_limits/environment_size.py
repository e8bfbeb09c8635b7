"""A function's environment fits Lambda."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import LAMBDA
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import ENVIRONMENT_BYTES


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(LAMBDA) if _variables(each)]


def _variables(function: Resource) -> dict[str, Any]:
    found = function.known("environment", "variables", default={})
    return found if isinstance(found, dict) else {}


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    # A value that is not known yet counts with its name alone; the names and sizes are told, never a value.
    sizes = {name: len(name.encode()) + _size(value) for name, value in _variables(function).items()}
    total = sum(sizes.values())
    if total > ENVIRONMENT_BYTES:
        largest = max(sizes, key=lambda name: sizes[name])
        yield Violation(
            function,
            f"environment takes {total} bytes, at most {ENVIRONMENT_BYTES} are allowed; the largest is {largest} with "
            f"{sizes[largest]}",
        )


def _size(value: Any) -> int:
    return len(value.encode()) if isinstance(value, str) else 0


RULE: Final = Rule(
    id="environment-size",
    what=f"A Lambda function's environment takes at most {ENVIRONMENT_BYTES} bytes, names and values together.",
    why="Lambda refuses the function, often months later, when one more endpoint is added to a list in it.",
    source="AWS Lambda Developer Guide, Lambda quotas, environment variables",
    fix="put what is long into the zip, a table's item or a parameter, and only its name into the environment",
    subjects=_subjects,
    check=_check,
)
