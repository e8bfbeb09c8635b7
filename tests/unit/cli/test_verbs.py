"""The verbs' input, answers and exit codes; the engine's own part is tested in tests/engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from edgewise import engine
from edgewise.cli.artefacts import ensure_models, pinned
from edgewise.cli.exits import CliError
from edgewise.cli.main import app
from inference import contract

MASTER = {"k1": "1" * 64, "k2": "2" * 64}
OUTPUTS: dict[str, Any] = {
    "endpoints": {
        "face-match": {
            "url": "https://d1.example",
            "kid": "k2",
            "model_digest": "sha256:" + "a" * 64,
            "request_bytes": 67_500,
        }
    },
    "signing_keys": {"face-match": MASTER},
}


def run(*args: str) -> Result:
    return CliRunner().invoke(app, list(args))


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Let the engine answer for a deployed stack, and return how it was asked."""
    asked: dict[str, Any] = {}

    def outputs(stack: str, **how: Any) -> dict[str, Any]:
        asked.update(stack=stack, **how)
        return OUTPUTS

    monkeypatch.setattr(engine, "has_state", lambda *_, **__: True)
    monkeypatch.setattr(engine, "outputs", outputs)
    return asked


def test_help_of_every_verb_has_an_example() -> None:
    for verb in ("up", "down", "status", "preview", "env", "infer", "device-key"):
        result = run(verb, "--help")
        assert result.exit_code == 0
        assert f"Example: {'eval' if verb == 'env' else f'edgewise {verb}'}" in result.stdout
        assert "--json" in result.stdout


def test_device_key_derives_from_the_newest_master_key(deployed: dict[str, Any]) -> None:
    result = run("device-key", "face-match", "door-1")
    assert result.exit_code == 0
    assert result.stdout == contract.device_key(MASTER["k2"], "door-1") + "\n"
    assert deployed == {"stack": "local", "show_secrets": True, "stand_in": True}


def test_device_key_of_an_older_key_in_json(deployed: dict[str, Any]) -> None:
    result = run("device-key", "face-match", "door-1", "--kid", "k1", "--json")
    expected = contract.device_key(MASTER["k1"], "door-1")
    assert json.loads(result.stdout) == {
        "function": "face-match",
        "device": "door-1",
        "kid": "k1",
        "key": expected,
    }


def test_another_stack_is_read_with_the_users_own_settings(deployed: dict[str, Any]) -> None:
    assert run("device-key", "face-match", "door-1", "--stack", "prod").exit_code == 0
    assert deployed == {"stack": "prod", "show_secrets": True, "stand_in": False}


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["face-mtach", "door-1"], "error: function 'face-mtach': stack local has face-match"),
        (["face-match", "door-1", "--kid", "k9"], "error: --kid 'k9': face-match has k1, k2"),
        (["face-match", "door/1"], "error: device id 'door/1': must be 1 to 64 letters"),
        (["face-match", "x" * 65], "must be 1 to 64 letters"),
    ],
)
def test_device_key_refuses_bad_input_and_shows_no_key(
    deployed: dict[str, Any], args: list[str], sentence: str
) -> None:
    result = run("device-key", *args)
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert not any(key in result.output for key in MASTER.values())


def test_verbs_on_a_stack_that_is_not_deployed_end_with_3(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(engine, "has_state", lambda *_, **__: False)
    photo = tmp_path / "photo.jpg"
    photo.touch()
    for args in (
        ["device-key", "face-match", "door-1"],
        ["infer", "face-match", "--image", str(photo), "--device", "door-1"],
    ):
        result = run(*args)
        assert result.exit_code == 3
        assert result.stderr == "error: stack local is not deployed; run 'make up'\n"


def test_infer_refuses_a_photo_that_is_not_there() -> None:
    result = run("infer", "face-match", "--image", "/nowhere.jpg", "--device", "door-1")
    assert result.exit_code == 2
    assert "/nowhere.jpg" in result.stderr


def test_infer_refuses_a_function_that_takes_no_face(
    deployed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = tmp_path / "photo.jpg"
    photo.touch()
    monkeypatch.setitem(OUTPUTS["endpoints"]["face-match"], "request_bytes", 36)
    result = run("infer", "face-match", "--image", str(photo), "--device", "door-1", "--stack", "prod")
    assert result.exit_code == 2
    assert "function 'face-match' takes 36 bytes, which is no face" in result.stderr


@pytest.fixture
def ask(deployed: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[object], Result]:
    """Run `infer` with a client that answers or raises what the test says."""
    from edgewise.device import client

    photo = tmp_path / "photo.jpg"
    photo.touch()

    def asked(outcome: object) -> Result:
        def infer(**question: Any) -> object:
            deployed.update(question=question)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        monkeypatch.setattr(client, "infer", infer)
        return run("infer", "face-match", "--image", str(photo), "--device", "door-1", "--stack", "prod", "--json")

    return asked


def test_infer_signs_as_the_device_and_prints_the_decision(
    ask: Callable[[object], Result], deployed: dict[str, Any]
) -> None:
    from edgewise.device.client import InferAnswer

    decision = InferAnswer(
        match=True,
        score=0.71,
        row=3,
        model="sha256:" + "a" * 64,
        latency_ms=12.5,
        bytes_up=67_800,
        bytes_down=300,
    )
    result = ask(decision)
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {
        "match": True,
        "score": 0.71,
        "row": 3,
        "model": "sha256:" + "a" * 64,
        "latency_ms": 12.5,
        "bytes_up": 67_800,
        "bytes_down": 300,
    }
    question = deployed["question"]
    assert (question["base_url"], question["kid"]) == ("https://d1.example", "k2")
    assert question["key"] == contract.device_key(MASTER["k2"], "door-1")


@pytest.mark.parametrize(("status", "code"), [(401, 4), (413, 4), (429, 4), (500, 5), (503, 5)])
def test_infer_ends_with_the_code_of_what_the_edge_answered(
    ask: Callable[[object], Result], status: int, code: int
) -> None:
    from edgewise.device.client import EdgeError

    result = ask(EdgeError(status=status, slug="quota", detail="used up", retry_after_s=60))
    assert result.exit_code == code
    assert result.stderr == f"error: {status} quota: used up Ask again in 60 s.\n"


def test_infer_without_an_answer_ends_with_5_and_a_bad_photo_with_2(ask: Callable[[object], Result]) -> None:
    from edgewise.device.client import UnreachableError
    from edgewise.models.faces import FaceError

    assert ask(UnreachableError("no answer")).exit_code == 5
    assert ask(FaceError("photo.jpg: no face found")).exit_code == 2


def test_preview_of_an_unknown_stack_names_the_known_ones() -> None:
    result = run("preview", "prdo")
    assert result.exit_code == 2
    assert "stack 'prdo': there is none; stacks/ has dev, local, prod, staging" in result.stderr


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["prod", "--", "--diff"], ("prod", ["--diff"], True)),
        (["prod", "--json"], ("prod", ["--json"], True)),
        (["prod", "--cloud"], ("prod", [], False)),
    ],
)
def test_preview_passes_arguments_on(
    monkeypatch: pytest.MonkeyPatch, args: list[str], expected: tuple[str, list[str], bool]
) -> None:
    seen: list[tuple[str, list[str], bool]] = []
    monkeypatch.setattr(engine, "pulumi_path", lambda: Path("pulumi"))
    monkeypatch.setattr("edgewise.cli.preview.ensure_models", lambda *_, **__: None)
    monkeypatch.setattr(engine, "preview", lambda stack, args, *, stand_in: seen.append((stack, args, stand_in)))
    assert run("preview", *args).exit_code == 0
    assert seen == [expected]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "stacks").mkdir()
    return tmp_path


def write_stack(project: Path, models: dict[str, str]) -> None:
    text = json.dumps({"config": {"edgewise:models": models}})
    (project / "stacks" / "Pulumi.local.yaml").write_text(text)


def test_models_of_a_stack_are_read_and_a_missing_stack_is_named(project: Path) -> None:
    write_stack(project, {"face-match": "sha256:" + "a" * 64})
    assert pinned("local", project) == {"face-match": "sha256:" + "a" * 64}
    with pytest.raises(CliError, match="stack 'prod': there is none; stacks/ has local"):
        pinned("prod", project)


def test_only_missing_models_of_the_catalogue_are_built(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from edgewise.models import catalogue

    # GIVEN one pinned model in the cache, one that the catalogue has, and one of the owner's own
    cached, missing, foreign = ("sha256:" + letter * 64 for letter in "abc")
    write_stack(project, {"there": cached, "face-match": missing, "own-model": foreign})
    models = project / "cache" / "edgewise" / "models"
    models.mkdir(parents=True)
    (models / f"{'a' * 64}.onnx").touch()
    built: list[tuple[str, str | None]] = []
    monkeypatch.setattr(catalogue, "names", lambda: ["face-match", "there"])
    monkeypatch.setattr(catalogue, "ensure", lambda name, *, digest, say: built.append((name, digest)))
    # WHEN the stack's models are wanted, THEN only the second is built, as pinned
    ensure_models("local", say=print, root=project)
    assert built == [("face-match", missing)]
