"""One way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import DISTRIBUTION, LAMBDA, InferenceEndpoint, endpoints
from policies.core.resource import UNKNOWN, Resource, Stack, behaviours
from policies.core.rule import Config, Rule, Violation


def _subjects(stack: Stack) -> Iterator[tuple[InferenceEndpoint, Resource]]:
    for endpoint in endpoints(stack):
        for function in endpoint.functions:
            yield endpoint, function


def _check(subject: tuple[InferenceEndpoint, Resource], _: Config) -> Iterator[Violation]:
    endpoint, function = subject
    others = [
        each for each in endpoint.stack.of(DISTRIBUTION) if each is not endpoint.distribution and _runs(each, function)
    ]
    if others:
        names = ", ".join(each.name for each in others)
        yield Violation(endpoint.distribution, f"its function {function.name} runs behind {names} too; 1 is asked for")
    if endpoint.distribution.known("continuousDeploymentPolicyId"):
        yield Violation(
            endpoint.distribution,
            "continuousDeploymentPolicyId is set: a staging distribution runs the function too",
            "roll out by digest (edgewise rollout) and take continuous_deployment_policy_id away",
        )


def _runs(distribution: Resource, function: Resource) -> bool:
    if any(function in distribution.linked(key) for key in ("orderedCacheBehaviors", "defaultCacheBehavior")):
        return True
    named = f":function:{function.known('name')}:"
    return any(
        each.get("lambdaArn") is not UNKNOWN and named in str(each.get("lambdaArn"))
        for behaviour in behaviours(distribution)
        for each in behaviour.settings.get("lambdaFunctionAssociations") or ()
    )


RULE: Final = Rule(
    id="one-distribution",
    what="An inference function runs behind one distribution.",
    why="The firewall's rate, the gate's stop and the guard are of one distribution. A second one doubles what can be "
    "refused, and stays open when the first is disabled.",
    source="docs/adr/0009-spend-guard.md",
    fix=f"take the second distribution away, or give it a function of its own ({LAMBDA.split('/')[0]} Function) with "
    "its own limits item",
    subjects=_subjects,
    check=_check,
)
