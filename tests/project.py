"""A copy of this project in a folder of its own: tests change its files and deploy it, the checkout stays as it is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from edgewise import engine
from edgewise.paths import PROJECT_ROOT

COPIED = ("Pulumi.yaml", "stacks", "infra", "inference", "edgewise", "policies", "tools")
FUNCTION_KEY = "edgewise:functions"
MODELS_KEY = "edgewise:models"
# What a copy deploys: each function more makes a slow test slower.
FUNCTIONS = ("face-match",)
RESOURCE_KEYS = ("urn", "type", "id", "inputs", "outputs", "parent", "protect")


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one resource goes through in a preview or an update."""

    kind: str
    name: str
    op: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """The copy.

    Attributes
    ----------
    root : Path
        Must be first on PYTHONPATH while its program runs: the checkout's own modules are installed too.
    """

    root: Path

    def pulumi(self, *args: str, stack: str = "local", check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the real engine on the copy, on stand-in providers."""
        engine.select(stack, stand_in=True, root=self.root)
        return subprocess.run(
            [str(engine.pulumi_path()), *args, "--stack", stack],
            cwd=self.root,
            env=engine.environment(stack, stand_in=True, root=self.root),
            capture_output=True,
            text=True,
            check=check,
        )

    def up(self) -> None:
        """Update, recovering first what a killed update left."""
        with (self.root / "up.log").open("a") as log:
            engine.up("local", say=print, output=log, root=self.root)

    def preview(self, stack: str = "local") -> list[Step]:
        """Return what an update would do; resources that stay as they are are left out."""
        answer = self.pulumi("preview", "--json", stack=stack)
        steps = [_step(step) for step in json.loads(answer.stdout)["steps"]]
        return [step for step in steps if step.op not in {"same", "read"}]

    def expect_no_changes(self) -> None:
        """Fail when an update would do anything."""
        self.pulumi("preview", "--expect-no-changes")

    def resources(self) -> list[dict[str, Any]]:
        """Return the resources by name, secrets in plain text; order, dates and positions are the engine's own."""
        found = engine.export("local", root=self.root)["deployment"].get("resources", [])
        kept = [{key: value for key, value in each.items() if key in RESOURCE_KEYS} for each in found]
        return sorted(kept, key=lambda each: str(each["urn"]))

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets shown."""
        return engine.outputs("local", show_secrets=True, root=self.root)

    def stack_file(self, stack: str = "local") -> Path:
        return self.root / "stacks" / f"Pulumi.{stack}.yaml"

    def change_function(self, stack: str = "local", **changes: Any) -> None:
        """Change the settings of ``face-match``."""
        settings = yaml.safe_load(self.stack_file(stack).read_text())
        settings["config"][FUNCTION_KEY]["face-match"].update(changes)
        self.stack_file(stack).write_text(yaml.safe_dump(settings, sort_keys=False))


def copy_project(folder: Path, functions: Collection[str] = FUNCTIONS) -> Project:
    """Copy what the program needs; state, caches and results of this checkout stay behind.

    Parameters
    ----------
    folder : Path
        Where to.
    functions : collection of str
        What stays of each stack's functions; models that none of them has go too.
    """
    root = folder / "project"
    root.mkdir(parents=True)
    for name in COPIED:
        source = PROJECT_ROOT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(source, root / name)
    for installed in (".venv", "node_modules"):
        (root / installed).symlink_to(PROJECT_ROOT / installed)
    for stack in (root / "stacks").glob("Pulumi.*.yaml"):
        stack.write_text(only(stack.read_text(), functions))
    return Project(root=root)


def only(settings: str, functions: Collection[str]) -> str:
    """Return a stack's settings with these functions and their models alone, otherwise letter by letter as they are."""
    config = yaml.safe_load(settings)["config"]
    kept = {name: each for name, each in config[FUNCTION_KEY].items() if name in functions}
    models = {each["model"] for each in kept.values()}
    for name in config[FUNCTION_KEY].keys() - kept.keys():
        settings = re.sub(rf"^    {name}:\n(?:      .*\n)+", "", settings, flags=re.MULTILINE)
    for name in config[MODELS_KEY].keys() - models:
        settings = re.sub(rf"^    {name}: sha256:.*\n", "", settings, flags=re.MULTILINE)
    left = yaml.safe_load(settings)["config"]
    assert left[FUNCTION_KEY] == kept
    assert left[MODELS_KEY].keys() == models
    return settings


def _step(step: dict[str, Any]) -> Step:
    state = step.get("newState") or step["oldState"]
    return Step(kind=state["type"], name=step["urn"].rpartition("::")[2], op=step["op"])
