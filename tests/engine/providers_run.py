"""The real engine on a stack of its own, with the stand-in plugins, and what it said and stored."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pulumi import automation

from edgewise.engine.environment import STAND_IN_PLUGINS, pulumi_path


def engine_path() -> str:
    """Return the PATH on which the engine finds itself, this Python, and the stand-in plugins before all others."""
    first = [STAND_IN_PLUGINS, Path(sys.executable).parent, pulumi_path().parent]
    return os.pathsep.join([*map(str, first), os.environ["PATH"]])


@dataclass(kw_only=True)
class Run:
    """One preview or update: resources by what was done to them, and the changed paths of each."""

    outputs: dict[str, Any] = field(default_factory=dict)
    operations: dict[str, str] = field(default_factory=dict)
    paths: dict[str, set[str]] = field(default_factory=dict)

    def changed(self) -> dict[str, str]:
        return {name: operation for name, operation in self.operations.items() if operation != "same"}

    def note(self, event: automation.EngineEvent) -> None:
        step = event.resource_pre_event
        if step is None:
            return
        kind, name = step.metadata.urn.split("::")[2:]
        if not kind.startswith("pulumi:"):
            named = f"{kind.split(':')[2]} {name}"
            self.operations[named] = str(step.metadata.op.value)
            self.paths[named] = set(step.metadata.detailed_diff or {})


class Machine:
    """A stack whose state lies in a folder of its own. PATH must lead to `pulumi` and the plugins: `engine_path`."""

    def __init__(
        self, folder: Path, program: Callable[[], None], *, stack: str = "local", region: str = "us-east-1"
    ) -> None:
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        settings = {
            "PULUMI_BACKEND_URL": self.state.as_uri(),
            "PULUMI_CONFIG_PASSPHRASE": "for the tests",
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        }
        options = automation.LocalWorkspaceOptions(env_vars=settings)
        self.stack = automation.create_or_select_stack(stack, "edgewise", program, opts=options)
        self.stack.set_config("aws:region", automation.ConfigValue(region))

    def preview(self, **options: Any) -> Run:
        run = Run()
        self.stack.preview(on_event=run.note, **options)
        return run

    def up(self, **options: Any) -> Run:
        run = Run()
        result = self.stack.up(on_event=run.note, **options)
        run.outputs = {name: output.value for name, output in result.outputs.items()}
        return run

    def refresh(self) -> Run:
        run = Run()
        self.stack.refresh(on_event=run.note)
        return run

    def destroy(self) -> Run:
        run = Run()
        self.stack.destroy(on_event=run.note)
        return run

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return what the state holds, secrets in plain, without the stack and the providers."""
        deployment = self.stack.export_stack().deployment or {}
        return {
            f"{entry['type'].split(':')[2]} {entry['urn'].split('::')[-1]}": entry
            for entry in deployment.get("resources", [])
            if not entry["type"].startswith("pulumi:")
        }

    def stored_text(self) -> str:
        """Return every file that the backend keeps, as it is on the disk."""
        return "\n".join(path.read_text() for path in self.state.rglob("*") if path.is_file() and "json" in path.name)
