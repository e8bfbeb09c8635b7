"""Lambda's share of a processor."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.local.functions.cpu import MB_PER_CPU, MIN_QUOTA_US, PERIOD_US, CpuGroups, cpu_groups, quota

NAME = "edgewise-test-cpu"


@pytest.mark.parametrize(("memory_mb", "share"), [(MB_PER_CPU, 1.0), (MB_PER_CPU * 2, 2.0), (512, 0.289)])
def test_memory_buys_processor_time(memory_mb: int, share: float) -> None:
    assert quota(memory_mb) / PERIOD_US == pytest.approx(share, abs=0.001)


def test_the_kernels_minimum_is_kept() -> None:
    assert quota(1) == MIN_QUOTA_US


@pytest.fixture
def groups() -> Iterator[CpuGroups | None]:
    found = cpu_groups(NAME)
    assert found is None or not found.folder.exists()
    yield found
    if found is not None:
        found.remove()
        assert not found.folder.exists()


def made_by_hand() -> bool:
    """Tell whether this user can make a control group at all."""
    folder = Path("/sys/fs/cgroup/cpu" if Path("/sys/fs/cgroup/cpu").is_dir() else "/sys/fs/cgroup") / f"{NAME}-hand"
    try:
        folder.mkdir()
    except OSError:
        return False
    folder.rmdir()
    return True


def test_groups_are_found_where_they_can_be_made(groups: CpuGroups | None) -> None:
    assert groups is not None or not made_by_hand()


def test_a_process_gets_its_share_and_no_more(groups: CpuGroups | None) -> None:
    # GIVEN a busy process, in a group of 512 MB where there are groups
    busy = subprocess.Popen(["sh", "-c", "while :; do :; done"])
    try:
        if groups is not None:
            (groups.add("one", 512) / "cgroup.procs").write_text(str(busy.pid))
        before, started = cpu_seconds(busy.pid), time.monotonic()
        time.sleep(1)

        # WHEN a second has passed THEN it had at most its share of it (others may have had theirs)
        share = (cpu_seconds(busy.pid) - before) / (time.monotonic() - started)
        assert share < (1.1 if groups is None else 0.29 + 0.06)
    finally:
        busy.kill()
        busy.wait()


def test_removal_takes_what_is_left_with_it(groups: CpuGroups | None) -> None:
    left = subprocess.Popen(["sleep", "60"])
    if groups is None:
        left.kill()
    else:
        (groups.add("one", 512) / "cgroup.procs").write_text(str(left.pid))
        groups.remove()
        assert not groups.folder.exists()

    assert left.wait(timeout=5) == -9


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
