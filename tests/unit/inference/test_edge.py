"""A request's way, with a fake ledger, a real model server and a real model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from inference.edge import Edge
from inference.holder import LeaseHolder
from inference.machine import LeaseMachine
from inference.shelf import Shelf
from inference.terms import Grant, Granted, LedgerUnavailable, Question, ReceiptTaken, Refusal
from tests.unit.inference.world import (
    FUNCTION,
    REQUEST_BYTES,
    ModelServer,
    body_of,
    digest,
    event,
    expected,
    limits,
    model_server,
    small_model,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inference.limits import Limits

MODEL = small_model()
BODY = bytes(range(REQUEST_BYTES))


def granted(requests: int, limits: Limits) -> Granted:
    return Granted(requests=requests, milliseconds=requests * 1_000, limits=limits, cold=True)


@dataclass
class World:
    """An edge function with all that it can see, in the test's hand."""

    server: ModelServer
    grant_: Grant
    asked: int = 0
    timeouts_s: list[float] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    wall_s: float = 1_795_003_200.0
    monotonic_s: float = 7.0
    left_s: float = 3.0

    def __post_init__(self) -> None:
        self.machine = LeaseMachine(process="p", draw=0.5)
        leases = LeaseHolder(
            ledger=self,
            machine=self.machine,
            wall=lambda: self.wall_s,
            monotonic=lambda: self.monotonic_s,
            background=False,
        )
        shelf = Shelf(monotonic=lambda: self.monotonic_s)
        self.edge = Edge(function=FUNCTION, leases=leases, shelf=shelf, log=self.lines.append)

    def grant(self, question: Question, *, timeout_s: float = 2.0) -> Grant:
        self.asked += 1
        self.timeouts_s.append(timeout_s)
        return self.grant_

    def hand_in(self, question: Question, *, timeout_s: float = 2.0) -> ReceiptTaken:
        raise AssertionError("nothing is handed in alone here")

    def answer(self, body: bytes = BODY, /, **changes: Any) -> dict[str, Any]:
        return self.edge.handle(event(body, **changes), self)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left; the world is Lambda's context too."""
        return round(self.left_s * 1000)

    def slug(self, response: dict[str, Any]) -> str:
        return str(body_of(response)["type"]).removeprefix("urn:edgewise:problem:")


@pytest.fixture
def world() -> Iterator[World]:
    with model_server() as server:
        yield World(server, granted(50, server.serve(MODEL)))


def test_answers_with_the_outputs_and_the_model(world: World) -> None:
    response = world.answer()
    assert response["status"] == "200"
    assert body_of(response) == {"outputs": expected(BODY), "model": digest(MODEL)}
    assert list(body_of(response)["outputs"]) == ["match", "score", "row"]
    assert response["headers"] == {
        "content-type": [{"key": "Content-Type", "value": "application/json"}],
        "cache-control": [{"key": "Cache-Control", "value": "no-store"}],
        "x-edgewise-receipt": [{"key": "X-Edgewise-Receipt", "value": "p-1"}],
    }
    assert world.lines == []


@pytest.mark.parametrize(
    "uri", ["", "/", "/v1/other/door-7", "/v1/face-match", "/v1/face-match/a/b", "/v1/face-match/a%20b", "/models/a"]
)
def test_another_path_costs_no_lease(world: World, uri: str) -> None:
    response = world.answer(uri=uri)
    assert (response["status"], world.slug(response), world.asked) == ("404", "not-found", 0)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", ""])
def test_another_method_costs_no_lease(world: World, method: str) -> None:
    response = world.answer(method=method)
    assert (response["status"], world.slug(response), world.asked) == ("405", "method", 0)
    assert response["headers"]["allow"] == [{"key": "Allow", "value": "POST"}]


def test_a_spent_quota(world: World) -> None:
    world.grant_ = Refusal(cause="day")
    response = world.answer()
    assert (response["status"], world.slug(response)) == ("429", "quota")
    assert response["headers"]["retry-after"] == [{"key": "Retry-After", "value": str(86_400 - 1_795_003_200 % 86_400)}]
    assert world.server.asked == []


def test_a_silent_ledger_is_logged_once(world: World) -> None:
    world.grant_ = LedgerUnavailable("BatchGetItem: TimeoutError")
    for _ in range(3):
        response = world.answer()
        assert (response["status"], world.slug(response)) == ("503", "ledger")
        assert response["headers"]["retry-after"] == [{"key": "Retry-After", "value": "5"}]
    assert world.lines == ["ledger: BatchGetItem: TimeoutError"]
    assert world.server.asked == []


def test_the_lease_comes_before_any_work_and_every_outcome_counts(world: World) -> None:
    # GIVEN a lease of four requests
    assert isinstance(world.grant_, Granted)
    world.grant_ = granted(4, world.grant_.limits)
    truncated = event(BODY)["Records"][0]["cf"]["request"]["body"] | {"inputTruncated": True}

    # WHEN four requests come, three of them bad
    statuses = [
        world.answer(b"short")["status"],
        world.answer(body=truncated)["status"],
        world.answer()["status"],
        world.answer(b"")["status"],
    ]

    # THEN the lease is used up by them
    assert statuses == ["400", "413", "200", "400"]
    assert world.asked == 1
    world.answer()
    assert world.asked == 2


def test_a_missing_model_counts_too(world: World) -> None:
    # GIVEN a lease of two requests whose model nobody has
    world.grant_ = granted(2, limits(model_url=world.server.url + "/gone"))

    # WHEN three requests come
    responses = [world.answer() for _ in range(3)]

    # THEN each is told so, the lease is used up, and the log has one line
    assert {response["status"] for response in responses} == {"503"}
    assert {world.slug(response) for response in responses} == {"model"}
    assert responses[0]["headers"]["retry-after"] == [{"key": "Retry-After", "value": "5"}]
    assert world.asked == 2
    assert len(world.lines) == 1
    assert world.lines[0].startswith("model: model sha256:000")


@pytest.mark.parametrize(
    "carried",
    [
        None,
        {},
        {"data": ""},
        {"data": None},
        {"data": "!!!!"},
        {"data": "AAA"},
        {"data": "AAAA\n"},
        {"data": "é"},
        {"data": "AAEC" * 20 + "\n"},
        {"data": "A" * 1_000_000},
    ],
)
def test_any_other_body_has_the_wrong_size(world: World, carried: dict[str, Any] | None) -> None:
    response = world.answer(body=carried)
    assert (response["status"], world.slug(response)) == ("400", "wrong-size")


def test_a_new_lease_brings_a_new_model(world: World) -> None:
    # GIVEN an edge that has answered with one model
    assert body_of(world.answer())["model"] == digest(MODEL)
    new = small_model(threshold=1.0)
    world.grant_ = granted(9, world.server.serve(new))

    # WHEN its lease has ended
    world.wall_s += 600
    world.monotonic_s += 600

    # THEN it answers with the other
    answer = body_of(world.answer())
    assert answer["model"] == digest(new)
    assert answer["outputs"]["match"] is True


def test_a_withdrawn_model_does_not_answer_on(world: World) -> None:
    # GIVEN an edge that has answered, and a lease whose new model can't be had
    old = world.grant_
    world.answer()
    world.grant_ = granted(1, limits(model_url=world.server.url + "/gone"))
    world.wall_s += 600
    world.monotonic_s += 600

    # WHEN and THEN
    assert world.slug(world.answer()) == "model"
    world.grant_ = old
    assert world.answer()["status"] == "200"


@pytest.mark.parametrize(("left_s", "step_s"), [(30.0, 2.0), (3.0, 2.0), (1.3, 1.0), (0.2, -0.1)])
def test_the_ledger_gets_no_more_time_than_is_left(world: World, left_s: float, step_s: float) -> None:
    world.left_s = left_s
    world.answer()
    assert world.timeouts_s == [pytest.approx(step_s)]


def test_an_answer_that_is_too_large_for_the_edge_is_none(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.edge.MAX_ANSWER_BYTES", 50)
    response = world.answer()
    assert (response["status"], world.slug(response)) == ("500", "failed")
    assert len(world.lines) == 1
    assert world.lines[0].startswith("failed: ValueError at edge.py:")


def test_an_error_is_one_line_without_its_text(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a library that quotes the payload in its error
    def run(self: object, body: bytes) -> None:
        raise RuntimeError(f"bad input {body!r}")

    monkeypatch.setattr("inference.session.Session.run", run)

    # WHEN and THEN
    response = world.answer()
    assert (response["status"], world.slug(response)) == ("500", "failed")
    assert [line.partition(":")[0] for line in world.lines] == ["failed"]
    assert "bad input" not in world.lines[0] + response["body"]
