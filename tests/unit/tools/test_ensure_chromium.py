"""`tools/ensure_chromium.py` with fake commands on PATH: what it chooses, and how it installs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

SCRIPT: Final = Path(__file__).resolve().parents[3] / "tools" / "ensure_chromium.py"
CHROMIUM: Final = "#!/bin/sh\necho Chromium 156.0\n"
# Notes its runs; `install` puts a chromium beside itself, or what the test says.
APT_GET: Final = """#!/bin/sh
echo "$@" >> "{home}/apt-runs"
case "$*" in *install*)
  [ {code} = 0 ] || {{ echo "E: Unable to locate package chromium" >&2; exit {code}; }}
  printf '%s' '{installed}' > "{home}/bin/chromium"
  /bin/chmod +x "{home}/bin/chromium";;
esac
"""


def load() -> Any:
    """Import the script: `tools` is a folder of scripts and no package."""
    spec = importlib.util.spec_from_file_location("ensure_chromium", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ensure_chromium = load()


@dataclass(frozen=True, kw_only=True)
class Machine:
    home: Path

    @property
    def env(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": str(self.home / "bin")}

    def command(self, name: str, text: str) -> Path:
        path = self.home / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def apt_get(self, *, code: int = 0, installed: str = CHROMIUM) -> None:
        self.command("apt-get", APT_GET.format(home=self.home, code=code, installed=installed))

    def apt_runs(self) -> list[str]:
        log = self.home / "apt-runs"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    return Machine(home=tmp_path)


def be(user: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)


def test_the_script_prints_the_one_on_path(machine: Machine) -> None:
    chromium = machine.command("chromium", CHROMIUM)
    machine.apt_get()
    ran = subprocess.run([sys.executable, str(SCRIPT)], env=machine.env, capture_output=True, text=True, check=True)
    assert (ran.stdout.strip(), ran.stderr) == (str(chromium), "")
    assert machine.apt_runs() == []


def test_one_that_does_not_run_is_passed_over(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine.command("chromium", "#!/bin/sh\necho 'requires the chromium snap' >&2\nexit 1\n")
    other = machine.command("google-chrome", "#!/bin/sh\necho Google Chrome 156.0\n")
    assert ensure_chromium.ensure(machine.env) == other
    assert "'--version' failed" in capsys.readouterr().err


def test_root_installs_debians(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.apt_get()
    be(0, monkeypatch)
    assert ensure_chromium.ensure(machine.env) == machine.home / "bin" / "chromium"
    update, install = machine.apt_runs()
    assert update.endswith("update")
    assert install.endswith("install --no-install-recommends chromium")
    assert "installing Debian's chromium" in capsys.readouterr().err


def test_anybody_else_is_told_how(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.apt_get()
    be(1000, monkeypatch)
    with pytest.raises(ensure_chromium.NoChromiumError, match=r"only root may install it.*apt-get install chromium"):
        ensure_chromium.ensure(machine.env)
    assert machine.apt_runs() == []


def test_without_apt_get_the_way_is_named(machine: Machine) -> None:
    ran = subprocess.run([sys.executable, str(SCRIPT)], env=machine.env, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "no apt-get" in ran.stderr


def test_a_failed_installation_says_why(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.apt_get(code=100)
    be(0, monkeypatch)
    with pytest.raises(ensure_chromium.NoChromiumError, match=r"exit code 100:\nE: Unable to locate package chromium"):
        ensure_chromium.ensure(machine.env)


def test_a_package_that_brings_none_is_said(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.apt_get(installed="#!/bin/sh\nexit 1\n")
    be(0, monkeypatch)
    with pytest.raises(ensure_chromium.NoChromiumError, match="no Chromium on PATH runs"):
        ensure_chromium.ensure(machine.env)
