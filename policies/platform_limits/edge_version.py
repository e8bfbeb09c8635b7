"""A distribution runs a numbered version of a function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import LAMBDA
from policies.core.resource import Behaviour
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import associations, edge_behaviours
from policies.platform_limits._limits import EDGE_GUIDE

_NUMBERED: Final = re.compile(r":function:[^:]+:\d+$")


def _check(behaviour: Behaviour, _: Config) -> Iterator[Violation]:
    distribution = behaviour.distribution
    for each in associations(behaviour):
        arn = each.get("lambdaArn")
        # Before the first update the ARN is not known; then `publish` says whether it will end in a number.
        if isinstance(arn, str) and not _NUMBERED.search(arn):
            yield Violation(distribution, f"behaviour {behaviour.path} runs {arn}, which does not end in a number")
    for source in distribution.links.get(behaviour.key, ()):
        if source.type == "aws:lambda/alias:Alias":
            yield Violation(distribution, f"behaviour {behaviour.path} runs the alias {source.name}, not a version")
        elif source.type == LAMBDA and source.get("publish") is not True:
            yield Violation(source, f"publish is {source.get('publish')}, so its only version is $LATEST")


RULE: Final = Rule(
    id="edge-version",
    what="A distribution runs a published, numbered version of a function: no alias, no $LATEST.",
    why="CloudFront refuses anything else with InvalidLambdaFunctionAssociation, when the function already exists.",
    source=f"{EDGE_GUIDE}, Lambda function version; pulumi-aws#1227",
    fix="set publish=True on the lambda_.Function and lambda_arn=function.qualified_arn in the association",
    subjects=edge_behaviours,
    check=_check,
)
