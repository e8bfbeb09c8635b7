"""A function that runs at the edge has no environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_GUIDE


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    # Its presence is enough; what it holds may be not known, or secret.
    if function.props.get("environment") is not None:
        variables = function.known("environment", "variables", default={})
        yield Violation(function, f"environment is set, with {', '.join(sorted(variables)) or 'nothing in it'}")


RULE: Final = Rule(
    id="edge-environment",
    what="A Lambda function that a distribution runs has no environment block, not even an empty one.",
    why="CloudFront refuses the association: the deployment stops half way, function made, distribution not changed.",
    source=f"{EDGE_GUIDE}, Lambda features; pulumi-aws#3776, aws-cdk#9328",
    fix="leave environment out of the lambda_.Function and put the configuration into the zip",
    subjects=edge_functions,
    check=_check,
)
