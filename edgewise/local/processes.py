"""Processes of ours: known by pid and start time, and never alive longer than who started them."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h
_PR_SET_CHILD_SUBREAPER: Final = 36
_START_TIME_FIELD: Final = 22  # proc(5), /proc/<pid>/stat
_STATE_FIELD: Final = 3
_POLL_S: Final = 0.02

# Loaded here, not in the child: between fork and exec nothing may be imported.
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> Callable[[], None]:
    """Return a ``preexec_fn``: the child is killed as soon as the thread that started it ends.

    Linux only. Call it in the parent, which is remembered: a parent that died before the child asked
    would otherwise go unnoticed.
    """
    parent = os.getpid()

    def ask() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends, so that it can wait for them."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(known: Collection[int], *, wait_s: float = 0.0) -> None:
    """Collect descendants that have ended, but for the known children; wait a while for those that still end."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if ended is not None and ended.si_pid in known:
            return
        if ended is not None:
            os.waitpid(ended.si_pid, 0)
        elif time.monotonic() >= deadline:
            return
        else:
            time.sleep(_POLL_S)


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessId:
    """A process by pid and start time, so that a pid given to another process is never ours.

    `start` is the kernel's start time in clock ticks since boot and the boot's id.
    """

    pid: int
    start: str

    @classmethod
    def of(cls, pid: int) -> ProcessId | None:
        """Return the identity of a running process, None when there is none."""
        start = _start_time(pid)
        return cls(pid=pid, start=start) if start else None

    @classmethod
    def from_json(cls, value: Mapping[str, object]) -> ProcessId:
        """Read what `to_json` wrote."""
        return cls(pid=int(str(value["pid"])), start=str(value["start"]))

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {"pid": self.pid, "start": self.start}

    def alive(self) -> bool:
        """Tell whether exactly this process still runs."""
        return _start_time(self.pid) == self.start

    def end(self, number: signal.Signals, *, wait_s: float) -> bool:
        """Send a signal and wait.

        Returns
        -------
        bool
            Whether the process is gone.
        """
        deadline = time.monotonic() + wait_s
        try:
            if self.alive():
                os.kill(self.pid, number)
        except ProcessLookupError:
            return True
        while self.alive():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def _start_time(pid: int) -> str:
    """Return a running process's start time with the boot's id; "" for none and for a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    # The command's name is in parentheses and may hold anything: fields are counted after the last one.
    fields = stat.rpartition(")")[2].split()
    if fields[_STATE_FIELD - 3] in ("Z", "X"):
        return ""
    return f"{boot}/{fields[_START_TIME_FIELD - 3]}"
