"""Lambda's share of a processor, by control groups where this machine lets us write them."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# "At 1,769 MB, a function has the equivalent of one vCPU": AWS, Lambda Developer Guide, "Configure Lambda
# function memory".
MB_PER_CPU: Final = 1_769
# AWS publishes no period. A short one spreads the share evenly; the kernel wants a quota of 1 ms and more.
PERIOD_US: Final = 20_000
MIN_QUOTA_US: Final = 1_000
_REMOVE_WAIT_S: Final = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CpuGroups:
    """A folder of control groups of ours: one group an environment.

    `version` is 1 (``cpu.cfs_quota_us``) or 2 (``cpu.max``).
    """

    folder: Path
    version: int

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {"folder": str(self.folder), "version": self.version}

    @classmethod
    def from_json(cls, value: object) -> CpuGroups | None:
        """Read what `to_json` wrote; anything else is None."""
        if not isinstance(value, dict):
            return None
        return cls(folder=Path(str(value["folder"])), version=int(value["version"]))

    def add(self, name: str, memory_mb: int) -> Path:
        """Make a group with the share that the memory buys, and return its folder.

        Raises
        ------
        OSError
            When the kernel refuses.
        """
        group = self.folder / name
        group.mkdir(parents=True, exist_ok=True)
        self.share(group, memory_mb)
        return group

    def share(self, group: Path, memory_mb: int) -> None:
        """Give a group the share that the memory buys.

        Raises
        ------
        OSError
            When the kernel refuses.
        """
        quota_us = quota(memory_mb)
        if self.version == 1:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota_us))
        else:
            (group / "cpu.max").write_text(f"{quota_us} {PERIOD_US}")

    def remove(self) -> None:
        """Kill what is left in the groups and remove them all."""
        groups = [*self.folder.glob("*/"), self.folder] if self.folder.is_dir() else []
        for group in groups:
            remove_group(group)


def remove_group(group: Path) -> None:
    """Kill what is left in a group and remove it; the kernel needs a moment for either."""
    deadline = time.monotonic() + _REMOVE_WAIT_S
    while group.is_dir():
        for pid in _members(group):
            _kill(pid)
        try:
            group.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def quota(memory_mb: int) -> int:
    """Return the processor time that a memory size buys in each period, in microseconds."""
    return max(MIN_QUOTA_US, PERIOD_US * memory_mb // MB_PER_CPU)


def cpu_groups(name: str) -> CpuGroups | None:
    """Find where control groups can be written, and return a folder of that name, not yet made.

    Returns
    -------
    CpuGroups or None
        None where this user or machine can't: environments then run at full speed.
    """
    for version, base in _bases():
        folder = base / name
        if _writable(folder, version):
            return CpuGroups(folder=folder, version=version)
    return None


def _bases() -> list[tuple[int, Path]]:
    """Return the folders of this process's own control groups, by version."""
    root = Path("/sys/fs/cgroup")
    bases = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        relative = path.lstrip("/")
        if "cpu" in controllers.split(","):
            bases.append((1, root / "cpu" / relative))
        elif controllers == "" and (root / "cgroup.controllers").is_file():
            bases.append((2, root / relative))
    return bases


def _writable(folder: Path, version: int) -> bool:
    """Try it: make a group with a share, and take it away again."""
    probe = folder / "probe"
    try:
        if version == 2:  # noqa: SIM102  # the second test reads a file that version 1 lacks
            if "cpu" not in (folder.parent / "cgroup.subtree_control").read_text().split():
                return False
        CpuGroups(folder=folder, version=version).add("probe", MB_PER_CPU)
        if version == 2:
            (folder / "cgroup.subtree_control").write_text("+cpu")
    except OSError:
        return False
    finally:
        for group in (probe, folder):
            if group.is_dir() and not any(group.glob("*/")):
                group.rmdir()
    return True


def _members(group: Path) -> list[int]:
    try:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
