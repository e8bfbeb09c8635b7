"""A function that runs at the edge ends within what CloudFront waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_QUOTAS, EDGE_TIMEOUT_S

_DEFAULT_S: Final = 3  # AWS Lambda API Reference, CreateFunction, Timeout


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    timeout_s = function.get("timeout", default=_DEFAULT_S)
    if timeout_s > EDGE_TIMEOUT_S:
        yield Violation(function, f"timeout is {timeout_s:g} s, at most {EDGE_TIMEOUT_S} s are allowed")


RULE: Final = Rule(
    id="edge-duration",
    what=f"A Lambda function that a distribution runs has a timeout of at most {EDGE_TIMEOUT_S} s.",
    why="CloudFront refuses the association of a function with a longer one; and each second of it is billed at the "
    "edge's price when the function hangs.",
    source=EDGE_QUOTAS,
    fix=f"set timeout to what an inference needs, at most {EDGE_TIMEOUT_S}",
    subjects=edge_functions,
    check=_check,
)
