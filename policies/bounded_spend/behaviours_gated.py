"""A gate before every path."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._gates import ungated
from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation

_GATED: Final = "set function_associations=[{'event_type': 'viewer-request', 'function_arn': gate.arn}]"


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    for behaviour, instead in ungated(endpoint):
        yield Violation(
            endpoint.distribution,
            f"the behaviour {behaviour.path} has {instead}; a gate is asked for",
            f"{_GATED} on the behaviour {behaviour.path}",
        )


RULE: Final = Rule(
    id="behaviours-gated",
    what="Each behaviour of an inference endpoint's distribution, the default one too, has a CloudFront Function of "
    "this program on viewer-request.",
    why="What passes no gate is answered and billed for everybody: an edge call each where the function runs, and "
    "elsewhere the bytes of whatever the origin holds. A closed gate does not close such a path.",
    source="docs/adr/0009-spend-guard.md; Amazon CloudFront Developer Guide, CloudFront Functions event structure",
    fix=f"{_GATED} on each of default_cache_behavior and ordered_cache_behaviors",
    subjects=endpoints,
    check=_check,
)
