"""The demonstration against a loopback edge that runs the artefact, and against ones that don't do right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from edgewise.device import demo
from edgewise.device.client import EdgeError
from edgewise.device.signing import Device
from edgewise.models import catalogue
from edgewise.models.faces import FaceFinder
from edgewise.models.runtime import Image as Pixels
from inference.session import Session
from tests.unit.device.conftest import Edge, json_answer, problem, signed

ALIGNED: dict[Path, Pixels] = {}


@pytest.fixture(autouse=True)
def aligned_once(finder: FaceFinder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Find the face of each photo once for all of these tests."""

    class Remembering:
        def __init__(self, *, say: object) -> None:
            pass

        def aligned(self, path: Path) -> Pixels:
            if path not in ALIGNED:
                ALIGNED[path] = finder.aligned(path)
            return ALIGNED[path]

    monkeypatch.setattr(demo, "FaceFinder", Remembering)


def serve(edge: Edge, artefact: catalogue.Artefact, **lies: Any) -> None:
    """Answer by the artefact, but for what ``lies`` says instead."""
    session = Session(artefact.path.read_bytes())

    def answer(request: Any) -> Any:
        if not signed(request):
            return problem("signature", 401)
        outputs = {**session.run(request.body), **{k: v for k, v in lies.items() if k != "model"}}
        return json_answer({"outputs": outputs, "model": lies.get("model", artefact.digest)})

    edge.answer = answer


def run(edge: Edge, device: Device, artefact: catalogue.Artefact, http_probes: int = 60) -> demo.DemoResult:
    return demo.run(edge.url, device=device, artefact=artefact, http_probes=http_probes, say=print)


def test_a_right_edge_passes(edge: Edge, device: Device, face_match: catalogue.Artefact) -> None:
    # GIVEN an edge that runs the artefact
    serve(edge, face_match)
    # WHEN the demonstration runs
    result = run(edge, device, face_match)
    # THEN 60 photos went through HTTP, half of them strangers', each another one
    assert len(edge.requests) == 60
    assert len({request.body for request in edge.requests}) == 60
    assert (result.answers.tally.genuine, result.answers.tally.impostors) == (30, 30)
    # THEN every answer was this machine's, and good enough
    assert result.differing == ()
    assert result.passed
    assert result.pairs.tally.decisions == 158 * 14
    assert result.pairs.tally.balanced_accuracy == face_match.manifest.accuracy["int8_shipped_gallery"]
    assert result.answers.tally.balanced_accuracy >= 0.99
    # THEN the figures fit together
    assert 0 < result.p50_ms <= result.p99_ms
    assert 67_500 < result.bytes_up < 68_000
    assert result.bytes_down == max(edge.sent_bytes)
    assert result.endpoint == f"{edge.url}/v1/face-match/door-1"

    # WHEN it is shown THEN a reader finds address, accuracy, latency and bytes; a program finds the same
    console = Console(width=200, record=True)
    console.print(demo.render(result))
    text = console.export_text()
    for expected in (result.endpoint, "2212 pairs", "60/60", f"p99 {result.p99_ms:.1f} ms", f"{result.bytes_up:,} up"):
        assert expected in text
    found = json.loads(result.to_json())
    assert found["passed"] is True
    assert found["p99_ms"] == result.p99_ms
    assert found["pairs"]["tally"]["genuine"] == 98
    assert device.key not in text + result.to_json()


@pytest.mark.parametrize(
    "lies",
    [{"match": True}, {"row": 99}, {"score": 0.5}, {"model": "sha256:" + "0" * 64}],
    ids=lambda lies: next(iter(lies)),
)
def test_a_wrong_edge_does_not(
    edge: Edge, device: Device, face_match: catalogue.Artefact, lies: dict[str, Any]
) -> None:
    # GIVEN an edge whose answers are not the artefact's, or are another artefact's
    serve(edge, face_match, **lies)
    # WHEN the demonstration runs THEN it says so, by photo
    result = run(edge, device, face_match, http_probes=6)
    assert not result.passed
    assert result.differing
    assert all(name.startswith("s") and name.endswith(".pgm") for name in result.differing)


def test_an_answer_to_the_wrong_row_is_no_recognition(
    edge: Edge, device: Device, face_match: catalogue.Artefact
) -> None:
    serve(edge, face_match, match=True, row=99)
    tally = run(edge, device, face_match, http_probes=6).answers.tally
    assert (tally.accepted, tally.refused) == (0, 0)


def test_a_refusal_ends_it(edge: Edge, device: Device, face_match: catalogue.Artefact) -> None:
    edge.answer = lambda _: problem("quota", 429, headers={"Retry-After": "60"})
    with pytest.raises(EdgeError, match="429 quota: why quota Ask again in 60 s"):
        run(edge, device, face_match, http_probes=2)
    assert len(edge.requests) == 1


@pytest.mark.parametrize(
    ("http_probes", "message"), [(1, "strangers'; there are 60"), (400, "needs 200 photos of enrolled people's")]
)
def test_a_number_of_photos_that_there_are_not(
    edge: Edge, device: Device, face_match: catalogue.Artefact, http_probes: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"http_probes {http_probes}: .*{message}"):
        run(edge, device, face_match, http_probes=http_probes)
