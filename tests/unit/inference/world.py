"""What the edge meets: a small real model, a model server with faults, the limits."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from inference.limits import NO_MONTHLY_QUOTA, Limits

if TYPE_CHECKING:
    from collections.abc import Iterator

FUNCTION = "face-match"
TABLE = "edgewise-test-ledger"
TOKEN = "f1." + "c3" * 32
SHAPE = (4, 5, 3)
REQUEST_BYTES = 60


def small_model(
    *,
    answer: str | None = "match,score,row",
    dtype: int = TensorProto.UINT8,
    shape: tuple[int | str, ...] = SHAPE,
    threshold: float = 100.0,
) -> bytes:
    """Return a real ONNX file: the mean of its input, whether it passes a threshold, and more."""
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["score"], keepdims=0),
        helper.make_node("Greater", ["score", "threshold"], ["match"]),
        helper.make_node("ReduceMax", ["pixels"], ["peak"], axes=[1, 2], keepdims=0),
        helper.make_node("ArgMax", ["peak"], ["row"], axis=0, keepdims=1),
    ]
    outputs = [
        helper.make_tensor_value_info("match", TensorProto.BOOL, []),
        helper.make_tensor_value_info("score", TensorProto.FLOAT, []),
        helper.make_tensor_value_info("row", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("peak", TensorProto.FLOAT, [4]),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", dtype, shape)],
        outputs,
        [helper.make_tensor("threshold", TensorProto.FLOAT, [], [threshold])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if answer is not None:
        model.metadata_props.add(key="edgewise.answer", value=answer)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def expected(body: bytes, threshold: float = 100.0) -> dict[str, Any]:
    """Return what `small_model` answers, by numpy alone."""
    image = np.frombuffer(body, np.uint8).reshape(SHAPE)
    score = float(image.astype(np.float32).mean(dtype=np.float32))
    return {"match": score > threshold, "score": score, "row": int(image.max(axis=(1, 2)).argmax())}


def digest(model: bytes) -> str:
    return "sha256:" + hashlib.sha256(model).hexdigest()


@dataclass
class ModelServer:
    """Serves files by path over real HTTP; `fault` spoils the next answers, in order."""

    url: str
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)

    def serve(self, model: bytes) -> Limits:
        path = f"/models/{hashlib.sha256(model).hexdigest()}.onnx"
        self.files[path] = model
        return limits(model_url=self.url + path, model_digest=digest(model))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: ModelServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Stay quiet."""

    def do_GET(self) -> None:
        self.world.asked.append({"path": self.path} | {name.lower(): value for name, value in self.headers.items()})
        fault = self.world.faults.pop(0) if self.world.faults else ""
        body = self.world.files.get(self.path, b"")
        if fault == "hang":
            time.sleep(3)
            return
        if fault == "reset":
            self.close_connection = True
            return
        if fault.isdigit() or not body:
            self._send(int(fault or 404), b"no", 2)
        elif fault == "short":
            self._send(200, body[: len(body) // 2], len(body))
            self.close_connection = True
        elif fault == "wrong":
            self._send(200, body[:-1] + bytes([body[-1] ^ 1]), len(body))
        elif fault == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif fault == "drip":
            self._send(200, b"", len(body))
            for byte in body[:40]:
                self.wfile.write(bytes([byte]))
                time.sleep(0.1)
            self.close_connection = True
        else:
            self._send(200, body, len(body))

    def _send(self, status: int, body: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)


class QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that hung up: they are meant to."""


@contextmanager
def serving(server: Any) -> Iterator[str]:
    """Run a socketserver in a thread; give its address."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def model_server() -> Iterator[ModelServer]:
    handler = type("Handler", (_Handler,), {})
    with serving(QuietServer(("127.0.0.1", 0), handler)) as url:
        world = ModelServer(url=url)
        handler.world = world  # type: ignore[attr-defined]  # the class is made two lines above
        yield world


def limits(**changes: Any) -> Limits:
    wanted: dict[str, Any] = {
        "daily_quota": 200,
        "ms_per_request": 40,
        "cold_grants_daily": 1_000,
        "renewals_daily": 1_000,
        "lease_least": 50,
        "lease_requests": 50,
        "lease_seconds": 600,
        "model_url": f"http://127.0.0.1:1/models/{'0' * 64}.onnx",
        "model_digest": "sha256:" + "0" * 64,
        "fetch_token": TOKEN,
    }
    return Limits(**(wanted | changes))


def limits_item(wanted: Limits) -> dict[str, Any]:
    """Return the item of the numbers as the deployment writes it."""
    numbers = {
        "daily_quota": wanted.daily_quota,
        "ms_per_request": wanted.ms_per_request,
        "cold_grants_daily": wanted.cold_grants_daily,
        "renewals_daily": wanted.renewals_daily,
        "lease_least": wanted.lease_least,
        "lease_requests": wanted.lease_requests,
        "lease_seconds": wanted.lease_seconds,
    }
    if wanted.monthly_quota != NO_MONTHLY_QUOTA:
        numbers["monthly_quota"] = wanted.monthly_quota
    return {
        "pk": {"S": f"limits#{FUNCTION}"},
        **{name: {"N": str(value)} for name, value in numbers.items()},
        "model_digest": {"S": wanted.model_digest},
    }


def source_item(wanted: Limits) -> dict[str, Any]:
    """Return the item of the model's address and token as the deployment writes it."""
    return {
        "pk": {"S": f"source#{FUNCTION}"},
        "model_url": {"S": wanted.model_url},
        "fetch_token": {"S": wanted.fetch_token},
    }


def owned_items(wanted: Limits) -> dict[str, dict[str, Any]]:
    """Return the items that the deployment owns, by key."""
    return {item["pk"]["S"]: item for item in (limits_item(wanted), source_item(wanted))}


def event(body: bytes, /, **changes: Any) -> dict[str, Any]:
    """Return CloudFront's origin-request event for a body."""
    wanted = {
        "clientIp": "203.0.113.7",
        "method": "POST",
        "uri": f"/v1/{FUNCTION}/door-7",
        "querystring": "",
        "headers": {"host": [{"key": "Host", "value": "d111111abcdef8.cloudfront.net"}]},
        "body": {
            "inputTruncated": False,
            "action": "read-only",
            "encoding": "base64",
            "data": base64.b64encode(body).decode(),
        },
    }
    config = {"distributionId": "EDFDVBD6EXAMPLE", "eventType": "origin-request", "requestId": "4TyzHTaY"}
    return {"Records": [{"cf": {"config": config, "request": wanted | changes}}]}


def body_of(response: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(response["body"])
    return body
