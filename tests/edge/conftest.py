"""Local edges for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.local import supervisor
from tests.edge import probe
from tests.edge.handmade import HandmadeStack, zip_of
from tests.edge.running import RunningEdge, gate_code, lambda_runtime


def probe_stack(folder: Path) -> HandmadeStack:
    """Return a stack with the real gate and the probe as its function."""
    archive = zip_of(folder / "edge.zip", {"probe.py": Path(probe.__file__).read_text()})
    return HandmadeStack(
        archive=archive, gate_code=gate_code(), handler="probe.handler", runtime=lambda_runtime(), timeout_s=3
    )


def run(folder: Path) -> Iterator[RunningEdge]:
    edge = RunningEdge(stack=probe_stack(folder), run_dir=folder / "run")
    edge.start()
    yield edge
    supervisor.stop(edge.run_dir)


@pytest.fixture(scope="session")
def shared_edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    yield from run(tmp_path_factory.mktemp("edge"))


@pytest.fixture
def edge(shared_edge: RunningEdge) -> RunningEdge:
    """Give the edge that many tests share, whole again whatever the last one broke."""
    shared_edge.wait_until_healthy()
    shared_edge.admin.set_faults(ledger_latency_ms=0, ledger_down=False, model_store_down=False)
    shared_edge.admin.clear_caches()
    return shared_edge


@pytest.fixture
def own_edge(tmp_path: Path) -> Iterator[RunningEdge]:
    """Give an edge of the test's own, not started."""
    edge = RunningEdge(stack=probe_stack(tmp_path), run_dir=tmp_path / "run")
    yield edge
    supervisor.stop(edge.run_dir)
