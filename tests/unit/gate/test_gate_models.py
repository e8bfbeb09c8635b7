"""The gate's verdicts on the fetch of a model."""

from __future__ import annotations

import pytest

from tests.unit.gate.gate_runner import FETCH, NOW_S, STORE, Gate, fetching, signed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_model_is_fetched_with_the_token(gate: Gate, method: str) -> None:
    verdict = gate.ask(fetching(method))
    assert verdict.passed
    assert set(verdict.result["headers"]) == {"host"}
    assert verdict.asked == ["get fetch:f1"]


def test_a_model_is_fetched_while_the_function_is_closed(gate: Gate) -> None:
    assert gate.ask(fetching(), store=STORE | {"closed_until": "253402300799"}).passed


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_a_model_is_only_read(gate: Gate, method: str) -> None:
    verdict = gate.ask(fetching(method))
    assert (verdict.status, verdict.slug, verdict.header("allow")) == (405, "method", "GET, HEAD")
    assert verdict.asked == []


@pytest.mark.parametrize(
    "token",
    [None, "", FETCH, f"f2.{FETCH}", f"f1.{'c4' * 32}", f"f1.{FETCH}0", "f1.", f"F1.{FETCH}", f"f1.{FETCH.upper()}"],
)
def test_a_model_is_refused_without_the_token(gate: Gate, token: str | None) -> None:
    verdict = gate.ask(fetching(token=token))
    assert (verdict.status, verdict.slug, verdict.problem["time"]) == (401, "signature", NOW_S)


def test_a_device_signature_fetches_no_model(gate: Gate) -> None:
    wanted = fetching(token=None)
    wanted["headers"]["authorization"] = {"value": signed()}
    assert gate.ask(wanted).status == 401


def test_a_failing_store_gives_no_model(gate: Gate) -> None:
    verdict = gate.ask(fetching(), broken=("fetch:f1",))
    assert (verdict.status, verdict.slug) == (503, "closed")
