from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from inference.guard.cloudwatch import CloudWatch, MetricsError

ANSWER = {"MetricDataResults": [{"Id": "calls", "StatusCode": "Complete", "Values": [1.0]}]}


class Service:
    """CloudWatch's front door; answers what it was told to, in order."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any] | None] = []
        self.asked: list[tuple[dict[str, str], dict[str, Any]]] = []


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    made = Service()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            return None

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
            answer = made.answers.pop(0) if made.answers else (200, ANSWER)
            if answer is None:
                self.close_connection = True
                return
            status, told = answer
            text = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-token")
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_it_asks_signed_for_its_region(service: Service) -> None:
    client = CloudWatch("sa-east-1")
    assert client.get_metric_data(StartTime=1, EndTime=2, MetricDataQueries=[]) == ANSWER
    client.close()
    headers, body = service.asked[0]
    assert body == {"StartTime": 1, "EndTime": 2, "MetricDataQueries": []}
    assert headers["x-amz-target"] == "GraniteServiceVersion20100801.GetMetricData"
    assert "/sa-east-1/monitoring/aws4_request" in headers["authorization"]
    assert headers["x-amz-security-token"] == "a-token"


@pytest.mark.parametrize(
    "first",
    [None, (500, {}), (503, b"<html>"), (400, {"__type": "com.amazonaws#ThrottlingException"})],
    ids=["hangs up", "500", "no JSON", "throttled"],
)
def test_it_asks_once_more(service: Service, first: Any) -> None:
    service.answers = [first]
    assert CloudWatch("us-east-1").get_metric_data() == ANSWER
    assert len(service.asked) == 2


@pytest.mark.parametrize(
    ("answers", "asked", "reason"),
    [
        ([(403, {"__type": "AccessDeniedException"})], 1, "status 403"),
        ([(500, {"__type": "x#InternalServiceFault"})] * 2, 2, "status 500 InternalServiceFault"),
        ([None, None], 2, "RemoteDisconnected"),
    ],
)
def test_it_says_why_it_could_not(service: Service, answers: list[Any], asked: int, reason: str) -> None:
    service.answers = answers
    with pytest.raises(MetricsError, match=reason):
        CloudWatch("us-east-1").get_metric_data()
    assert len(service.asked) == asked


def test_an_address_that_is_not_encrypted_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "http://example.test")
    with pytest.raises(MetricsError, match="ValueError"):
        CloudWatch("us-east-1").get_metric_data()
