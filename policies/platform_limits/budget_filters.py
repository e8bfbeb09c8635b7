"""A budget's filters can match something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import BUDGET
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

_TAG: Final = "TagKeyValue"


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(BUDGET) if each.get("costFilters") or each.get("filterExpression")]


def _check(budget: Resource, _: Config) -> Iterator[Violation]:
    filters = [budget.sure(each, "costFilters") for each in budget.get("costFilters", default=())]
    for each in filters:
        for value in each.get("values") or ():
            if each.get("name") == _TAG and isinstance(value, str) and not _tags_something(value):
                yield Violation(budget, f"cost filter {_TAG} is {value}, not user:<key>$<value>")
    if budget.get("filterExpression") and filters:
        yield Violation(budget, "filter_expression beside cost_filters", "leave cost_filters out")
    if budget.get("filterExpression") and not budget.get("metrics"):
        yield Violation(budget, "filter_expression without metrics", "set metrics, such as 'UnblendedCost'")


def _tags_something(value: str) -> bool:
    origin, _, pair = value.partition(":")
    key, separator, _ = pair.partition("$")
    return origin in {"user", "aws"} and bool(key) and bool(separator)


RULE: Final = Rule(
    id="budget-filters",
    what="A budget's tag filter reads user:<key>$<value>; a filter expression has its metric and no older filters.",
    why="A tag filter without the '$' matches nothing: the budget stays at 0 USD and never tells. The other two AWS "
    "refuses.",
    source="AWS Budgets API Reference, Budget, CostFilters and FilterExpression",
    fix="write cost_filters=[{'name': 'TagKeyValue', 'values': ['user:<key>$<value>']}]",
    subjects=_subjects,
    check=_check,
)
