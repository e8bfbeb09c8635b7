"""The local stack, really up: deployed by the real engine, answered by the real zip, in a copy of the project."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.system import System, eventually
from tests.project import copy_project


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Bring the stack up with the command line and take it down again; nothing may be left."""
    running = System(project=copy_project(tmp_path_factory.mktemp("live")))
    running.edgewise("up", "--json")
    try:
        yield running
    finally:
        pids, ports = running.pids(), running.ports()
        running.edgewise("down", "--json")
    running.assert_gone(pids, ports)


@pytest.fixture
def calm(system: System) -> Iterator[System]:
    """Give the system without faults, and wait until what a test broke is forgotten."""
    _calm_down(system)
    yield system
    _calm_down(system)


def _calm_down(system: System) -> None:
    system.admin.set_faults(ledger_latency_ms=0, ledger_down=False, model_store_down=False)
    eventually(lambda: system.good().status == 200, what="a good answer", within_s=30)
