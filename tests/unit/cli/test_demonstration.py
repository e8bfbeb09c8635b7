"""What the demonstration asks of each function, as which device, and what it says of the worst month."""

from __future__ import annotations

import sys
import types
from decimal import Decimal
from typing import Any

import pytest

from edgewise.cli import demonstration
from edgewise.cli.demonstration import DEVICE, demonstrate
from edgewise.cli.deployment import Deployment
from edgewise.cli.described import read_stack
from edgewise.device import demo
from edgewise.local.supervisor import LocalEdgeStatus
from edgewise.models import catalogue
from edgewise.models.tally import Tally, judge
from inference.contract import device_key

EXAM = demo.Exam(about="things", questions=[])
MASTER = "1" * 64


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Stand for deployment and HTTP; settings, models, locks and the bound are real."""
    functions = read_stack("local").functions
    calls: list[dict[str, Any]] = []

    def run(base_url: str, **how: Any) -> demo.DemoResult:
        calls.append({"base_url": base_url, **how})
        return demo.DemoResult(
            function=how["device"].function,
            endpoint=base_url,
            model=how["artefact"].digest,
            about=how["exam"].about,
            manifest_accuracy=how["artefact"].manifest.accuracy,
            answers=judge([Tally(genuine=1, accepted=1, impostors=1, refused=1)]),
            differing=(),
            first_ms=1.0,
            p50_ms=1.0,
            p99_ms=1.0,
            bytes_up=1,
            bytes_down=1,
            model_bytes=how["artefact"].manifest.bytes,
            figures={},
        )

    stub = types.ModuleType("tests_stub_exam")
    stub.exam = lambda artefact, *, say: EXAM  # type: ignore[attr-defined]  # a module made here
    monkeypatch.setitem(sys.modules, stub.__name__, stub)
    monkeypatch.setattr(demonstration, "EXAMS", dict.fromkeys(demonstration.EXAMS, stub.__name__))
    digests = {name: read_stack("local").models[function.model] for name, function in functions.items()}
    deployment = Deployment(
        stack="local",
        endpoints={name: {"kid": "k1", "model_digest": digest} for name, digest in digests.items()},
        signing_keys={name: {"k1": MASTER} for name in functions},
    )
    monkeypatch.setattr(demonstration, "read_deployment", lambda _: deployment)
    monkeypatch.setattr(demo, "run", run)
    return calls


def edge() -> LocalEdgeStatus:
    endpoints = {name: f"http://127.0.0.1:4{place:04d}" for place, name in enumerate(read_stack("local").functions)}
    return LocalEdgeStatus(
        healthy=True,
        stack="local",
        endpoints=endpoints,
        pids={},
        restarts={},
        python={},
        cloud_url="",
        admin_url="",
        notes=[],
        home_url="",
        dashboard_url="",
    )


def test_every_function_is_asked_about_its_deployed_model(asked: list[dict[str, Any]]) -> None:
    settings, running = read_stack("local"), edge()
    shown = demonstrate(running)
    assert {"face-match", "anomaly", "voice-activity"} <= set(settings.functions)
    assert [call["device"].function for call in asked] == list(settings.functions)
    for call, (name, function) in zip(asked, settings.functions.items(), strict=True):
        assert call["base_url"] == running.endpoints[name]
        assert call["artefact"].digest == settings.models[function.model]
        assert (call["device"].device_id, call["device"].kid) == (DEVICE, "k1")
        assert call["device"].key == device_key(MASTER, DEVICE)
        assert call["exam"] is EXAM
    # THEN each fits its budget, and would cost more with the float32 model
    for each in shown:
        budget_usd = settings.functions[each.result.function].monthly_budget_usd
        assert each.bound_usd <= each.budget_usd == Decimal(budget_usd)
        assert each.bound_usd < each.float32_bound_usd
        assert each.float32_bytes > each.result.model_bytes * 3
        assert each.passed


def test_a_model_without_an_exam_is_left_out(
    asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    exams = {name: module for name, module in demonstration.EXAMS.items() if name != "anomaly"}
    monkeypatch.setattr(demonstration, "EXAMS", exams)
    shown = demonstrate(edge())
    assert "anomaly" not in [each.result.function for each in shown]
    assert "anomaly: model 'anomaly' has no demonstration" in capsys.readouterr().err


def test_the_exams_are_of_models_in_the_catalogue() -> None:
    assert set(demonstration.EXAMS) <= set(catalogue.names())
