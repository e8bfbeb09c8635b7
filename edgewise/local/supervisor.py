"""Start, stop and look at the local edge of a stack."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgewise.local.files import RunFiles
from edgewise.local.functions import runtime
from edgewise.local.functions.clock import make_clock
from edgewise.local.functions.cpu import CpuGroups, cpu_groups
from edgewise.local.home.tunables import DEFAULT_SECONDS_PER_MINUTE
from edgewise.local.processes import ProcessId
from edgewise.local.stack.model import DEFAULT_MAX_ENVIRONMENTS, LocalEdgeError
from edgewise.local.stack.state import parse_state
from edgewise.local.startup import digest_of, domains_of, has_home, notes_of, ports_of
from edgewise.paths import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A death ends the wait at once. Replaying 22 MB of journals took over 60 s on two processors with a load of 16.
START_TIMEOUT_S: Final = 180.0
STOP_TIMEOUT_S: Final = 10.0
_POLL_S: Final = 0.05
_LOG_TAIL_BYTES: Final = 2_000


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalEdgeStatus:
    """How a local edge stands.

    Attributes
    ----------
    healthy : bool
        Whether all children are ready; False for a moment after one has died.
    endpoints : dict
        Function → base URL on loopback, which stands for the distribution's domain name.
    pids : dict
        Process ids by name.
    restarts : dict
        How often each child was started again.
    python : dict
        ``version``, ``very_zip`` (whether the very zip that AWS would get runs) and a sentence.
    cloud_url, admin_url : str
        AWS's services; the gateway's admin port.
    home_url, dashboard_url : str
        The home process's port and its live page; empty when the stack has nothing for its home Region.
    notes : list of str
        What this machine can't imitate.
    """

    healthy: bool
    stack: str
    endpoints: dict[str, str]
    pids: dict[str, int]
    restarts: dict[str, int]
    python: dict[str, object]
    cloud_url: str
    admin_url: str
    notes: list[str]
    home_url: str = ""
    dashboard_url: str = ""

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return asdict(self)


def start(
    state: Mapping[str, object],
    run_dir: Path,
    *,
    say: Callable[[str], None],
    project: Path = PROJECT_ROOT,
    max_environments: int = DEFAULT_MAX_ENVIRONMENTS,
    seconds_per_minute: float = DEFAULT_SECONDS_PER_MINUTE,
    billing: Mapping[str, Mapping[str, object]] | None = None,
) -> LocalEdgeStatus:
    """Run what a stack's state says, and return when it answers.

    A local edge that already runs this very state is left alone. One that runs another is replaced: it
    keeps its ports, its ledger's counters and what was written to its key-value stores.

    Parameters
    ----------
    state : Mapping
        What ``pulumi stack export --show-secrets`` printed. It is never written to disk.
    run_dir : Path
        The folder of process ids, ports and logs.
    say : callable
        Takes lines of progress.
    project : Path
        The Pulumi project's folder, for relative paths in the state.
    max_environments : int
        Lambda environments a function, at most.
    seconds_per_minute : float
        How long a minute of schedules, metrics and alarms takes; tests set less than 60.
    billing : Mapping, optional
        By function what the state does not tell, for the page and its meter: ``plan``, ``bound_usd``,
        ``budget_usd``, as text.

    Raises
    ------
    LocalEdgeError
        When something of the stack is not imitated, or a part does not start.
    """
    stack = parse_state(state, project=project)
    edge_runtime = runtime.prepare([*stack.functions.values(), *stack.home_functions.values()], say=say)
    tuned = {"max_environments": max_environments, "seconds_per_minute": seconds_per_minute, "billing": billing or {}}
    digest = digest_of(state, edge_runtime, tuned)
    files = RunFiles(run_dir)
    with files.only_one():
        before = files.read_status()
        current = status(run_dir)
        if current is not None and before.get("digest") == digest:
            say("the local edge already runs this state")
            return _wait_until_healthy(files, None)
        if current is not None:
            say("the stack has changed: replacing the local edge")
        _end(files, keep_data=True)
        make_clock(files.clock)
        group = f"edgewise-{hashlib.sha256(str(run_dir.resolve()).encode()).hexdigest()[:12]}"
        # One folder a child: that of a child that died is emptied whole.
        cpu, home_cpu = cpu_groups(group), cpu_groups(f"{group}-home") if has_home(stack) else None
        launches = {arn: launch.to_json() for arn, launch in edge_runtime.launches.items()}
        notes = notes_of(edge_runtime, cpu)
        for note in [edge_runtime.describe(), *notes]:
            say(note)
        settings = {
            "state": state,
            "project": str(project),
            "run_dir": str(run_dir.resolve()),
            "domains": domains_of(stack),
            "ports": ports_of(before),
            "launches": {arn: launch for arn, launch in launches.items() if arn in stack.functions},
            "cpu": cpu.to_json() if cpu else None,
            "max_environments": max_environments,
            "home": {
                "launches": {arn: launch for arn, launch in launches.items() if arn not in stack.functions},
                "cpu": home_cpu.to_json() if home_cpu else None,
                "seconds_per_minute": seconds_per_minute,
                "billing": billing or {},
            }
            if has_home(stack)
            else None,
            "facts": {
                "digest": digest,
                "stack": stack.stack,
                "notes": notes,
                "cpu": cpu.to_json() if cpu else None,
                "home_cpu": home_cpu.to_json() if home_cpu else None,
                "python": {
                    "version": edge_runtime.version,
                    "very_zip": edge_runtime.very_zip,
                    "sentence": edge_runtime.describe(),
                },
            },
        }
        return _wait_until_healthy(files, _detach(files, settings))


def stop(run_dir: Path, *, keep_data: bool = False) -> None:
    """Stop a local edge: no process, port or control group of it stays.

    Parameters
    ----------
    run_dir : Path
        Its folder.
    keep_data : bool
        Whether the ledger's counters and the key-value stores' changes stay for the next start.

    Raises
    ------
    LocalEdgeError
        When its keeper can't be ended, or a control group can't be removed.
    """
    files = RunFiles(run_dir)
    with files.only_one():
        _end(files, keep_data=keep_data)


def status(run_dir: Path) -> LocalEdgeStatus | None:
    """Return how a local edge stands; None when none runs."""
    content = RunFiles(run_dir).read_status()
    if _identity(content) is None:
        return None
    known = {name: content[name] for name in LocalEdgeStatus.__dataclass_fields__ if name in content}
    return LocalEdgeStatus(**known)  # type: ignore[arg-type]  # written by the keeper in this very form


def _identity(content: Mapping[str, object]) -> ProcessId | None:
    """Return the keeper's identity if exactly that process still runs."""
    identity = content.get("identity")
    if not isinstance(identity, dict):
        return None
    process = ProcessId.from_json(identity)
    return process if process.alive() else None


def _end(files: RunFiles, *, keep_data: bool) -> None:
    content = files.read_status()
    keeper = _identity(content)
    # Its children die with it: each asked the kernel for that.
    if (
        keeper is not None
        and not keeper.end(signal.SIGTERM, wait_s=STOP_TIMEOUT_S)
        and not keeper.end(signal.SIGKILL, wait_s=STOP_TIMEOUT_S)
    ):
        raise LocalEdgeError(f"the local edge's keeper, process {keeper.pid}, can't be ended")
    if keeper is not None:
        _collect(keeper.pid)
    for groups in (CpuGroups.from_json(content.get("cpu")), CpuGroups.from_json(content.get("home_cpu"))):
        if groups is None:
            continue
        try:
            groups.remove()
        except OSError as error:
            raise LocalEdgeError(f"the control groups in {groups.folder} can't be removed: {error}") from error
    files.forget(data=not keep_data)


def _collect(pid: int) -> None:
    """Collect the keeper's exit status where this very process started it; else its parent does."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _detach(files: RunFiles, settings: Mapping[str, object]) -> subprocess.Popen[bytes]:
    with files.log("keeper").open("ab") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "edgewise.local.keeper"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            # Nothing here may meet a real cloud: the user's credentials stay outside.
            env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        )
    assert keeper.stdin is not None
    try:
        keeper.stdin.write(json.dumps(settings).encode())
        keeper.stdin.close()
    except BrokenPipeError:
        # It is dead already; the wait for it tells why.
        return keeper
    return keeper


def _wait_until_healthy(files: RunFiles, keeper: subprocess.Popen[bytes] | None) -> LocalEdgeStatus:
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        current = status(files.folder)
        if current is not None and current.healthy:
            return current
        dead = keeper.poll() is not None if keeper else current is None
        twice = current is not None and keeper is not None and any(current.restarts.values())
        if dead or twice or time.monotonic() > deadline:
            reason = _last_words(files)
            _end(files, keep_data=True)
            raise LocalEdgeError(
                f"the local edge does not start; its logs in {files.folder / 'logs'} end with:\n{reason}"
            )
        time.sleep(_POLL_S)


def _last_words(files: RunFiles) -> str:
    """Return the ends of the logs of ours; they hold no secrets."""
    words = []
    for name in ("keeper", "cloud", "gateway", "home"):
        log = files.log(name)
        text = log.read_bytes()[-_LOG_TAIL_BYTES:].decode(errors="replace").strip() if log.exists() else ""
        if text:
            words.append(f"{name}: {text.splitlines()[-1]}")
    return "\n".join(words)
