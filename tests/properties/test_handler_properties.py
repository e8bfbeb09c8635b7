"""Whatever comes, the edge function answers with a documented status and never raises."""

from __future__ import annotations

import base64
import json
from typing import Any

import onnx
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from inference.edge import Edge
from inference.holder import LeaseHolder
from inference.limits import Limits
from inference.machine import LeaseMachine
from inference.problem import PROBLEMS
from inference.session import Session
from inference.shelf import Shelf
from inference.terms import Grant, Granted, LedgerUnavailable, Question, ReceiptTaken, Refusal

FUNCTION = "face-match"
DOCUMENTED = {"200", *(str(status) for status, _ in PROBLEMS.values())}
LIMITS = Limits(
    daily_quota=10,
    ms_per_request=1_000,
    cold_grants_daily=10,
    renewals_daily=10,
    lease_least=1,
    lease_requests=5,
    lease_seconds=600,
    model_url="http://127.0.0.1:1/a.onnx",
    model_digest="sha256:" + "0" * 64,
    fetch_token="f1.00",
)


def float_model() -> bytes:
    """Return a model that answers its input: with floats, any bytes, NaN too, come out again."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["a"], ["b"])],
        "echo",
        [helper.make_tensor_value_info("a", TensorProto.FLOAT, [2])],
        [helper.make_tensor_value_info("b", TensorProto.FLOAT, [2])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    model.metadata_props.add(key="edgewise.answer", value="b")
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


SESSION = Session(float_model())


class ReadyShelf(Shelf):
    """Has the model at hand: downloads are tested elsewhere."""

    def session(self, limits: Limits, *, timeout_s: float = 2.0) -> Session:
        return SESSION


class ScriptedLedger:
    """Answers with what hypothesis drew."""

    def __init__(self, grants: list[Grant]) -> None:
        self.grants = grants
        self.granted = 0

    def grant(self, question: Question, *, timeout_s: float = 2.0) -> Grant:
        grant = self.grants.pop() if self.grants else Refusal(cause="day")
        if isinstance(grant, Granted):
            self.granted += grant.requests
        return grant

    def hand_in(self, question: Question, *, timeout_s: float = 2.0) -> ReceiptTaken:
        return ReceiptTaken(handed="handed")


def edge(ledger: ScriptedLedger, clock: list[float]) -> Edge:
    leases = LeaseHolder(
        ledger=ledger,
        machine=LeaseMachine(process="p", draw=0.5),
        wall=lambda: clock[0],
        monotonic=lambda: clock[0],
        background=False,
    )
    return Edge(function=FUNCTION, leases=leases, shelf=ReadyShelf(monotonic=lambda: clock[0]), log=lambda _: None)


class Context:
    """Lambda's, as far as it is asked."""

    def get_remaining_time_in_millis(self) -> int:
        return 3_000


def handle(function: Edge, request: Any) -> dict[str, Any]:
    return function.handle({"Records": [{"cf": {"request": request}}]}, Context())


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.one_of(
    st.binary(max_size=40).map(lambda raw: {"data": base64.b64encode(raw).decode(), "inputTruncated": False}),
    st.binary(min_size=8, max_size=8).map(lambda raw: {"data": base64.b64encode(raw).decode()}),
    st.text(max_size=40).map(lambda text: {"data": text}),
    JUNK,
)
PATHS = st.one_of(
    st.just(f"/v1/{FUNCTION}/door-7"),
    st.text(),
    st.binary().map(lambda raw: "/v1/face-match/" + raw.decode("latin-1")),
    JUNK,
)
REQUESTS = st.fixed_dictionaries(
    {
        "uri": PATHS,
        "method": st.one_of(st.just("POST"), st.text(), JUNK),
        "body": BODIES,
        "headers": st.one_of(st.dictionaries(st.text(), st.binary().map(lambda raw: raw.decode("latin-1"))), JUNK),
        "querystring": JUNK,
    }
)
GRANTS = st.lists(
    st.one_of(
        st.builds(Granted, requests=st.integers(1, 5), milliseconds=st.integers(1, 5_000), limits=st.just(LIMITS)),
        st.just(Refusal(cause="day")),
        st.just(LedgerUnavailable("down")),
    ),
    max_size=5,
)


@settings(max_examples=1_000, deadline=None)
@given(request=st.one_of(REQUESTS, JUNK), grants=GRANTS)
def test_any_request_gets_a_documented_answer(request: Any, grants: list[Grant]) -> None:
    response = handle(edge(ScriptedLedger(grants), [1_795_003_200.0]), request)
    assert response["status"] in DOCUMENTED
    body = json.loads(response["body"], parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
    if response["status"] == "200":
        assert set(body) == {"outputs", "model"}
    else:
        assert set(body) == {"type", "title", "status", "detail"}
        assert body["status"] == int(response["status"])


@given(event=JUNK)
def test_what_is_no_event_gets_a_documented_answer(event: Any) -> None:
    assert edge(ScriptedLedger([]), [0.0]).handle(event, Context())["status"] == "500"


@settings(max_examples=500, deadline=None)
@given(body=st.binary(min_size=0, max_size=40))
def test_a_well_addressed_request_is_only_judged_by_its_body(body: bytes) -> None:
    # GIVEN a lease, and a body of any bytes
    ledger = ScriptedLedger([Granted(requests=5, milliseconds=5_000, limits=LIMITS)])
    carried = {"data": base64.b64encode(body).decode(), "inputTruncated": False}
    request = {"uri": f"/v1/{FUNCTION}/door-7", "method": "POST", "body": carried}

    # WHEN it is asked
    status = handle(edge(ledger, [1_795_003_200.0]), request)["status"]

    # THEN only the right size is answered; bytes that make the answer no number are an error, not a made-up number
    assert status in ({"200", "500"} if len(body) == 8 else {"400"})


@settings(max_examples=500, deadline=None)
@given(
    grants=GRANTS,
    steps=st.lists(st.tuples(st.sampled_from([0.0, 1.0, 5.0, 599.0, 600.0, 90_000.0]), BODIES), max_size=40),
)
def test_no_more_requests_are_worked_on_than_were_granted(grants: list[Grant], steps: list[tuple[float, Any]]) -> None:
    # GIVEN any ledger, and any requests at any times
    clock, ledger = [1_795_003_200.0], ScriptedLedger(grants)
    function = edge(ledger, clock)
    worked = 0

    # WHEN they come
    for seconds, body in steps:
        clock[0] += seconds
        response = handle(function, {"uri": f"/v1/{FUNCTION}/d", "method": "POST", "body": body})
        worked += response["status"] not in {"429", "503"}

    # THEN each that passed the ledger was granted, whatever became of it
    assert worked <= ledger.granted
