"""`edgewise.python313`: which interpreters it believes in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgewise.python313 import Python313, enter_root, find_python313, with_folders


def interpreter(path: Path, **changes: Any) -> Path:
    """Write a program that answers the probe as an interpreter would."""
    facts = {"version": "3.13.5", "cpython": True, "machine": "x86_64", "libc": ["glibc", "2.41"], **changes}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{json.dumps(facts)}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home without any Python 3.13."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # the machine's own may hold a real one
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    monkeypatch.delenv("EDGEWISE_PYTHON313", raising=False)
    return tmp_path


def find() -> Python313 | None:
    return find_python313(build=False, say=print)


def test_none_where_there_is_none() -> None:
    assert find() is None


def test_one_on_path_is_used(machine: Path) -> None:
    path = interpreter(machine / "bin" / "python3.13")
    assert find() == Python313(command=(str(path),), version="3.13.5", kind="path")


def test_shim_that_only_prints_an_error_is_passed_over(machine: Path) -> None:
    # GIVEN a version manager's shim on PATH that fails, and real interpreters under its root
    shim = interpreter(machine / "bin" / "python3.13")
    shim.write_text("#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n")
    interpreter(machine / ".pyenv" / "versions" / "3.13.2" / "bin" / "python3.13", version="3.13.2")
    newest = interpreter(machine / ".pyenv" / "versions" / "3.13.10" / "bin" / "python3.13", version="3.13.10")
    # THEN the newest real one is found
    assert find() == Python313(command=(str(newest),), version="3.13.10", kind="pyenv")


def test_pyenv_root_is_where_the_variable_says(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = interpreter(machine / "elsewhere" / "versions" / "3.13.0" / "bin" / "python3.13")
    monkeypatch.setenv("PYENV_ROOT", str(machine / "elsewhere"))
    found = find()
    assert found is not None
    assert found.command == (str(path),)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": "3.12.9"},
        {"cpython": False},
        {"machine": "aarch64"},
        {"libc": ["", ""]},
        {"libc": ["glibc", "2.27"]},
    ],
)
def test_one_that_cannot_load_the_zips_wheels_is_passed_over(machine: Path, changes: dict[str, Any]) -> None:
    interpreter(machine / "bin" / "python3.13", **changes)
    assert find() is None


def test_variable_chooses(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interpreter(machine / "bin" / "python3.13")
    monkeypatch.setenv("EDGEWISE_PYTHON313", "none")
    assert find() is None
    monkeypatch.setenv("EDGEWISE_PYTHON313", "debootstrap")
    assert find() is None  # there is no root yet, and none may be built
    monkeypatch.setenv("EDGEWISE_PYTHON313", "path")
    assert find() is not None


def test_unknown_choice_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEWISE_PYTHON313", "docker")
    with pytest.raises(ValueError, match=r"EDGEWISE_PYTHON313='docker': must be one of path, debootstrap, none"):
        find()


def test_folders_come_into_the_sight_of_a_python_with_its_own_root() -> None:
    root = Path("/var/root313")
    inside = Python313(command=enter_root(root, "/usr/bin/python3.13"), version="3.13.5", kind="debootstrap", root=root)
    command = with_folders(inside, Path("/opt/zip")).command
    assert command[:2] == ("unshare", "--mount")
    assert command[-4:] == ("/var/root313", "/opt/zip", "--", "/usr/bin/python3.13")


def test_folders_change_nothing_for_a_python_of_the_host() -> None:
    host = Python313(command=("/usr/bin/python3.13",), version="3.13.5", kind="path")
    assert with_folders(host, Path("/opt/zip")) is host
