"""The real program under the real engine: what it refuses to do, and an update that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from edgewise import engine
from tests.project import copy_project


def test_the_stand_in_provider_changes_no_other_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN somebody who runs a plain `up` of dev with the stand-ins on PATH
    copy = copy_project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(copy.root))

    answer = copy.pulumi("up", "--yes", stack="dev", check=False)

    assert answer.returncode != 0
    assert "dev" in answer.stdout + answer.stderr
    assert "stand-in" in answer.stdout + answer.stderr
    state = json.loads(copy.pulumi("stack", "export", stack="dev").stdout)
    made = [each for each in state["deployment"].get("resources", []) if each["type"].startswith(("aws:", "random:"))]
    assert made == []


def test_bad_settings_are_told_and_declare_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = copy_project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(copy.root))
    copy.change_function(memory_mb=127, colour="red")

    answer = copy.pulumi("preview", check=False)

    told = answer.stdout + answer.stderr
    assert answer.returncode != 0
    assert "edgewise:functions.face-match.memory_mb: 127 is refused" in told
    assert "edgewise:functions.face-match.colour: unknown key" in told
    assert "aws:" not in told


def test_two_functions_of_one_name_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = copy_project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(copy.root))
    text = copy.stack_file().read_text()
    copy.stack_file().write_text(text + text[text.index("    face-match:\n      model") :])

    with pytest.raises((engine.EngineError, subprocess.CalledProcessError)) as caught:
        copy.pulumi("preview")

    assert "face-match" in f"{caught.value}{getattr(caught.value, 'stderr', '')}"


def test_an_update_killed_in_the_middle_is_recovered_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN an update that has made some resources and not yet the distribution
    copy = copy_project(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(copy.root))
    engine.select("local", stand_in=True, root=copy.root)
    process = subprocess.Popen(
        [str(engine.pulumi_path()), "up", "--yes", "--stack", "local", "--parallel", "1"],
        cwd=copy.root,
        env=engine.environment("local", stand_in=True, root=copy.root),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    _wait_for_some_resources(copy.root, process)

    # WHEN it is killed, children and all
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    made = len(copy.resources())

    # THEN the next one ends what was begun
    copy.up()
    copy.expect_no_changes()
    assert 0 < made < len(copy.resources())
    assert len({each["urn"] for each in copy.resources()}) == len(copy.resources())

    # WHEN all is destroyed, THEN nothing is left
    engine.destroy("local", say=print, root=copy.root)
    assert not engine.has_state("local", root=copy.root)


def _wait_for_some_resources(root: Path, process: subprocess.Popen[bytes], *, timeout_s: float = 120) -> None:
    state = root / ".edgewise" / "state" / ".pulumi" / "stacks" / "edgewise" / "local.json"
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        assert process.poll() is None, "the update ended before it could be killed"
        try:
            made = json.loads(state.read_text())["checkpoint"]["latest"]["resources"]
        except (OSError, ValueError, KeyError, TypeError):
            made = []
        if sum(each["type"].startswith("aws:") for each in made) >= 3:
            return
        time.sleep(0.02)
    raise AssertionError("the update made nothing")
