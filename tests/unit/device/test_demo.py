"""The demonstration against a loopback edge that runs the artefact, and against ones that don't do right."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.cli.demonstration import EXAMS
from edgewise.device import demo, demo_faces
from edgewise.device.client import EdgeError
from edgewise.device.signing import Device
from edgewise.models import catalogue
from edgewise.models.faces import FaceFinder
from edgewise.models.runtime import Image as Pixels
from inference.contract import device_key
from inference.session import Session
from tests.unit.device.conftest import KID, MASTER_KEY, Edge, json_answer, problem, signed

ALIGNED: dict[Path, Pixels] = {}

# Model to: the size of a request's body, what a wrong edge answers.
ASKED = {
    "face-match": (67_500, {"match": True}),
    "anomaly": (36, {"anomaly": True}),
    "voice-activity": (16_512, {"speech": True}),
}


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

    monkeypatch.setattr(demo_faces, "FaceFinder", Remembering)


@pytest.fixture(params=sorted(ASKED))
def artefact(request: pytest.FixtureRequest) -> catalogue.Artefact:
    return catalogue.ensure(request.param, say=print)


def serve(edge: Edge, artefact: catalogue.Artefact, **lies: Any) -> None:
    """Answer by the artefact, but for what ``lies`` says instead."""
    session = Session(artefact.path.read_bytes())

    def answer(request: Any) -> Any:
        if not signed(request):
            return problem("signature", 401)
        outputs = {**session.run(request.body), **{k: v for k, v in lies.items() if k != "model"}}
        return json_answer({"outputs": outputs, "model": lies.get("model", artefact.digest)})

    edge.answer = answer


def run(edge: Edge, artefact: catalogue.Artefact, count: int = demo.HTTP_PROBES) -> demo.DemoResult:
    name = artefact.manifest.name
    exam: Callable[..., demo.Exam] = importlib.import_module(EXAMS[name]).exam
    device = Device(function=name, device_id="door-1", kid=KID, key=device_key(MASTER_KEY, "door-1"))
    return demo.run(edge.url, device=device, artefact=artefact, exam=exam(artefact, count=count, say=print), say=print)


def test_each_demonstrated_model_is_tested() -> None:
    assert EXAMS.keys() == ASKED.keys() <= set(catalogue.names())


def test_a_right_edge_passes(edge: Edge, artefact: catalogue.Artefact) -> None:
    # GIVEN an edge that runs the artefact
    serve(edge, artefact)
    # WHEN the demonstration runs
    result = run(edge, artefact)
    # THEN 60 inputs went through HTTP, half of each class, each another one
    assert len(edge.requests) == 60
    assert len({request.body for request in edge.requests}) == 60
    assert (result.answers.tally.genuine, result.answers.tally.impostors) == (30, 30)
    # THEN every answer was this machine's, and enough of them right
    assert result.differing == ()
    assert result.passed
    assert 57 <= result.right <= result.total == 60
    # THEN the figures fit together
    body_bytes, _ = ASKED[artefact.manifest.name]
    assert 0 < result.p50_ms <= result.p99_ms
    assert body_bytes + 100 < result.bytes_up < body_bytes + 500
    assert result.bytes_down == max(edge.sent_bytes)
    assert result.endpoint == f"{edge.url}/v1/{artefact.manifest.name}/door-1"
    fields = result.fields()
    assert (fields["passed"], fields["right"], fields["p99_ms"]) == (True, result.right, result.p99_ms)
    assert device_key(MASTER_KEY, "door-1") not in str(fields)


def test_a_wrong_edge_does_not(edge: Edge, artefact: catalogue.Artefact) -> None:
    # GIVEN edges whose answers are not the artefact's, or are another artefact's
    _, lie = ASKED[artefact.manifest.name]
    for lies in (lie, {"score": 0.51}, {"model": "sha256:" + "0" * 64}, {"more": 1}):
        serve(edge, artefact, **lies)
        # WHEN the demonstration runs THEN it says so, by name
        result = run(edge, artefact, count=6)
        assert not result.passed, lies
        assert result.differing, lies


def test_an_answer_to_the_wrong_row_is_no_recognition(edge: Edge, face_match: catalogue.Artefact) -> None:
    serve(edge, face_match, match=True, row=99)
    tally = run(edge, face_match, count=6).answers.tally
    assert (tally.accepted, tally.refused) == (0, 0)


def test_a_refusal_ends_it(edge: Edge, face_match: catalogue.Artefact) -> None:
    edge.answer = lambda _: problem("quota", 429, headers={"Retry-After": "60"})
    with pytest.raises(EdgeError, match="429 quota: why quota Ask again in 60 s"):
        run(edge, face_match, count=2)
    assert len(edge.requests) == 1


def test_a_first_answer_that_fails_is_asked_for_once_more(edge: Edge) -> None:
    # GIVEN an edge whose first start misses its timeout
    artefact = catalogue.ensure("anomaly", say=print)
    serve(edge, artefact)
    right = edge.answer
    edge.answer = lambda asked: problem("failed", 503) if len(edge.requests) == 1 else right(asked)
    # THEN the demonstration goes on
    assert run(edge, artefact, count=6).passed
    assert len(edge.requests) == 7
    # GIVEN one that fails twice, THEN it doesn't
    edge.answer = lambda _: problem("failed", 503)
    with pytest.raises(EdgeError, match="503 failed"):
        run(edge, artefact, count=6)
    assert len(edge.requests) == 9


@pytest.mark.parametrize(
    ("count", "message"), [(1, "0 negative inputs; there are 60"), (400, "needs 200 positive inputs; there are 98")]
)
def test_a_number_of_inputs_that_there_are_not(
    edge: Edge, face_match: catalogue.Artefact, count: int, message: str
) -> None:
    with pytest.raises(ValueError, match=f"count {count}: .*{message}"):
        run(edge, face_match, count=count)
