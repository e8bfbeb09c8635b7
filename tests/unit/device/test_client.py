"""The client against a server on the loopback: what it sends, what it counts, what it says of refusals."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from edgewise.device.client import EdgeClient, EdgeError, UnreachableError, chip_of, infer
from edgewise.device.signing import Device, Signer
from edgewise.models import catalogue
from edgewise.models.faces import FaceError
from inference.session import Session
from tests.unit.device.conftest import Answer, Edge, Request, json_answer, problem, signed

MODEL = "sha256:" + "1f" * 32
GOOD = {"outputs": {"match": True, "score": 0.71, "row": 3}, "model": MODEL}
BODY = bytes(67_500)


def test_an_answer(edge: Edge, device: Device) -> None:
    # GIVEN an edge that checks the signature
    edge.answer = lambda request: json_answer(GOOD) if signed(request) else problem("signature", 401)
    # WHEN a face is sent
    began = time.perf_counter()
    with EdgeClient(edge.url + "/", device) as client:
        answer = client.send(BODY)
    elapsed_ms = (time.perf_counter() - began) * 1000
    # THEN the request is the contract's
    (request,) = edge.requests
    assert request.path == "/v1/face-match/door-1"
    assert request.body == BODY
    assert request.headers["content-type"] == "application/octet-stream"
    assert request.headers["content-length"] == "67500"
    assert 0 < request.expires - time.time() <= 300
    # THEN the answer is typed
    assert (answer.match, answer.score, answer.row, answer.model) == (True, 0.71, 3, MODEL)
    assert 0 < answer.latency_ms < elapsed_ms
    # THEN the bytes are those of the messages
    head = sum(len(name) + len(value) + 4 for name, value in request.headers.items())
    assert answer.bytes_up == len(f"POST {request.path} HTTP/1.1") + 2 + head + 2 + 67_500
    assert [answer.bytes_down] == edge.sent_bytes


def test_a_wrong_clock_is_put_right_once(edge: Edge, device: Device) -> None:
    # GIVEN a device whose clock is a day ahead, and an edge that minds
    now = int(time.time())

    def gate(request: Request) -> Answer:
        good = signed(request) and now < request.expires <= now + 300
        return json_answer(GOOD) if good else problem("signature", 401, time=now)

    edge.answer = gate
    signer = Signer(device, clock=lambda: time.time() + 86_400)
    # WHEN two faces are sent
    with EdgeClient(edge.url, device, signer=signer) as client:
        assert client.send(BODY).match
        assert client.send(BODY).match
    # THEN only the first was sent twice
    assert len(edge.requests) == 3


def test_a_refused_key_is_tried_twice_at_most(edge: Edge, device: Device) -> None:
    edge.answer = lambda _: problem("signature", 401, time=int(time.time()))
    with EdgeClient(edge.url, device) as client, pytest.raises(EdgeError) as caught:
        client.send(BODY)
    assert (caught.value.status, caught.value.slug) == (401, "signature")
    assert len(edge.requests) == 2
    assert device.key not in str(caught.value)


def test_a_401_without_the_time_is_not_repeated(edge: Edge, device: Device) -> None:
    edge.answer = lambda _: problem("signature", 401)
    with EdgeClient(edge.url, device) as client, pytest.raises(EdgeError):
        client.send(BODY)
    assert len(edge.requests) == 1


@pytest.mark.parametrize(
    ("slug", "status", "after"), [("quota", 429, "3600"), ("closed", 503, "60"), ("model", 503, None)]
)
def test_a_refusal_is_typed(edge: Edge, device: Device, slug: str, status: int, after: str | None) -> None:
    edge.answer = lambda _: problem(slug, status, headers={"Retry-After": after} if after else {})
    with EdgeClient(edge.url, device) as client, pytest.raises(EdgeError) as caught:
        client.send(BODY)
    error = caught.value
    assert (error.status, error.slug, error.detail) == (status, slug, f"why {slug}")
    assert error.retry_after_s == (int(after) if after else None)
    assert str(error) == f"{status} {slug}: why {slug}" + (f" Ask again in {after} s." if after else "")


def test_the_firewalls_problem_is_read_under_its_own_type(edge: Edge, device: Device) -> None:
    told = {"type": "urn:edgewise:problem:blocked", "title": "t", "status": 403, "detail": "Only POST passes."}
    edge.answer = lambda _: json_answer(told, status=403)
    with EdgeClient(edge.url, device) as client, pytest.raises(EdgeError) as caught:
        client.send(BODY)
    assert (caught.value.slug, caught.value.detail) == ("blocked", "Only POST passes.")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(status=502, body=b"<html>Bad gateway</html>", headers={"Content-Type": "text/html"}),
        Answer(status=403, body=b"\xff\xfe", headers={"Retry-After": "soon"}),
        json_answer([1, 2], status=500),
        json_answer({"type": "urn:other:problem:x"}, status=400, kind="application/problem+json"),
        json_answer({"outputs": {"match": True}, "model": MODEL}),
        json_answer({"outputs": {"match": 1, "score": 0.5, "row": 1}, "model": MODEL}),
        json_answer(GOOD | {"model": "latest"}),
        Answer(status=200, body=b"ok"),
        Answer(status=204, body=b""),
        Answer(status=302, body=b"", headers={"Location": "/elsewhere"}),
    ],
)
def test_somebody_elses_answer_is_called_so(edge: Edge, device: Device, answer: Answer) -> None:
    edge.answer = lambda _: answer
    with EdgeClient(edge.url, device) as client, pytest.raises(EdgeError) as caught:
        client.send(BODY)
    assert (caught.value.status, caught.value.slug) == (answer.status, "unknown")
    assert caught.value.retry_after_s is None
    assert len(edge.requests) == 1


def test_nothing_listens(device: Device) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with EdgeClient(url, device) as client, pytest.raises(UnreachableError, match=f"{url}.*no answer"):
            client.send(BODY)


@pytest.mark.parametrize("url", ["", "door", "http://", "ftp://127.0.0.1"])
def test_no_address(device: Device, url: str) -> None:
    with EdgeClient(url, device) as client, pytest.raises(UnreachableError, match=r"no answer|no usable address"):
        client.send(BODY)


def test_infer_from_photo_to_decision(edge: Edge, device: Device, face_match: catalogue.Artefact, photo: Path) -> None:
    # GIVEN an edge that runs the artefact, and a photo of somebody enrolled, one that it was not enrolled with
    session = Session(face_match.path.read_bytes())
    edge.answer = lambda request: json_answer({"outputs": session.run(request.body), "model": face_match.digest})
    # WHEN it is asked
    answer = infer(
        base_url=edge.url,
        function=device.function,
        device_id=device.device_id,
        key=device.key,
        kid=device.kid,
        image_path=photo,
    )
    # THEN the face is recognised as the gallery's first, s21
    assert (answer.match, answer.row, answer.model) == (True, 0, face_match.digest)
    assert answer.bytes_up < 68_000
    assert answer.bytes_down < 400


def test_a_face_is_laid_as_the_functions_model_wants_it(edge: Edge, device: Device, photo: Path) -> None:
    # GIVEN an edge that runs the small model, which takes other pictures
    small = catalogue.ensure("face-match-small", say=print)
    session = Session(small.path.read_bytes())
    edge.answer = lambda request: json_answer({"outputs": session.run(request.body), "model": small.digest})
    chip = chip_of(small.manifest.request_bytes)
    assert chip is not None
    # WHEN it is asked about somebody enrolled THEN the face is recognised as the gallery's first
    answer = infer(
        base_url=edge.url,
        function=device.function,
        device_id=device.device_id,
        key=device.key,
        kid=device.kid,
        image_path=photo,
        chip=chip,
    )
    assert (answer.match, answer.row) == (True, 0)
    assert len(edge.requests[-1].body) == 112 * 112 * 3


@pytest.mark.parametrize("request_bytes", [0, 36, 16_512, 67_499])
def test_what_is_no_face_has_no_chip(request_bytes: int) -> None:
    assert chip_of(request_bytes) is None


def test_a_bad_photo_costs_no_request(edge: Edge, device: Device, tmp_path: Path) -> None:
    with pytest.raises(FaceError, match=r"none\.jpg"):
        infer(
            base_url=edge.url,
            function=device.function,
            device_id=device.device_id,
            key=device.key,
            kid=device.kid,
            image_path=tmp_path / "none.jpg",
        )
    assert edge.requests == []
