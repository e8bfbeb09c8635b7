"""Runs small Pulumi programs through the real engine with real packs, and tells what the engine was told."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from edgewise import engine
from edgewise.engine.environment import PACKS_VARIABLE
from edgewise.paths import PROJECT_ROOT
from policies.core.resource import Stack
from tests.policies import snapshots

HERE: Final = Path(__file__).resolve().parent
CAPTURE: Final = HERE / "capture"
LENIENT: Final = HERE / "lenient" / "bin"
STACK: Final = "local"
TIMEOUT_S: Final = 300.0
PROJECT: Final = "name: cases\nruntime: python\nmain: program\nstackConfigDir: stacks\n"
SETTINGS: Final = "config:\n  aws:region: us-east-1\n"


@dataclass(frozen=True, kw_only=True)
class Report:
    """One thing that a rule told the engine."""

    pack: str
    rule: str
    level: str
    urn: str
    text: str

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.rpartition("::")[2]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the engine.

    Attributes
    ----------
    exit_code : int
    output : str
        What a person saw.
    reports : tuple of Report
        What the packs told the engine.
    captured : str
        What the packs saw, as `snapshots` writes it, where it was asked for.
    """

    exit_code: int
    output: str
    reports: tuple[Report, ...]
    captured: str = ""

    @property
    def stack(self) -> Stack:
        """What the packs saw; a new one each time, so that no test leaves anything in it."""
        return snapshots.load(self.captured)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A Pulumi project in a folder of its own.

    Attributes
    ----------
    root : Path
    lenient : bool
        Whether the lenient stand-in answers, or the shipped one.
    stack_name : str
        The shipped and the lenient provider deploy ``local`` only.
    modules : Path
        Where the program's own imports are looked for first.
    """

    root: Path
    lenient: bool = True
    stack_name: str = STACK
    modules: Path = PROJECT_ROOT
    variables: Mapping[str, str] = field(default_factory=dict)

    def preview(
        self, packs: Sequence[Path] | None = (), *, config: Mapping[str, Any] | None = None, changes: bool = True
    ) -> Run:
        """Preview with these packs, or with those that the project's environment names.

        Parameters
        ----------
        packs : sequence of Path or None
        config : mapping, optional
            Settings by rule id, the same for each pack.
        changes : bool
            Whether an update may change anything.
        """
        more = [] if changes else ["--expect-no-changes"]
        return self._run(["preview", *more], packs, config)

    def up(self, packs: Sequence[Path] = ()) -> Run:
        """Deploy."""
        # Nothing guards this update, so nothing has to be judged before it.
        return self._run(["up", "--yes", "--skip-preview"], packs, None)

    def _run(self, verb: Sequence[str], packs: Sequence[Path] | None, config: Mapping[str, Any] | None) -> Run:
        if not engine.has_state(self.stack_name, root=self.root):
            engine.select(self.stack_name, stand_in=True, root=self.root)
        notes = self.root / "notes"
        notes.mkdir(exist_ok=True)
        log, captured, settings = notes / "events.json", notes / "captured.json", notes / "config.json"
        for each in (log, captured):
            each.unlink(missing_ok=True)
        settings.write_text(json.dumps(config or {}))
        command = [str(engine.pulumi_path()), *verb, "--stack", self.stack_name, "--event-log", str(log)]
        for pack in packs or ():
            command += ["--policy-pack", str(pack), "--policy-pack-config", str(settings)]
        answer = subprocess.run(
            command,
            cwd=self.root,
            env=self._environment(captured, own_packs=packs is None),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        return Run(
            exit_code=answer.returncode,
            output=answer.stdout + answer.stderr,
            reports=tuple(_reports(log)),
            captured=captured.read_text() if captured.exists() else "",
        )

    def _environment(self, captured: Path, *, own_packs: bool) -> dict[str, str]:
        env = engine.environment(self.stack_name, stand_in=True, root=self.root)
        if not own_packs:
            env.pop(PACKS_VARIABLE, None)
        if self.lenient:
            env["PATH"] = f"{LENIENT}:{env['PATH']}"
        env["PYTHONPATH"] = str(self.modules)
        env["PULUMI_DEBUG_COMMANDS"] = "true"  # shows the flag --event-log
        return {**env, **self.variables, "EDGEWISE_CAPTURE": str(captured)}


def program(folder: Path, text: str) -> Program:
    """Write a project whose program is a text."""
    for name in ("program", "stacks"):
        (folder / name).mkdir(parents=True)
    (folder / "Pulumi.yaml").write_text(PROJECT)
    (folder / "stacks" / f"Pulumi.{STACK}.yaml").write_text(SETTINGS)
    (folder / "program" / "__main__.py").write_text(text)
    return Program(root=folder)


def _reports(log: Path) -> list[Report]:
    lines = log.read_text().splitlines() if log.exists() else []
    events = [json.loads(line).get("policyEvent") for line in lines]
    return [
        Report(
            pack=event["policyPackName"],
            rule=event["policyName"],
            level=event["enforcementLevel"],
            urn=event.get("resourceUrn", ""),
            text=event["message"],
        )
        for event in events
        if event
    ]
