"""The README's commands, run as they stand there, on the deployed copy."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from edgewise.models.catalogue.face_match import data
from edgewise.paths import PROJECT_ROOT
from infra.settings import read_settings
from tests.live.system import BIN, System
from tests.project import FUNCTIONS, only
from tests.spend.switch_models import put_into_the_cache, relabelled

README = (PROJECT_ROOT / "README.md").read_text()
# `make up` deployed the copy that these tests run on, `make test` runs them: neither can be run from inside.
RUN_ELSEWHERE = {"make up", "make test"}

# The README names no digest: the reader's own model has another.
ANY_DIGEST = "sha256:…"

MAKE_READS = ("Makefile", "requirements.lock", "pyproject.toml", "package.json", "package-lock.json", "tools/uv.lock")
COMMANDS_READ = ("benchmarks/measured.json",)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


COMMANDS = [line for block in blocks("console") for line in block.splitlines() if line not in RUN_ELSEWHERE]


@pytest.fixture(scope="module")
def copy(system: System) -> System:
    """Complete the deployed copy with what a clone has: make's file, installed dependencies, somebody's photo."""
    root = system.project.root
    for name in MAKE_READS + COMMANDS_READ:  # with their times, or make would install again
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy2(PROJECT_ROOT / name, root / name)
    if not (root / "node_modules").exists():
        (root / "node_modules").symlink_to(PROJECT_ROOT / "node_modules")
    shutil.copyfile(data.test_photos(say=print)[0].path, root / "A.pgm")
    return system


def run(command: str, root: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(root), "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(shlex.split(command), cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def digest(copy: System) -> Iterator[str]:
    """Put another model into the cache."""
    digest, artefact = relabelled(copy, label="the reader's own")
    path = put_into_the_cache(digest, artefact)
    yield digest
    path.unlink()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_readme_works(command: str, copy: System, digest: str) -> None:
    answer = run(command.replace(ANY_DIGEST, digest), copy.project.root)

    assert answer.returncode == 0, answer.stdout + answer.stderr
    if command.endswith("--json"):
        assert {"match", "score", "row", "model", "latency_ms"} <= set(json.loads(answer.stdout))


def test_the_readme_has_the_commands_that_are_run_elsewhere() -> None:
    assert set(blocks("console")[0].splitlines()) == RUN_ELSEWHERE
    assert len(COMMANDS) >= 5


def test_the_readmes_function_is_accepted_by_the_program() -> None:
    (example,) = blocks("yaml")
    text = (PROJECT_ROOT / "stacks" / "Pulumi.local.yaml").read_text()
    shipped = yaml.safe_load(only(text, FUNCTIONS))["config"]
    config = shipped | yaml.safe_load(example) | {"aws:region": "us-east-1"}

    settings = read_settings("local", {key: json.dumps(value) for key, value in config.items()})

    assert settings.functions["face-match"].daily_quota == 20_000


def test_every_file_that_the_readme_links_to_exists() -> None:
    for target in re.findall(r"\]\(([^)#]+)", README):
        if not target.startswith("http"):
            assert (PROJECT_ROOT / target).exists(), target
