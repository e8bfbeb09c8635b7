"""The real engine on a tiny project: the environment, a preview that leaves no trace, a killed update."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from edgewise import engine
from edgewise.cli.main import app
from edgewise.engine.environment import OWN_LANGUAGE_HOST, STAND_IN_PLUGINS
from tests.engine.tiny import TinyProject, make_project

if TYPE_CHECKING:
    from collections.abc import Callable

UP_TIMEOUT_S = 60.0


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyProject:
    made = make_project(tmp_path)
    monkeypatch.setenv("PATH", f"{made.plugins}{os.pathsep}{os.environ['PATH']}")
    return made


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def wait_until(condition: Callable[[], bool], timeout_s: float = UP_TIMEOUT_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def start_up(project: TinyProject) -> subprocess.Popen[bytes]:
    """Start `up` in a process of its own, as a user would, and return it with its first create under way."""
    code = (
        "import pathlib, sys; from edgewise import engine;engine.up('local', say=print, root=pathlib.Path(sys.argv[1]))"
    )
    project.hold.touch()
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(project.root)], stdout=subprocess.DEVNULL, start_new_session=True
    )
    wait_until(lambda: bool(project.creates()))
    return process


def lock_of(project: TinyProject) -> Path:
    (lock,) = (project.root / ".edgewise/state").glob(".pulumi/locks/**/local/*.json")
    return lock


def test_up_makes_the_stack_and_outputs_and_export_read_it(project: TinyProject) -> None:
    # GIVEN a checkout that never saw an update
    # WHEN the local stack goes up
    with (project.root / "log").open("w+") as log:
        engine.up("local", say=print, output=log, root=project.root)
        log.seek(0)
        shown = log.read()
    # THEN its outputs are there, secret ones only on demand, and the export holds its secrets in plain text
    outputs = engine.outputs(root=project.root)
    assert outputs["greeting"] == "hello"
    assert outputs["key"] == "[secret]"
    assert engine.outputs(show_secrets=True, root=project.root)["key"] == "a-signing-key"
    exported = engine.export(root=project.root)
    assert {resource["type"] for resource in exported["deployment"]["resources"]} == {
        "pulumi:pulumi:Stack",
        "tiny:index:Group",
    }
    assert json.dumps("a-signing-key") in json.dumps(exported).replace('\\"', '"')
    assert "a-signing-key" not in shown


def test_local_state_is_private_and_encrypted(project: TinyProject) -> None:
    with Path(os.devnull).open("w") as nowhere:
        engine.up("local", say=print, output=nowhere, root=project.root)
    assert (project.root / ".edgewise").stat().st_mode & 0o777 == 0o700
    assert (project.root / ".edgewise/state").stat().st_mode & 0o777 == 0o700
    everything = b"".join(snapshot(project.root / ".edgewise/state").values())
    assert b"tiny-local" in everything
    assert b"a-signing-key" not in everything


def test_preview_without_a_cloud_leaves_the_checkout_as_it_was(project: TinyProject) -> None:
    # GIVEN a stack that is not local, as it is committed
    project.write_stack("prod", "config:\n  tiny:greeting: from prod\n")
    before = snapshot(project.root)
    # WHEN it is previewed on stand-in providers
    with (project.root.parent / "log").open("w+") as log:
        engine.preview("prod", ["--color", "never"], output=log, root=project.root)
        log.seek(0)
        shown = " ".join(log.read().split())
    # THEN the engine read its settings, and nothing was written
    assert 'greeting : "from prod"' in shown
    assert "dry_run : true" in shown
    assert snapshot(project.root) == before


def test_preview_without_a_cloud_refuses_a_secret_it_cannot_read(project: TinyProject) -> None:
    project.write_stack("prod", "encryptionsalt: v1:x\nconfig:\n  tiny:token:\n    secure: v1:abc\n")
    with pytest.raises(engine.EngineError, match=r"Pulumi\.prod\.yaml: tiny:token is encrypted.*--cloud"):
        engine.preview("prod", root=project.root)


def test_local_never_runs_on_real_providers(project: TinyProject) -> None:
    with pytest.raises(engine.EngineError, match="never on a real cloud"):
        engine.up("local", say=print, stand_in=False, root=project.root)
    with pytest.raises(engine.EngineError, match="never on a real cloud"):
        engine.preview("local", stand_in=False, root=project.root)


@pytest.mark.parametrize("change", [engine.up, engine.destroy])
def test_other_stacks_are_never_changed_by_stand_ins(change: Callable[..., None], project: TinyProject) -> None:
    with pytest.raises(engine.EngineError, match="never change it"):
        change("prod", say=print, root=project.root)


def test_stand_in_environment_holds_nothing_of_the_users_cloud(
    project: TinyProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "mine")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "mine")
    monkeypatch.setenv("PULUMI_IGNORE_AMBIENT_PLUGINS", "true")
    monkeypatch.setenv("PULUMI_OPTION_COLOR", "never")
    env = engine.environment("local", stand_in=True, root=project.root)
    assert "mine" not in env.values()
    assert "PULUMI_IGNORE_AMBIENT_PLUGINS" not in env
    assert env["PULUMI_OPTION_COLOR"] == "never"
    assert env["PULUMI_BACKEND_URL"] == f"file://{project.root}/.edgewise/state"
    assert env["PATH"].split(os.pathsep)[0] == str(STAND_IN_PLUGINS)


def test_a_cloud_stack_keeps_the_users_environment(project: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://mine")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    env = engine.environment("prod", stand_in=False, root=project.root)
    assert (env["PULUMI_BACKEND_URL"], env["AWS_PROFILE"]) == ("s3://mine", "mine")
    assert "PULUMI_CONFIG_PASSPHRASE" not in env
    assert str(STAND_IN_PLUGINS) not in env["PATH"].split(os.pathsep)


def test_own_language_host_gives_way_to_an_official_one(project: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN no language host on PATH, THEN ours is put there
    monkeypatch.setenv("PATH", str(project.plugins))
    assert str(OWN_LANGUAGE_HOST) in engine.environment("local", stand_in=True)["PATH"].split(os.pathsep)
    # GIVEN another one, THEN that is used
    official = project.plugins / "pulumi-language-python"
    official.write_text("#!/bin/sh\n")
    official.chmod(0o755)
    assert str(OWN_LANGUAGE_HOST) not in engine.environment("local", stand_in=True)["PATH"].split(os.pathsep)


def test_every_policy_pack_of_the_project_is_passed(project: TinyProject) -> None:
    for name in ("spend", "guard"):
        (project.root / "policies" / name).mkdir(parents=True)
        (project.root / "policies" / name / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (project.root / "policies" / "not_a_pack").mkdir()
    env = engine.environment("prod", stand_in=False, root=project.root)
    packs = project.root / "policies"
    assert env["PULUMI_OPTION_POLICY_PACK"] == f"{packs}/guard,{packs}/spend"


def test_up_recovers_after_kill_9_in_the_middle_of_a_create(project: TinyProject) -> None:
    # GIVEN an update that was killed, the engine and the one who ran it, while a resource was being made
    project.write_stack("local", "config:\n  tiny:slow: [first, second]\n")
    process = start_up(project)
    engine_pid = json.loads(lock_of(project).read_text())["pid"]
    os.kill(engine_pid, signal.SIGKILL)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    project.hold.unlink()
    said: list[str] = []
    # WHEN the stack goes up again
    with Path(os.devnull).open("w") as nowhere:
        engine.up("local", say=said.append, output=nowhere, root=project.root)
    # THEN it says what it cleared away, and both resources are in the state, each once
    assert any("removing its lock" in line for line in said)
    assert any("dropping what was under way: creating" in line for line in said)
    resources = engine.export(root=project.root)["deployment"]["resources"]
    made = [resource["id"] for resource in resources if resource["type"] == "slow:index:Thing"]
    assert sorted(made) == ["first", "second"]
    assert "pending_operations" not in engine.export(root=project.root)["deployment"]


def test_up_recovers_a_note_that_a_kill_cut_off(project: TinyProject) -> None:
    # GIVEN a stack whose update was killed between its state and the note beside it
    with Path(os.devnull).open("w") as nowhere:
        engine.up("local", say=print, output=nowhere, root=project.root)
        before = engine.export(root=project.root)["deployment"]["resources"]
        notes = list((project.root / ".edgewise/state").glob(".pulumi/stacks/*/local.json.attrs"))
        for note in notes:
            note.write_text("")
        # WHEN / THEN the state is read, and goes up again, as it was
        assert notes
        assert engine.export(root=project.root)["deployment"]["resources"] == before
        for note in notes:
            note.write_text("")
        engine.up("local", say=print, output=nowhere, root=project.root)
    assert len(engine.export(root=project.root)["deployment"]["resources"]) == len(before)


def test_ctrl_c_lets_the_engine_write_its_state(project: TinyProject) -> None:
    # GIVEN an update that is interrupted while a resource is being made, as a terminal does it
    project.write_stack("local", "config:\n  tiny:slow: [first]\n")
    process = start_up(project)
    os.killpg(process.pid, signal.SIGINT)
    project.hold.unlink()
    # THEN it ends by itself, with the resource in the state, no lock and nothing to recover
    assert process.wait(UP_TIMEOUT_S) != 0
    assert list((project.root / ".edgewise/state").glob(".pulumi/locks/**/*.json")) == []
    deployment = engine.export(root=project.root)["deployment"]
    assert "first" in [resource.get("id") for resource in deployment["resources"]]
    assert "pending_operations" not in deployment


def test_up_leaves_a_living_update_alone(project: TinyProject) -> None:
    # GIVEN an update that is at work
    project.write_stack("local", "config:\n  tiny:slow: [first]\n")
    process = start_up(project)
    lock = lock_of(project)
    # WHEN a second one starts, THEN it is refused and the first one ends well
    with pytest.raises(engine.EngineError, match=r"another pulumi is at work on it \(process \d+\)"):
        engine.up("local", say=print, root=project.root)
    assert lock.exists()
    project.hold.unlink()
    assert process.wait(UP_TIMEOUT_S) == 0


def test_a_failing_program_fails_the_update_with_its_own_message(project: TinyProject) -> None:
    project.write_program("import pulumi\nraise pulumi.RunError('edgewise:functions: no such model')\n")
    with (project.root.parent / "log").open("w+") as log:
        with pytest.raises(engine.EngineError, match="'pulumi up' failed with exit code"):
            engine.up("local", say=print, output=log, root=project.root)
        log.seek(0)
        assert "error: edgewise:functions: no such model" in log.read()


def test_destroy_leaves_no_stack_and_keeps_its_settings(project: TinyProject) -> None:
    settings = project.root / "stacks" / "Pulumi.local.yaml"
    with Path(os.devnull).open("w") as nowhere:
        engine.up("local", say=print, output=nowhere, root=project.root)
        assert engine.has_state(root=project.root)
        before = settings.read_text()
        engine.destroy("local", say=print, output=nowhere, root=project.root)
    assert not engine.has_state(root=project.root)
    assert settings.read_text() == before
    with pytest.raises(engine.EngineError, match="no stack named 'local' found"):
        engine.outputs(root=project.root)


def test_env_lets_a_plain_pulumi_work_on_the_local_stack(project: TinyProject, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a shell with a cloud's credentials in it, and what `edgewise env` prints
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setattr(engine, "select", partial(engine.select, root=project.root))
    monkeypatch.setattr(engine, "environment", partial(engine.environment, root=project.root))
    result = CliRunner().invoke(app, ["env"])
    assert result.exit_code == 0
    # WHEN the shell takes it in and runs a plain pulumi
    script = 'eval "$1"; pulumi preview --color never; echo "profile=[$AWS_PROFILE]"'
    command = ["bash", "-ec", script, "bash", result.stdout]
    shell = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=True)
    # THEN it previews the local stack, and the credentials are out of its sight
    assert "tiny-local" in shell.stdout
    assert "profile=[]" in shell.stdout
