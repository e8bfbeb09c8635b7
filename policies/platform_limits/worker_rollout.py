"""A Worker's deployment gives all of its traffic away, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import ROLLOUT_LEAST_PERCENT, ROLLOUT_PERCENT

_SMALL: Final = 1e-6


def _subjects(stack: Stack) -> Iterator[Resource]:
    return stack.of("cloudflare:index/workersDeployment:WorkersDeployment")


def _check(deployment: Resource, _: Config) -> Iterator[Violation]:
    versions = [deployment.sure(each, "versions") for each in deployment.get("versions", default=())]
    shares = [deployment.sure(each.get("percentage", 0), "versions percentage") for each in versions]
    for share in shares:
        if not ROLLOUT_LEAST_PERCENT <= share <= ROLLOUT_PERCENT:
            yield Violation(
                deployment, f"a version gets {share:g} %, allowed are {ROLLOUT_LEAST_PERCENT} to {ROLLOUT_PERCENT}"
            )
    if abs(sum(shares) - ROLLOUT_PERCENT) > _SMALL:
        yield Violation(deployment, f"{len(shares)} versions get {sum(shares):g} %, not {ROLLOUT_PERCENT}")


RULE: Final = Rule(
    id="worker-rollout",
    what=f"A WorkersDeployment's percentages are {ROLLOUT_LEAST_PERCENT} to {ROLLOUT_PERCENT} each and "
    f"{ROLLOUT_PERCENT} together.",
    why="Cloudflare refuses the deployment, and the old version goes on serving.",
    source="pulumi_cloudflare WorkersDeployment, versions; cloudflare-docs, workers/versions-and-deployments",
    fix=f"raise one version's percentage until all of them are {ROLLOUT_PERCENT}",
    subjects=_subjects,
    check=_check,
)
