"""Brings the local stack back after its `pulumi` was killed in the middle of an update."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgewise.engine.environment import EngineError
from edgewise.engine.process import capture
from edgewise.paths import PROJECT_ROOT, state_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def recover(stack: str, env: Mapping[str, str], *, say: Callable[[str], None], root: Path = PROJECT_ROOT) -> None:
    """Remove what a killed update left behind in a file backend: its lock and its pending operations.

    The lock is removed by `pulumi cancel`, once its process is found to be gone.

    Pending operations are those whose outcome the engine doesn't know. On a real cloud one has to look
    (`pulumi refresh`). The stand-in providers keep nothing: an interrupted create has made nothing, an
    interrupted update or delete has changed nothing. So the entries are dropped from the state, and the next
    update runs the same operations again. The state goes out and in again with its secrets encrypted.

    Parameters
    ----------
    stack : str
        The stack's name, one that runs on the stand-in providers.
    env : mapping
        The engine's environment for the stack.
    say : callable
        Takes lines of progress.
    root : Path
        The project's folder.

    Raises
    ------
    EngineError
        When the process that holds the lock is still at work.
    """
    locks = list(state_dir(root).glob(f".pulumi/locks/**/{stack}/*.json"))
    for lock in locks:
        _check_abandoned(stack, lock)
    if locks:
        say(f"stack {stack!r}: the last update was killed; removing its lock")
        capture(["cancel", "--stack", stack, "--yes"], env, root)
    state = json.loads(capture(["stack", "export", "--stack", stack], env, root))
    if pending := state["deployment"].pop("pending_operations", None):
        say(f"stack {stack!r}: dropping what was under way: {', '.join(map(_describe, pending))}")
        capture(["stack", "import", "--stack", stack], env, root, text=json.dumps(state))


def remove_cut_off_notes(stack: str, *, root: Path = PROJECT_ROOT) -> None:
    """Remove what the file backend notes beside a stack's state, where a kill cut it off.

    The state itself is put into place whole, its ``.attrs`` (kind and hash of the content) are not: killed between the
    two, `pulumi` can read the state no more ("failed to load checkpoint: EOF"). Without the note it can.
    """
    for note in state_dir(root).glob(f".pulumi/stacks/*/{stack}.json*.attrs"):
        try:
            json.loads(note.read_text())
        except FileNotFoundError:
            continue
        except ValueError:
            note.unlink(missing_ok=True)


def _check_abandoned(stack: str, lock: Path) -> None:
    try:
        holder = json.loads(lock.read_text())
    except (FileNotFoundError, ValueError):
        return  # gone by now, or cut off by the kill
    if holder.get("hostname") != socket.gethostname():
        raise EngineError(
            f"stack {stack!r}: locked by pulumi on the machine {holder.get('hostname')!r}; "
            "if that one is gone, run 'pulumi cancel'"
        )
    if _is_pulumi(int(holder["pid"])):
        raise EngineError(
            f"stack {stack!r}: another pulumi is at work on it (process {holder['pid']}); wait until it has ended"
        )


def _is_pulumi(pid: int) -> bool:
    """Tell whether a process is a running `pulumi`: after a crash its number may be somebody else's."""
    if not Path("/proc/self").exists():
        return _is_alive(pid)
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip() == "pulumi" and not _is_zombie(pid)
    except FileNotFoundError:
        return False


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _describe(operation: Mapping[str, Any]) -> str:
    return f"{operation['type']} {operation['resource']['urn'].rsplit('::', 1)[-1]}"
