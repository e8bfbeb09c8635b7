"""A function that runs at the edge is made in us-east-1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.regions import HOME_REGION
from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions, region_of
from policies.platform_limits._limits import EDGE_GUIDE


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    region = region_of(function)
    if region != HOME_REGION:
        yield Violation(function, f"region is {region}, not {HOME_REGION}")


RULE: Final = Rule(
    id="edge-region",
    what=f"A Lambda function that a distribution runs lives in {HOME_REGION}.",
    why="CloudFront copies functions from there alone: from elsewhere the distribution's update fails, after the "
    "function was made.",
    source=f"{EDGE_GUIDE}, Lambda Region",
    fix=f"set region='{HOME_REGION}' on the lambda_.Function; it replaces the function",
    subjects=edge_functions,
    check=_check,
)
