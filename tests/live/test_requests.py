"""Every bad request gets its documented status and problem, runs no inference, and the next good one is answered."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from inference.contract import device_key, inference_path
from tests.live.system import DEVICE, FUNCTION, Reply, System

WRONG_KEY = "f" * 64


@pytest.fixture(autouse=True)
def answers_before_and_after(calm: System) -> Iterator[None]:
    """The next good request is answered, and only the good ones ran."""
    assert calm.good().status == 200
    before = calm.invocations()
    yield
    refused_by_the_gate = calm.invocations() - before
    assert refused_by_the_gate == 0, "a refused request reached the function"
    assert calm.good().status == 200


def check(reply: Reply, status: int, slug: str) -> None:
    assert (reply.status, reply.slug) == (status, slug), reply.body[:300]
    assert b"Traceback" not in reply.body
    assert reply.json["title"]
    assert reply.json["detail"]


def check_blocked(reply: Reply) -> None:
    """The firewall's own answer: a problem's members, under the JSON type that AWS WAF can name."""
    assert (reply.status, reply.headers["content-type"]) == (403, "application/json"), reply.body[:300]
    assert reply.json["type"] == "urn:edgewise:problem:blocked"
    assert reply.json["status"] == 403
    assert "67500" in reply.json["detail"]


SIGNATURES: dict[str, dict[str, Any]] = {
    "unsigned": {"Authorization": None},
    "not-a-token": {"Authorization": "Edgewise nonsense"},
    "bearer": {"Authorization": "Bearer abc"},
}


@pytest.mark.parametrize("case", SIGNATURES)
def test_a_request_without_a_token_is_401_with_the_servers_time(case: str, calm: System) -> None:
    reply = calm.ask(bytes(calm.request_bytes), headers=SIGNATURES[case])

    check(reply, 401, "signature")
    assert abs(reply.json["time"] - time.time()) < 5


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param({"key": WRONG_KEY}, id="wrong-key"),
        pytest.param({"kid": "k9"}, id="unknown-kid"),
        pytest.param({"expires_in_s": -1}, id="expired"),
        pytest.param({"expires_in_s": 400}, id="expiry-too-far-ahead"),
        pytest.param({"device": "cam-2"}, id="another-devices"),
        pytest.param({"function": "other"}, id="another-functions"),
    ],
)
def test_a_token_that_does_not_fit_is_401(forged: dict[str, Any], calm: System) -> None:
    reply = calm.ask(bytes(calm.request_bytes), headers={"Authorization": calm.token(**forged)})

    check(reply, 401, "signature")
    assert "time" in reply.json


def test_a_master_key_is_no_device_key(calm: System) -> None:
    token = calm.token(key=calm.master_key)

    check(calm.ask(bytes(calm.request_bytes), headers={"Authorization": token}), 401, "signature")


def test_any_changed_digit_of_a_signature_is_401(calm: System) -> None:
    token = calm.token()
    for place in range(len(token) - 64, len(token), 7):
        changed = token[:place] + ("0" if token[place] != "0" else "1") + token[place + 1 :]
        check(calm.ask(bytes(calm.request_bytes), headers={"Authorization": changed}), 401, "signature")


@pytest.mark.parametrize(
    "size",
    [
        pytest.param(0, id="empty"),
        pytest.param(67_499, id="one-byte-short"),
        pytest.param(67_501, id="one-byte-long"),
        pytest.param(1_100_000, id="1.1-MB"),
        pytest.param(20_000_000, id="20-MB"),
    ],
)
def test_a_body_of_another_size_is_blocked(size: int, calm: System) -> None:
    check_blocked(calm.ask(bytes(size)))


def test_a_body_without_a_length_is_blocked(calm: System) -> None:
    chunks = (bytes(1000) for _ in range(3))

    check_blocked(calm.ask(chunks, headers={"Transfer-Encoding": "chunked"}))


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_another_method_is_blocked(method: str, calm: System) -> None:
    reply = calm.ask(b"", method=method)

    assert reply.status == 403
    if method != "HEAD":
        check_blocked(reply)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", None])
def test_another_type_is_415(content_type: str | None, calm: System) -> None:
    check(calm.ask(bytes(calm.request_bytes), headers={"Content-Type": content_type}), 415, "wrong-type")


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        f"/v1/{FUNCTION}",
        f"/v1/{FUNCTION}/",
        f"/v1/{FUNCTION}/{DEVICE}/more",
        f"/v1/other/{DEVICE}",
        f"/v2/{FUNCTION}/{DEVICE}",
        f"/v1/{FUNCTION}/%63am-1",
        f"/v1/{FUNCTION}/..%2f..%2fetc",
        f"//v1/{FUNCTION}/{DEVICE}",
        "/models/../v1/secret",
    ],
)
def test_a_garbage_path_reaches_nothing(path: str, calm: System) -> None:
    reply = calm.ask(bytes(calm.request_bytes), path=path)

    # The firewall blocks what is not on the function's own path; there the gate refuses.
    assert reply.status in {403, 404}
    assert b"Traceback" not in reply.body


def test_ten_thousand_random_bodies_are_blocked_and_none_is_run(calm: System) -> None:
    rng = random.Random(20261125)
    token = calm.token(expires_in_s=250)

    statuses = {
        calm.ask(rng.randbytes(rng.randrange(0, 2000)), headers={"Authorization": token}).status for _ in range(10_000)
    }

    assert statuses == {403}


def test_random_bytes_in_place_of_http_break_nothing(calm: System) -> None:
    rng = random.Random(7)
    for _ in range(300):
        with socket.create_connection(calm.address, timeout=5) as connection:
            connection.sendall(rng.randbytes(rng.randrange(1, 400)) + b"\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        assert b"Traceback" not in answer


def test_a_model_is_not_served_without_its_token(calm: System) -> None:
    digest = calm.project.outputs()["endpoints"][FUNCTION]["model_digest"].removeprefix("sha256:")
    path = f"/models/{digest}.onnx"

    check(calm.ask(b"", method="GET", path=path), 401, "signature")
    reply = calm.ask(b"", method="GET", path=path, headers={"x-edgewise-fetch": f"k1.{WRONG_KEY}"})
    check(reply, 401, "signature")


def test_a_denied_device_is_401_and_the_others_are_not(calm: System) -> None:
    store = next(iter(calm.admin.state()["stores"]))
    denied = inference_path(FUNCTION, "cam-9")
    token = calm.token(device="cam-9")
    calm.admin.put_key(store, "deny:cam-9", "1", delay_s=0)
    try:
        check(calm.ask(bytes(calm.request_bytes), path=denied, headers={"Authorization": token}), 401, "signature")
    finally:
        calm.admin.put_key(store, "deny:cam-9", None, delay_s=0)


def test_a_closed_gate_is_503_with_a_time_to_come_back(calm: System) -> None:
    store = next(iter(calm.admin.state()["stores"]))
    calm.admin.put_key(store, "closed_until", str(int(time.time()) + 60), delay_s=0)
    try:
        reply = calm.good()
        check(reply, 503, "closed")
        assert 0 < int(reply.headers["retry-after"]) <= 60
    finally:
        calm.admin.put_key(store, "closed_until", "0", delay_s=0)


def test_a_derived_key_is_not_the_master_key(calm: System) -> None:
    assert device_key(calm.master_key, DEVICE) != calm.master_key
