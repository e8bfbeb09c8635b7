"""What the handler adds to the inference itself, warm: a request is answered, the lease is at hand."""

from __future__ import annotations

import base64
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from inference.edge import Edge
from inference.holder import LeaseHolder
from inference.limits import Limits
from inference.machine import LeaseMachine
from inference.session import Session
from inference.shelf import Shelf
from inference.terms import Grant, Granted, Question, ReceiptTaken

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

SHAPE = (150, 150, 3)
REQUEST_BYTES = 67_500
# Base64, JSON, lease and path of a request of 67.5 KB may add this much to the bare session, in seconds. Measured: 0.2
# ms, nearly all of it base64, which is how Lambda@Edge hands over a body.
MAX_OVERHEAD_S = 0.001


def small_model() -> bytes:
    """Return a small convolution over the face-match input."""
    weights = np.random.default_rng(0).standard_normal((16, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["pixels"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes", "axis"], ["batch"]),
        helper.make_node("Conv", ["batch", "weights"], ["features"], strides=[4, 4]),
        helper.make_node("ReduceMean", ["features"], ["score"], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, SHAPE)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, [])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(np.array([0]), "axis")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model.metadata_props.add(key="edgewise.answer", value="score")
    return bytes(model.SerializeToString())


BODY = np.random.default_rng(1).integers(0, 256, REQUEST_BYTES, dtype=np.uint8).tobytes()


class EndlessLedger:
    """Grants a lease that outlasts the benchmark."""

    def grant(self, question: Question, *, timeout_s: float = 2.0) -> Grant:  # noqa: ARG002 -- the ledger's signature
        limits = Limits(
            daily_quota=10**9,
            ms_per_request=10**6,
            cold_grants_daily=10**9,
            renewals_daily=10**9,
            lease_least=10**9,
            lease_requests=10**9,
            lease_seconds=10**6,
            model_url="",
            model_digest="sha256:" + "0" * 64,
            fetch_token="",
        )
        return Granted(requests=10**9, milliseconds=10**15, limits=limits)

    def hand_in(self, question: Question, *, timeout_s: float = 2.0) -> ReceiptTaken:  # noqa: ARG002 -- see above
        raise AssertionError("the lease is young")


class ReadyShelf(Shelf):
    """Has the model at hand."""

    def __init__(self, session: Session) -> None:
        super().__init__(monotonic=time.monotonic)
        self.ready = session

    def session(self, limits: Limits, *, timeout_s: float = 2.0) -> Session:  # noqa: ARG002 -- the shelf's
        return self.ready


@pytest.fixture(scope="module")
def session() -> Session:
    return Session(small_model())


@pytest.fixture(scope="module")
def edge(session: Session) -> Edge:
    leases = LeaseHolder(ledger=EndlessLedger(), machine=LeaseMachine(process="p", draw=0.5))
    return Edge(function="face-match", leases=leases, shelf=ReadyShelf(session), log=print)


class Context:
    """Lambda's, as far as it is asked."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_000


def event() -> dict[str, Any]:
    carried = {"inputTruncated": False, "encoding": "base64", "data": base64.b64encode(BODY).decode()}
    asked = {"uri": "/v1/face-match/door-7", "method": "POST", "body": carried}
    return {"Records": [{"cf": {"request": asked}}]}


@pytest.mark.benchmark(group="handler")
def test_bare_session(benchmark: BenchmarkFixture, session: Session) -> None:
    tensor = np.frombuffer(BODY, np.uint8).reshape(SHAPE)
    bare = session._session
    benchmark(bare.run, ["score"], {"image": tensor})


@pytest.mark.benchmark(group="handler")
def test_warm_handler(benchmark: BenchmarkFixture, edge: Edge) -> None:
    response = benchmark(edge.handle, event(), Context())
    assert response["status"] == "200"


def test_the_handler_adds_little(edge: Edge, session: Session) -> None:
    """Compare the best of both, in turns: a busy machine slows both alike."""
    tensor, asked, bare = np.frombuffer(BODY, np.uint8).reshape(SHAPE), event(), session._session
    best, context = {"bare": 1.0, "handler": 1.0}, Context()
    for _ in range(300):
        started_s = time.perf_counter()
        bare.run(["score"], {"image": tensor})
        between_s = time.perf_counter()
        edge.handle(asked, context)
        ended_s = time.perf_counter()
        best["bare"] = min(best["bare"], between_s - started_s)
        best["handler"] = min(best["handler"], ended_s - between_s)
    assert best["handler"] - best["bare"] < MAX_OVERHEAD_S
