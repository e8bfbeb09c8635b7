"""A program that runs a function at the edge can be taken down in one go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    if function.get("skipDestroy") is not True:
        yield Violation(function, f"skip_destroy is {function.get('skipDestroy', default=False)}, not True")


RULE: Final = Rule(
    id="edge-destroy",
    what="A Lambda function that a distribution runs is left at AWS by a destroy, and removed later.",
    why="Its replicas go hours after the distribution: until then each destroy and each replacement fails.",
    source="pulumi-aws#1045, #2178; docs/runbooks/destroy.md",
    fix="set skip_destroy=True on the lambda_.Function and delete it hours after the destroy",
    level="advisory",
    subjects=edge_functions,
    check=_check,
)
