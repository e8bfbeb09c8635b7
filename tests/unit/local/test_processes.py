"""Processes known by more than their number, and gone with who started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from edgewise.local.processes import ProcessId

PARENT = """
import subprocess, sys, time
from edgewise.local.processes import die_with_parent
child = subprocess.Popen(["sleep", "60"], preexec_fn=die_with_parent())
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def test_a_process_is_known_by_its_start(sleeper: subprocess.Popen[bytes]) -> None:
    identity = ProcessId.of(sleeper.pid)
    assert identity is not None
    assert identity.alive()
    assert ProcessId.from_json(identity.to_json()) == identity

    sleeper.kill()
    sleeper.wait()

    assert not identity.alive()


def test_a_number_given_to_another_process_is_not_ended(sleeper: subprocess.Popen[bytes]) -> None:
    # GIVEN a note of a process whose number belongs to another one by now
    stale = ProcessId(pid=sleeper.pid, start="another boot/1")

    # WHEN it is to be ended THEN it counts as gone, and the other lives
    assert stale.end(signal.SIGKILL, wait_s=0.1)
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    identity = ProcessId.of(sleeper.pid)
    assert identity is not None

    os.kill(sleeper.pid, signal.SIGKILL)

    assert identity.end(signal.SIGKILL, wait_s=2)
    sleeper.wait()


def test_what_ignores_the_signal_is_told(sleeper: subprocess.Popen[bytes]) -> None:
    identity = ProcessId.of(sleeper.pid)
    assert identity is not None

    assert not identity.end(signal.SIGCONT, wait_s=0.1)
    assert identity.end(signal.SIGTERM, wait_s=2)
    sleeper.wait()


def test_a_child_dies_with_a_parent_that_is_killed() -> None:
    # GIVEN a parent and its child
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = ProcessId.of(int(parent.stdout.readline()))
    assert child is not None

    # WHEN the parent is killed THEN the child is gone too
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 5
    while child.alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not child.alive()
