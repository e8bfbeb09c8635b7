"""A model is the very bytes of its digest, or there is none. A real server misbehaves."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from inference import artefact
from inference.artefact import ArtefactError, fetch
from inference.endpoint import endpoint
from tests.unit.inference.world import TOKEN, ModelServer, digest, model_server

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def running() -> Iterator[ModelServer]:
    with model_server() as server:
        yield server


@pytest.fixture
def server(running: ModelServer) -> ModelServer:
    running.faults.clear()
    running.asked.clear()
    return running


def get(server: ModelServer, *, deadline_s: float = 2.0) -> bytes:
    wanted = server.serve(MODEL)
    return fetch(wanted.model_url, digest=wanted.model_digest, token=TOKEN, deadline_s=deadline_s)


def test_fetches_with_the_token_and_verifies(server: ModelServer) -> None:
    assert get(server) == MODEL
    assert [asked["x-edgewise-fetch"] for asked in server.asked] == [TOKEN]


@pytest.mark.parametrize("fault", ["short", "wrong", "403", "404", "500", "redirect", "reset"])
def test_one_fault_is_retried(server: ModelServer, fault: str) -> None:
    server.faults[:] = [fault]
    assert get(server) == MODEL
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("short", r"51200 bytes came, 51200 are missing"),
        ("wrong", r"102400 bytes have the digest sha256:"),
        ("403", r"status 403"),
        ("redirect", r"status 302"),
        ("reset", r"RemoteDisconnected"),
    ],
)
def test_a_lasting_fault_is_refused_after_bounded_attempts(server: ModelServer, fault: str, told: str) -> None:
    # GIVEN a server that never gets it right
    server.faults[:] = [fault] * 9

    # WHEN the model is fetched
    with pytest.raises(ArtefactError, match=told) as error:
        get(server)

    # THEN it was asked as often as allowed, and the token is in no error
    assert len(server.asked) == artefact.ATTEMPTS
    assert TOKEN not in str(error.value)


@pytest.mark.parametrize("fault", ["hang", "drip"])
def test_a_slow_server_is_left_at_the_deadline(server: ModelServer, fault: str) -> None:
    server.faults[:] = [fault] * 9
    started_s = time.monotonic()
    with pytest.raises(ArtefactError):
        get(server, deadline_s=0.4)
    assert time.monotonic() - started_s < 4


def test_a_hang_leaves_time_for_a_second_attempt(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "SOCKET_TIMEOUT_S", 0.2)
    server.faults[:] = ["hang"]
    assert get(server) == MODEL


def test_a_refused_connection() -> None:
    # GIVEN a port where nobody listens
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    # WHEN and THEN
    with pytest.raises(ArtefactError, match="ConnectionRefusedError; ConnectionRefusedError"):
        fetch(f"http://127.0.0.1:{port}/models/a.onnx", digest=digest(MODEL), token=TOKEN)


def test_no_time_left_asks_nobody(server: ModelServer) -> None:
    with pytest.raises(ArtefactError, match="no time left"):
        get(server, deadline_s=-1.0)
    assert server.asked == []


def test_a_giant_is_not_kept(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artefact, "MAX_MODEL_BYTES", 1_000)
    with pytest.raises(ArtefactError, match="more than 1000 bytes"):
        get(server)


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example/a.onnx",
        "http://127.0.0.1.evil.example/a.onnx",
        "ftp://127.0.0.1/a.onnx",
        "https:///a.onnx",
        "https://user:secret@models.example/a.onnx",
        "https://models.example:99999/a.onnx",
        "http://[::1/a.onnx",
        "",
    ],
)
def test_only_https_or_loopback_is_asked(url: str) -> None:
    with pytest.raises(ArtefactError, match="model_url"):
        fetch(url, digest=digest(MODEL), token=TOKEN)


def test_a_bad_digest_is_refused_before_the_fetch(server: ModelServer) -> None:
    with pytest.raises(ArtefactError, match="model_digest 'latest'"):
        fetch(server.url + "/a", digest="latest", token=TOKEN)
    assert server.asked == []


@pytest.mark.parametrize(
    ("url", "secure", "authority"),
    [
        ("https://models.example/a.onnx", True, "models.example"),
        ("https://models.example:8443/a.onnx", True, "models.example:8443"),
        ("http://localhost:8000", False, "localhost:8000"),
        ("http://127.0.0.1", False, "127.0.0.1"),
        ("http://[::1]:8000/a", False, "[::1]:8000"),
    ],
)
def test_an_address_is_read(url: str, secure: bool, authority: str) -> None:
    found = endpoint(url, "model_url")
    assert (found.secure, found.authority) == (secure, authority)
    assert type(found.connect(1.0)).__name__ == ("HTTPSConnection" if secure else "HTTPConnection")
