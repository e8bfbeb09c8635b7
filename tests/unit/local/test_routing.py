"""Cache behaviours by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from edgewise.local.cdn.routing import behaviour_for, normalise
from edgewise.local.stack.state import parse_state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.edge.handmade import HandmadeStack


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("/v1/face-match/device-1", "/v1/face-match/*"),
        ("/v1/face-match/a/b", "/v1/face-match/*"),
        ("/v1/face-match/", "/v1/face-match/*"),
        ("/v1/face-match", "*"),
        ("/V1/face-match/x", "*"),
        ("/models/abc.onnx", "/models/*"),
        ("/x/models/abc.onnx", "*"),
        ("/models/../v1/face-match/x", "/v1/face-match/*"),
        ("//models//abc", "/models/*"),
        ("/mod%65ls/abc", "/models/*"),
        ("/", "*"),
    ],
)
def test_the_first_pattern_that_fits_wins(handmade: HandmadeStack, tmp_path: Path, path: str, pattern: str) -> None:
    (distribution,) = parse_state(handmade.state(), project=tmp_path).distributions

    assert behaviour_for(distribution, path).path_pattern == pattern


def test_patterns_know_two_wildcards(handmade: HandmadeStack, tmp_path: Path) -> None:
    state = handmade.state()
    entry = next(r for r in state["deployment"]["resources"] if r["type"].endswith(":Distribution"))
    for behaviour, pattern in zip(entry["inputs"]["orderedCacheBehaviors"], ["a??.j*g", "images/*"], strict=True):
        behaviour["pathPattern"] = pattern
    (distribution,) = parse_state(state, project=tmp_path).distributions

    assert behaviour_for(distribution, "/ant.jpeg").path_pattern == "a??.j*g"
    assert behaviour_for(distribution, "/anta.jpg").path_pattern == "*"
    assert behaviour_for(distribution, "/images/a.b").path_pattern == "images/*"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("/a/b/..", "/a"), ("/a/./b", "/a/b"), ("/../a", "/a"), ("/a%2fb", "/a%2Fb"), ("/%7Ea", "/~a"), ("/a/", "/a/")],
)
def test_paths_are_normalised_for_the_match(raw: str, expected: str) -> None:
    assert normalise(raw) == expected
