"""An edge function's log groups are made where it will log, before it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.endpoint import LOG_GROUP
from policies.core.regions import HOME_REGION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_REGIONS


@dataclass(frozen=True, slots=True)
class _Logging:
    """A function and the program's log groups by name."""

    function: Resource
    groups: dict[str, list[Resource]]


def _subjects(stack: Stack) -> Iterator[_Logging]:
    groups: dict[str, list[Resource]] = {}
    for group in stack.of(LOG_GROUP):
        groups.setdefault(str(group.known("name")), []).append(group)
    for function in edge_functions(stack):
        yield _Logging(function, groups)


def _check(logging: _Logging, config: Config) -> Iterator[Violation]:
    function = logging.function
    name = function.get("name")
    asked = f"/aws/lambda/{HOME_REGION}.{name}"
    for group in logging.groups.get(f"/aws/lambda/{name}", ()):
        yield Violation(group, f"name is /aws/lambda/{name}, where an edge function never logs; it logs to {asked}")
    regions = {group.known("region") for group in logging.groups.get(asked, ())}
    if len(regions) < config["regions"]:
        yield Violation(function, f"log groups {asked} in {len(regions)} Regions, asked are {config['regions']}")


RULE: Final = Rule(
    id="edge-log-groups",
    what="A Lambda function that a distribution runs has its log group in every Region in which it may run.",
    why="It logs in the Region nearest the viewer; a group that its first call makes there keeps its logs, and their "
    "monthly price, for ever.",
    source="aws-cdk#34824; edgewise/cost/quotas.yaml, lambda_edge.regions",
    fix=f"make a cloudwatch.LogGroup named /aws/lambda/{HOME_REGION}.<function> with retention_in_days and region= "
    "for each Region of Lambda@Edge, and let the function depend on them",
    level="advisory",
    config={
        "regions": Setting(
            {"type": "integer", "minimum": 1}, EDGE_REGIONS, "in how many Regions the group must be there"
        )
    },
    subjects=_subjects,
    check=_check,
)
