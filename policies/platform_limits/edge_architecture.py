"""A function that runs at the edge is built for x86_64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import edge_functions
from policies.platform_limits._limits import EDGE_ARCHITECTURE, EDGE_GUIDE


def _check(function: Resource, _: Config) -> Iterator[Violation]:
    built_for = function.get("architectures", default=()) or (EDGE_ARCHITECTURE,)
    if tuple(built_for) != (EDGE_ARCHITECTURE,):
        yield Violation(function, f"architectures is {', '.join(map(str, built_for))}, not {EDGE_ARCHITECTURE}")


RULE: Final = Rule(
    id="edge-architecture",
    what=f"A Lambda function that a distribution runs is built for {EDGE_ARCHITECTURE}.",
    why="CloudFront refuses arm64, and ONNX Runtime aborts on Lambda's arm64 besides (onnxruntime#10038).",
    source=f"{EDGE_GUIDE}, Lambda features",
    fix=f"set architectures=['{EDGE_ARCHITECTURE}'] and build the zip's wheels for it",
    subjects=edge_functions,
    check=_check,
)
