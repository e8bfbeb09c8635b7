"""The vectors that every implementation of the edge's state machine must pass."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import inference
from inference import sizing
from inference.lease import Ask, Go, Refused
from inference.limits import Limits
from inference.machine import LeaseMachine
from inference.override import Override
from inference.receipt import Receipt
from inference.sketch import Sketch
from inference.terms import Grant, Granted, LedgerUnavailable, Moment, Question, ReceiptTaken, Refusal

FOLDER = Path(str(inference.__file__)).parent / "vectors"
LEASE: dict[str, Any] = json.loads((FOLDER / "lease.json").read_text())
PARTS: dict[str, Any] = json.loads((FOLDER / "parts.json").read_text())


class Player:
    """Plays a vector's steps on the Python machine."""

    def __init__(self, start_s: float) -> None:
        self.machine = LeaseMachine(process="p", draw=0.5)
        self.start_s = start_s
        self.go: Go | None = None
        self.tokens: set[str] = set()

    def play(self, step: dict[str, Any]) -> None:
        now = Moment(self.start_s + step["at"], 1_000 + step.get("mono", step["at"]))
        for _ in range(step.get("times", 1)):
            getattr(self, step["do"])(step, now)

    def arrive(self, step: dict[str, Any], now: Moment) -> None:
        verdict = self.machine.arrive(now, step["device"])
        if isinstance(verdict, Go):
            self.go = verdict
            found: dict[str, Any] = {"verdict": "go", "unmetered": verdict.unmetered, "then": verdict.then}
        elif isinstance(verdict, Ask):
            found = {"verdict": "ask"}
        else:
            assert isinstance(verdict, Refused)
            found = {"verdict": "refused", **asdict(verdict)}
            del found["reason"]
        assert found == step["expect"]

    def ask(self, step: dict[str, Any], now: Moment) -> None:
        question = self.machine.question(now, alone=step["alone"])
        expected = step["expect"]
        if not expected:
            assert question is None
            return
        assert question is not None
        found = {
            "wanted": question.wanted,
            "held_digests": list(question.held_digests),
            "day": question.asked.day,
            "receipt": shown(question, expected),
        }
        assert found == {name: value for name, value in expected.items() if name in found}
        assert question.token not in self.tokens
        self.tokens.add(question.token)

    def answer(self, step: dict[str, Any], now: Moment) -> None:
        self.machine.answered(now, answer_of(dict(step["answer"])))

    def done(self, step: dict[str, Any], now: Moment) -> None:
        assert self.go is not None
        self.machine.done(self.go, now, step["outcome"], elapsed_ms=step["elapsed_ms"])


def shown(question: Question, expected: dict[str, Any]) -> dict[str, Any] | None:
    """Return those members of the receipt that are expected."""
    if question.receipt is None:
        return None
    if expected["receipt"] is None:
        return {"unexpected": question.receipt.to_text()}
    return {name: getattr(question.receipt, name) for name in expected["receipt"]}


def answer_of(told: dict[str, Any]) -> Grant | ReceiptTaken:
    kind = told.pop("kind")
    if kind == "granted":
        limits = Limits(**(LEASE["defaults"]["limits"] | told.pop("limits")))
        return Granted(limits=limits, **told)
    if kind == "refused":
        return Refusal(**told)
    return LedgerUnavailable(**told) if kind == "unavailable" else ReceiptTaken(**told)


@pytest.mark.parametrize("vector", LEASE["vectors"], ids=lambda vector: vector["name"])
def test_the_lease(vector: dict[str, Any]) -> None:
    player = Player(vector["start_s"])
    for number, step in enumerate(vector["steps"]):
        try:
            player.play(step)
        except AssertionError as error:
            raise AssertionError(f"step {number}: {step}\n{error}") from error


@pytest.mark.parametrize("vector", PARTS["sizing"], ids=str)
def test_the_sizes(vector: dict[str, Any]) -> None:
    assert getattr(sizing, vector["function"])(**vector["given"]) == vector["expect"]


@pytest.mark.parametrize("vector", PARTS["canary"], ids=str)
def test_the_canary(vector: dict[str, Any]) -> None:
    models = Override(**vector["override"]).models(Limits(**LEASE["defaults"]["limits"]), vector["draw"])
    assert [limits.model_digest for limits in models] == vector["expect"]


@pytest.mark.parametrize("vector", PARTS["sketch"], ids=lambda vector: vector["text"])
def test_the_sketch(vector: dict[str, Any]) -> None:
    sketch = Sketch()
    for value in vector["values"]:
        sketch.add(value)
    if vector["joined"]:
        sketch.join(vector["joined"])
    assert sketch.to_text() == vector["text"]
    for share, value in vector["quantiles"].items():
        assert Sketch.from_text(vector["text"]).quantile(float(share)) == pytest.approx(value)


@pytest.mark.parametrize("vector", PARTS["receipt"], ids=lambda vector: vector["id"])
def test_the_receipt(vector: dict[str, Any]) -> None:
    receipt = Receipt(digest=vector["digest"], receipt_id=vector["id"])
    for note in vector["notes"]:
        receipt.note(**note)
    receipt.note_devices(vector["devices"])
    assert json.loads(receipt.to_text()) == vector["expect"]
    assert Receipt.from_text(receipt.to_text()) is not receipt
    assert Receipt.from_text(receipt.to_text()).to_text() == receipt.to_text()
