"""A device, and a small edge on the loopback that runs the real artefact."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edgewise.device.signing import Device
from inference.contract import device_key, parse_path, signature

MASTER_KEY = "5e" * 32
KID = "k1"


@pytest.fixture
def device() -> Device:
    return Device(function="face-match", device_id="door-1", kid=KID, key=device_key(MASTER_KEY, "door-1"))


@dataclass(kw_only=True)
class Answer:
    """What the loopback edge answers."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Request:
    """What the loopback edge got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def expires(self) -> int:
        return int(self.headers["authorization"].split(".")[1])


@dataclass(kw_only=True)
class Edge:
    """A server on the loopback; ``answer`` decides, ``requests`` remembers."""

    url: str
    answer: Callable[[Request], Answer]
    requests: list[Request] = field(default_factory=list)
    sent_bytes: list[int] = field(default_factory=list)


def json_answer(members: Any, *, status: int = 200, kind: str = "application/json", **headers: str) -> Answer:
    return Answer(status=status, body=json.dumps(members).encode(), headers={"Content-Type": kind, **headers})


def problem(slug: str, status: int, *, headers: dict[str, str] | None = None, **members: Any) -> Answer:
    told = {"type": f"urn:edgewise:problem:{slug}", "title": slug, "status": status, "detail": f"why {slug}", **members}
    return json_answer(told, status=status, kind="application/problem+json", **(headers or {}))


def signed(request: Request) -> bool:
    """Check a signature as the gate does, without its clock."""
    path = parse_path(request.path)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if path is None or scheme != "Edgewise":
        return False
    kid, expires, proof = token.split(".")
    key = device_key(MASTER_KEY, path.device_id)
    return proof == signature(key, kid=kid, function=path.function, device_id=path.device_id, expires=int(expires))


@pytest.fixture
def edge() -> Iterator[Edge]:
    served = Edge(url="", answer=lambda _: problem("failed", 500))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(path=self.path, headers=headers, body=body)
            served.requests.append(request)
            answer = served.answer(request)
            head = [f"HTTP/1.1 {answer.status} Said"]
            head += [f"{name}: {value}" for name, value in answer.headers.items()]
            message = "\r\n".join([*head, f"Content-Length: {len(answer.body)}", "", ""]).encode() + answer.body
            served.sent_bytes.append(len(message))
            self.wfile.write(message)

        def log_message(self, *args: Any) -> None:
            """Say nothing: the requests are kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()
