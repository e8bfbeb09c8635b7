"""No second run of the same request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    groups = endpoint.distribution.get("originGroups", default=())
    ids = {str(each.get("originId")) for each in groups}
    for behaviour in endpoint.running:
        origin = str(behaviour.settings.get("targetOriginId"))
        if origin in ids:
            yield Violation(
                endpoint.distribution,
                f"the behaviour {behaviour.path} goes to the origin group {origin}, so the function may run twice a "
                "request; once is asked for",
            )


RULE: Final = Rule(
    id="origin-group-retry",
    what="The behaviour that runs an inference function goes to one origin and to no origin group.",
    why="On a failure CloudFront tries the group's second origin and runs the origin-request function again: every "
    "error costs two calls, and the ledger's refusals too.",
    source="Amazon CloudFront Developer Guide, Optimize high availability with CloudFront origin failover",
    fix="set target_origin_id to an origin's id, and leave origin_groups to behaviours without a function",
    subjects=endpoints,
    check=_check,
)
