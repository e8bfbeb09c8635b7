"""`up`, `down` and `status`: what they ask of the engine and the local edge, in which order, and how they end."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from edgewise import engine, operate
from edgewise.cli import demonstration
from edgewise.cli.described import read_stack
from edgewise.cli.edge_errors import edge_exit_codes
from edgewise.cli.main import app
from edgewise.device import client, demo
from edgewise.local import supervisor
from edgewise.local.supervisor import LocalEdgeStatus
from edgewise.models.tally import Tally, judge

DIGEST = "sha256:" + "a" * 64
MASTER = "1" * 64
STATE: dict[str, Any] = {"deployment": {"resources": []}}
EDGE = LocalEdgeStatus(
    healthy=True,
    stack="local",
    endpoints={"face-match": "http://127.0.0.1:40123"},
    pids={"keeper": 11, "gateway": 12},
    restarts={"gateway": 0},
    python={"version": "3.13.5", "very_zip": True, "sentence": "Python 3.13.5 runs the very zip"},
    cloud_url="http://127.0.0.1:40124",
    admin_url="http://127.0.0.1:40125",
    notes=["control groups can't be written here"],
    home_url="http://127.0.0.1:40126",
    dashboard_url="http://127.0.0.1:40126/dashboard",
)


def shown(*, passed: bool = True, differing: tuple[str, ...] = (), bound_usd: str = "41.89") -> demonstration.Shown:
    """Return what a demonstration shows, all right or with something wrong."""
    right = Tally(genuine=30, accepted=30 if passed else 2, impostors=30, refused=30)
    result = demo.DemoResult(
        function="face-match",
        endpoint="http://127.0.0.1:40123/v1/face-match/demo-device",
        model=DIGEST,
        about="photos",
        manifest_accuracy={"int8": 0.9972, "int8_low": 0.99, "int8_high": 1.0},
        answers=judge([right]),
        differing=differing,
        first_ms=220.0,
        p50_ms=11.5,
        p99_ms=30.25,
        bytes_up=67_800,
        bytes_down=300,
        model_bytes=2_400_000,
        figures={"align_p50_ms": 5.0},
    )
    return demonstration.Shown(
        result=result,
        budget_usd=Decimal(45),
        bound_usd=Decimal(bound_usd),
        float32_bytes=22_400_000,
        float32_bound_usd=Decimal("54.16"),
    )


class Local:
    """Stands for the engine and the local edge, and remembers what was asked of them."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.edge: LocalEdgeStatus | None = EDGE
        self.deployed = True
        self.demonstration: demonstration.Shown | Exception = shown()
        self.asked: dict[str, Any] = {}
        self.named: dict[str, dict[str, object]] = {}
        outputs = {
            "endpoints": {"face-match": {"kid": "k1", "model_digest": DIGEST}},
            "signing_keys": {"face-match": {"k1": MASTER}},
        }
        answers = {"pulumi_path": None, "up": None, "destroy": None, "export": STATE, "outputs": outputs}
        for name, value in answers.items():
            patch.setattr(engine, name, self._note(name, value))
        patch.setattr(engine, "has_state", lambda *_, **__: self.deployed)
        patch.setattr("edgewise.cli.up.ensure_models", self._note("models", None))
        patch.setattr("edgewise.cli.up.find_python313", self._note("python313", None))
        patch.setattr(supervisor, "start", self._note("start", EDGE))
        patch.setattr(supervisor, "stop", lambda _, *, keep_data: self.calls.append(f"stop keep_data={keep_data}"))
        patch.setattr(supervisor, "status", lambda _: self.edge)
        patch.setattr(demonstration, "demonstrate", self._demonstrate)

    def _note(self, name: str, value: object) -> Any:
        def call(*args: object, **named: object) -> object:
            self.calls.append(name)
            self.asked[name], self.named[name] = args, named
            return value

        return call

    def _demonstrate(self, edge: LocalEdgeStatus) -> list[demonstration.Shown]:
        self.calls.append("demo")
        if isinstance(self.demonstration, Exception):
            with edge_exit_codes():
                raise self.demonstration
        return [self.demonstration]


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> Local:
    return Local(monkeypatch)


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


def test_up_goes_from_the_engine_to_the_edge(local: Local) -> None:
    result = run("up")
    assert result.exit_code == 0
    assert local.calls == ["pulumi_path", "models", "python313", "up", "export", "start"]
    assert local.asked["start"][0] == STATE
    assert "http://127.0.0.1:40123" in result.stdout
    assert "dashboard: http://127.0.0.1:40126/dashboard" in result.stderr


def test_up_tells_the_meter_which_plan_the_owner_pays(local: Local) -> None:
    run("up")
    assert local.named["start"]["billing"] == {name: {"plan": "none"} for name in read_stack("local").functions}


def test_up_demo_shows_every_function(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    # WHEN the demonstration runs THEN a reader finds answers, times, bytes, the worst month and what was saved
    monkeypatch.setenv("COLUMNS", "120")
    result = run("up", "--demo")
    assert result.exit_code == 0
    for expected in (
        "face-match",
        "60 photos",
        "60/60",
        "99.72 % (99.0-100.0)",
        "11.5 ms",
        "30.2, 220.0 ms",
        "67,800, 300",
        "2,400 KB, 22,400 KB",
        "$41.89 of $45",
        "$12.27",
    ):
        assert expected in result.stdout, expected
    # THEN a program finds the same
    told = json.loads(run("up", "--demo", "--json").stdout)
    found = told["demo"]["face-match"]
    assert (found["passed"], found["right"], found["total"], found["p50_ms"]) == (True, 60, 60, 11.5)
    assert (found["bound_usd"], found["monthly_budget_usd"], found["saved_usd"]) == ("41.89", "45", "12.27")
    assert told["edge"]["endpoints"] == EDGE.endpoints
    assert told["stack"] == "local"


@pytest.mark.parametrize(
    "wrong",
    [shown(passed=False), shown(differing=("s21/4.pgm",)), shown(bound_usd="45.01")],
    ids=["wrong", "other", "dear"],
)
def test_up_fails_when_the_demonstration_does_not_pass(local: Local, wrong: demonstration.Shown) -> None:
    local.demonstration = wrong
    result = run("up", "--demo")
    assert result.exit_code == 1
    assert "60 photos" in result.stdout
    assert "error: the demonstration of face-match did not pass" in result.stderr
    told, _ = json.JSONDecoder().raw_decode(run("up", "--demo", "--json").stdout)
    assert told["demo"]["face-match"]["passed"] is False


def test_up_demo_ends_with_the_edges_own_exit_code(local: Local) -> None:
    local.demonstration = client.EdgeError(status=429, slug="quota", detail="used up")
    assert run("up", "--demo").exit_code == 4
    local.demonstration = client.UnreachableError("no answer")
    assert run("up", "--demo").exit_code == 5


def test_up_stops_at_the_first_error(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise engine.EngineError("'pulumi up' failed with exit code 1, see above")

    monkeypatch.setattr(engine, "up", fail)
    result = run("up", "--demo")
    assert result.exit_code == 1
    assert result.stderr == "error: 'pulumi up' failed with exit code 1, see above\n"
    assert "start" not in local.calls


def test_down_stops_the_edge_before_it_destroys_the_stack(local: Local) -> None:
    result = run("down", "--json")
    assert local.calls == ["stop keep_data=False", "destroy"]
    assert json.loads(result.stdout) == {"stack": "local", "was_running": True, "destroyed": True}


def test_down_keeps_stack_and_ledger_on_demand(local: Local) -> None:
    result = run("down", "--keep-state", "--json")
    assert local.calls == ["stop keep_data=True"]
    assert json.loads(result.stdout)["destroyed"] is False


def test_down_without_anything_is_well(local: Local) -> None:
    local.edge, local.deployed = None, False
    result = run("down")
    assert result.exit_code == 0
    assert local.calls == ["stop keep_data=False"]
    assert result.stderr == "the local edge was not running\n"


def test_status_shows_what_runs_and_what_is_missing(local: Local) -> None:
    result = run("status")
    assert result.exit_code == 0
    assert "http://127.0.0.1:40123" in result.stdout
    assert "Python 3.13.5 runs the very zip" in result.stderr
    assert "dashboard: http://127.0.0.1:40126/dashboard" in result.stderr
    assert "processes: gateway 12, keeper 11" in result.stderr
    assert "note: control groups can't be written here" in result.stderr
    told = json.loads(run("status", "--json").stdout)
    assert told.pop("positions")["face-match"].startswith("unknown: stack local has no outputs store_arn")
    assert told == EDGE.to_json()


def test_status_shows_what_is_open_and_what_is_not_known(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a function that is closed and has a canary
    closed = operate.Position(
        open=False,
        enabled=True,
        leases_closed_until_s=1_795_615_200,
        gate_closed_until_s=0,
        canary_digest=DIGEST,
        canary_percent=10,
    )
    monkeypatch.setattr(operate, "look", lambda *_: closed)
    monkeypatch.setattr(operate.Target, "from_outputs", lambda *_, **__: None)
    result = run("status")
    assert result.exit_code == 0
    assert "closed until" in result.stdout
    assert "canary" in result.stdout
    assert json.loads(run("status", "--json").stdout)["positions"] == {"face-match": closed.to_json()}

    # WHEN neither ledger nor engine answers, THEN the status says so and still comes
    def down(*_: object) -> None:
        raise operate.OperateError("the override item: no answer")

    monkeypatch.setattr(operate, "look", down)
    assert (
        "unknown: the override item: no answer" in json.loads(run("status", "--json").stdout)["positions"]["face-match"]
    )
    local.deployed = False
    assert "unknown: stack local is not" in json.loads(run("status", "--json").stdout)["positions"]["face-match"]


def test_status_ends_with_1_when_a_part_is_down_and_3_when_all_is(local: Local) -> None:
    local.edge = replace(EDGE, healthy=False)
    assert run("status").exit_code == 1
    local.edge = None
    result = run("status", "--json")
    assert result.exit_code == 3
    assert json.loads(result.stdout)["exit_code"] == 3
