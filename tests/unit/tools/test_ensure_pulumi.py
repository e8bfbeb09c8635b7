"""`tools/ensure_pulumi.py` with fake commands on PATH: what it chooses, and how it builds."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

SCRIPT: Final = Path(__file__).resolve().parents[3] / "tools" / "ensure_pulumi.py"
BUILT: Final = "edgewise/pulumi/3.274.1/pulumi"

# Writes what `go build -o` is asked for. It counts its runs, and takes as long as the test says.
FAKE_GO: Final = """#!/bin/sh
echo "$@" >> "{home}/go-runs"
while [ $# -gt 1 ]; do [ "$1" = -o ] && output=$2; shift; done
sleep {sleep_s}
[ {code} = 0 ] || {{ echo "go: module lookup disabled" >&2; exit {code}; }}
printf '#!/bin/sh\\necho v3.274.1\\n' > "$output"
chmod +x "$output"
"""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine of its own: an empty PATH, cache and home."""

    home: Path

    @property
    def env(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PATH": str(self.home / "bin")}

    @property
    def built(self) -> Path:
        return self.home / ".cache" / BUILT

    def command(self, name: str, text: str) -> Path:
        path = self.home / "bin" / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def go(self, *, sleep_s: float = 0, code: int = 0) -> None:
        self.command("go", FAKE_GO.format(home=self.home, sleep_s=sleep_s, code=code))

    def go_runs(self) -> list[str]:
        log = self.home / "go-runs"
        return log.read_text().splitlines() if log.exists() else []

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT)],
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ensure(self) -> tuple[int, str, str]:
        process = self.start()
        stdout, stderr = process.communicate()
        return process.returncode, stdout.strip(), stderr


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "bin").mkdir()
    for tool in ("sleep", "chmod"):  # the scripts' own needs: the machine's PATH may hold a pulumi or a go
        found = shutil.which(tool)
        assert found is not None
        (tmp_path / "bin" / tool).symlink_to(found)
    return Machine(home=tmp_path)


def test_new_enough_pulumi_on_path_is_used(machine: Machine) -> None:
    pulumi = machine.command("pulumi", "#!/bin/sh\necho v3.208.0\n")
    machine.go()
    assert machine.ensure() == (0, str(pulumi), "")
    assert machine.go_runs() == []


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo v3.207.0", "is v3.207.0, at least v3.208.0 is needed"),
        ("echo 'pyenv: pulumi: command not found'; exit 127", "'pulumi version' failed"),
        ("echo hello", "'pulumi version' failed"),
    ],
)
def test_unusable_pulumi_on_path_is_passed_over_with_the_reason(machine: Machine, script: str, reason: str) -> None:
    machine.command("pulumi", f"#!/bin/sh\n{script}\n")
    machine.go()
    code, path, shown = machine.ensure()
    assert (code, path) == (0, str(machine.built))
    assert reason in shown


def test_build_is_kept_and_found_again(machine: Machine) -> None:
    # GIVEN a machine with Go alone, WHEN it is asked twice
    machine.go()
    assert machine.ensure()[:2] == (0, str(machine.built))
    code, path, shown = machine.ensure()
    # THEN it builds once, and the second time it says nothing
    assert (code, path, shown) == (0, str(machine.built), "")
    (run,) = machine.go_runs()
    assert "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v3.274.1" in run
    assert run.endswith(" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
    assert sorted(entry.name for entry in machine.built.parent.iterdir()) == ["lock", "pulumi"]


def test_two_at_once_build_once(machine: Machine) -> None:
    machine.go(sleep_s=1)
    first, second = machine.start(), machine.start()
    answers = [process.communicate() for process in (first, second)]
    assert [answer[0].strip() for answer in answers] == [str(machine.built)] * 2
    assert len(machine.go_runs()) == 1
    assert sum("another build of pulumi is under way" in answer[1] for answer in answers) == 1


def test_failed_build_says_why_and_leaves_nothing(machine: Machine) -> None:
    machine.go(code=2)
    code, path, shown = machine.ensure()
    assert (code, path) == (1, "")
    assert "go build failed with exit code 2" in shown
    assert "go: module lookup disabled" in shown
    assert "https://www.pulumi.com/docs/install/" in shown
    assert [entry.name for entry in machine.built.parent.iterdir()] == ["lock"]


def test_killed_build_is_not_mistaken_for_one(machine: Machine) -> None:
    # GIVEN a build that was killed in the middle
    machine.go(sleep_s=30)
    process = machine.start()
    deadline = time.monotonic() + 20
    while not machine.go_runs():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert not machine.built.exists()
    # WHEN it is asked again, THEN it builds anew and clears the rest away
    machine.go()
    assert machine.ensure()[:2] == (0, str(machine.built))
    assert sorted(entry.name for entry in machine.built.parent.iterdir()) == ["lock", "pulumi"]


def test_neither_pulumi_nor_go_names_the_official_way(machine: Machine) -> None:
    code, path, shown = machine.ensure()
    assert (code, path) == (1, "")
    assert shown.startswith("error: there is no pulumi and no Go to build one with")
    assert "https://www.pulumi.com/docs/install/" in shown


def test_modules_and_script_name_the_same_version() -> None:
    modules = (SCRIPT.parent / "pulumi" / "go.mod").read_text()
    for module in ("pkg", "sdk"):
        assert f"github.com/pulumi/pulumi/{module}/v3 v3.274.1" in modules
    assert 'BUILD_VERSION: Final = "3.274.1"' in SCRIPT.read_text()
