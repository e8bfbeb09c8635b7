"""One path to the function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation

_ONE_FUNCTION: Final = re.compile(r"^/?v1/[a-z0-9-]+/\*$")


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    for behaviour in endpoint.running:
        if not _ONE_FUNCTION.match(behaviour.path):
            yield Violation(
                endpoint.distribution,
                f"the behaviour {behaviour.path} runs the function; /v1/<its name>/* is asked for",
            )
    if len(endpoint.running) > 1:
        paths = ", ".join(each.path for each in endpoint.running)
        yield Violation(
            endpoint.distribution,
            f"{len(endpoint.running)} behaviours run functions ({paths}); 1 is asked for",
            "keep one behaviour with lambda_function_associations and give other functions a distribution of their own",
        )


RULE: Final = Rule(
    id="wildcard-path",
    what="An inference endpoint's function runs for one path pattern, /v1/<function>/*, and for nothing else.",
    why="The limits item, the firewall and the gate are about that path. What another pattern lets in costs an edge "
    "call that nobody granted.",
    source="inference/contract.py; docs/adr/0009-spend-guard.md",
    fix="set path_pattern='/v1/<function>/*' on the behaviour with lambda_function_associations, and none of these on "
    "default_cache_behavior",
    subjects=endpoints,
    check=_check,
)
