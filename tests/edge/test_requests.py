"""What happens to requests, over HTTP: gate, behaviours, cache, function."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.edge.handmade import BUCKET_DOMAIN, DOMAIN, NAME
from tests.edge.running import PROBE_BYTES, RunningEdge, eventually, padded

TWENTY_MB = 20_000_000


def test_a_signed_request_reaches_the_function(edge: RunningEdge) -> None:
    # GIVEN a running edge WHEN a device asks
    answer = edge.ask()

    # THEN the function saw Lambda@Edge's event, without the device's proof
    assert answer.status_code == 200
    cf = answer.json()["event"]["Records"][0]["cf"]
    assert cf["config"]["distributionDomainName"] == DOMAIN
    assert cf["config"]["eventType"] == "origin-request"
    request = cf["request"]
    assert (request["method"], request["uri"]) == ("POST", "/v1/face-match/device-1")
    assert set(request["headers"]) == {"host", "user-agent", "content-length", "x-forwarded-for", "via"}
    assert request["headers"]["host"] == [{"key": "Host", "value": BUCKET_DOMAIN}]
    assert request["body"]["inputTruncated"] is False


def test_the_answer_carries_cloudfronts_headers_and_the_policys(edge: RunningEdge) -> None:
    headers = edge.ask().headers

    assert headers["X-Cache"] == "LambdaGeneratedResponse from cloudfront"
    assert headers["Via"] == "1.1 d111111abcdef8.cloudfront.net (CloudFront)"
    assert len(headers["X-Amz-Cf-Id"]) == 56
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_post_is_never_cached(edge: RunningEdge) -> None:
    before = edge.invocations()

    assert [edge.ask().status_code for _ in range(3)] == [200] * 3

    assert edge.invocations() == before + 3


@pytest.fixture
def no_inference(edge: RunningEdge) -> Iterator[RunningEdge]:
    """Give the edge, and fail when the function ran meanwhile."""
    before = edge.invocations()
    yield edge
    assert edge.invocations() == before


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"headers": {"Authorization": "Edgewise k1.1.00"}}, 401),
        ({"headers": {"Content-Type": "text/plain"}}, 415),
        ({"content": b"x"}, 400),
        ({"content": b"x" * 1_000_001}, 413),
    ],
)
def test_what_the_gate_refuses_never_reaches_the_function(
    no_inference: RunningEdge, change: dict[str, object], status: int
) -> None:
    headers = no_inference.signed() | dict(change.get("headers", {}))  # type: ignore[call-overload]  # a dict by the table
    content = change.get("content", padded())

    answer = httpx.post(no_inference.url, content=content, headers=headers)  # type: ignore[arg-type]  # bytes by the table

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Cache"] == "FunctionGeneratedResponse from cloudfront"
    assert answer.json()["status"] == status


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_on_the_inference_path_are_the_gates(no_inference: RunningEdge, method: str) -> None:
    answer = httpx.request(method, no_inference.url, headers=no_inference.signed())

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_path_that_is_nobodys_is_a_404(no_inference: RunningEdge) -> None:
    assert httpx.get(f"{no_inference.base}/favicon.ico").status_code == 404


def test_a_body_without_a_length_is_refused(no_inference: RunningEdge) -> None:
    # GIVEN a chunked request WHEN it is sent THEN the gate asks for a length
    chunks = iter([padded()])

    answer = httpx.post(no_inference.url, content=chunks, headers=no_inference.signed())

    assert answer.status_code == 411


def test_twenty_megabytes_are_refused_unread(no_inference: RunningEdge) -> None:
    # GIVEN a gateway of some size
    pid = no_inference.status.pids["gateway"]
    before_kb = peak_kb(pid)

    # WHEN a device sends 20 MB, and five more do
    for _ in range(6):
        answer = httpx.post(no_inference.url, content=bytes(TWENTY_MB), headers=no_inference.signed())
        assert answer.status_code == 413

    # THEN the gateway held none of it
    assert peak_kb(pid) - before_kb < 6_000


def test_an_endless_body_is_dropped(no_inference: RunningEdge) -> None:
    # GIVEN a client that announces 20 MB and sends them drop by drop
    address = urlsplit(no_inference.base)
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as line:
        head = f"POST {urlsplit(no_inference.url).path} HTTP/1.1\r\nHost: x\r\nContent-Length: {TWENTY_MB}\r\n\r\n"
        line.sendall(head.encode())

        # WHEN it reads THEN the answer is there before the body, and the line is closed soon after
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert answer.status == 413
        answer.read()
        assert line.recv(1) == b""


def test_a_client_that_waits_for_100_continue_is_told(edge: RunningEdge) -> None:
    address = urlsplit(edge.base)
    signed = "".join(f"{name}: {value}\r\n" for name, value in edge.signed().items())
    head = f"POST {urlsplit(edge.url).path} HTTP/1.1\r\nHost: x\r\nContent-Length: {PROBE_BYTES}\r\n{signed}"
    with socket.create_connection((address.hostname, address.port or 0), timeout=20) as line:
        line.sendall(f"{head}Expect: 100-continue\r\nConnection: close\r\n\r\n".encode())
        assert line.recv(1024) == b"HTTP/1.1 100 Continue\r\n\r\n"
        line.sendall(padded())
        assert line.recv(1024).startswith(b"HTTP/1.1 200 OK")


def peak_kb(pid: int) -> int:
    """Return the most memory that a process ever held."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1])


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/models/x", b"", 403),
        ("DELETE", "/", b"", 403),
        ("GET", "/models/x", b"body", 403),
        ("GET", "/" + "x" * 8192, b"", 414),
    ],
)
def test_what_cloudfront_itself_refuses(
    no_inference: RunningEdge, method: str, path: str, content: bytes, status: int
) -> None:
    answer = httpx.request(method, no_inference.base + path, content=content)

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    assert answer.headers["X-Cache"] == "Error from cloudfront"
    assert "Generated by cloudfront (CloudFront)" in answer.text


def test_a_head_that_is_too_large_has_cloudfronts_own_number(no_inference: RunningEdge) -> None:
    answer = httpx.get(no_inference.base, headers={"X-Big": "x" * 32_768})

    assert answer.status_code == 494
    assert answer.headers["Connection"] == "close"


def test_a_model_is_fetched_once_and_then_cached(edge: RunningEdge) -> None:
    # GIVEN an empty cache WHEN a model is asked for twice
    first = httpx.get(edge.model_url, headers=edge.fetch_headers)
    second = httpx.get(edge.model_url, headers=edge.fetch_headers)

    # THEN the second comes from the cache, with its age
    assert first.content == second.content == edge.stack.model
    assert first.headers["X-Cache"] == "Miss from cloudfront"
    assert second.headers["X-Cache"] == "Hit from cloudfront"
    assert int(second.headers["Age"]) >= 0
    assert second.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_model_can_be_asked_for_its_head_and_for_news(edge: RunningEdge) -> None:
    head = httpx.head(edge.model_url, headers=edge.fetch_headers)
    etag = head.headers["ETag"]
    known = httpx.get(edge.model_url, headers={**edge.fetch_headers, "If-None-Match": etag})

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(edge.stack.model))
    assert (known.status_code, known.content) == (304, b"")


def test_a_model_without_a_token_is_refused_even_from_the_cache(edge: RunningEdge) -> None:
    assert httpx.get(edge.model_url, headers=edge.fetch_headers).status_code == 200

    assert httpx.get(edge.model_url).status_code == 401


def test_a_model_that_is_not_there_is_a_403(edge: RunningEdge) -> None:
    answer = httpx.get(f"{edge.base}/models/{'0' * 64}.onnx", headers=edge.fetch_headers)

    assert answer.status_code == 403
    assert b"AccessDenied" in answer.content


def test_a_function_that_passes_a_post_on_meets_a_closed_bucket(edge: RunningEdge) -> None:
    answer = edge.ask(do="pass_on")

    assert answer.status_code == 403
    assert answer.headers["Server"] == "AmazonS3"


def test_the_gate_closes_and_opens_with_its_store(edge: RunningEdge) -> None:
    # GIVEN an open gate WHEN the store says closed THEN requests are refused after the delay
    before = edge.invocations()
    edge.admin.put_key(NAME, "closed_until", "99999999999", delay_s=0.3)
    assert edge.ask().status_code == 200
    eventually(lambda: edge.ask().status_code == 503)
    refused = edge.ask()
    assert refused.json()["type"] == "urn:edgewise:problem:closed"
    assert int(refused.headers["Retry-After"]) > 0

    # WHEN it says open again THEN they pass
    ran = edge.invocations()
    edge.admin.put_key(NAME, "closed_until", "0", delay_s=0)
    eventually(lambda: edge.ask().status_code == 200)
    assert before < ran < edge.invocations()


def test_a_denied_device_is_refused(edge: RunningEdge) -> None:
    edge.admin.put_key(NAME, "deny:device-1", "1", delay_s=0)
    eventually(lambda: edge.ask().status_code == 401)

    edge.admin.put_key(NAME, "deny:device-1", None, delay_s=0)
    eventually(lambda: edge.ask().status_code == 200)


def test_the_admin_port_wants_its_token(edge: RunningEdge) -> None:
    answer = httpx.get(f"{edge.status.admin_url}/state", headers={"x-edgewise-admin": "guess"})

    assert answer.status_code == 403
