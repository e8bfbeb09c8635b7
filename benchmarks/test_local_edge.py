"""What the local edge adds to a call, and how long it takes to start.

The budgets are for an idle machine of two cores; they are printed beside what was measured, nothing fails.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from edgewise.local import supervisor
from tests.edge.handmade import HandmadeStack, zip_of
from tests.edge.running import RunningEdge, gate_code, lambda_runtime

REQUEST_BYTES = 67_500
CALL_BUDGET_MS = 8.0
START_BUDGET_S = 4.0
RESTART_BUDGET_S = 2.0
GROWN_UP_S = 3.5

HANDLER = """
def handler(event, context):
    return {"status": "200", "body": "{}"}
"""


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningEdge]:
    folder = tmp_path_factory.mktemp("edge")
    stack = HandmadeStack(
        archive=zip_of(folder / "edge.zip", {"handler.py": HANDLER}),
        gate_code=gate_code(REQUEST_BYTES),
        runtime=lambda_runtime(),
    )
    running = RunningEdge(stack=stack, run_dir=folder / "run")
    running.start()
    yield running
    supervisor.stop(running.run_dir)


def test_a_warm_call_from_end_to_end(benchmark: BenchmarkFixture, edge: RunningEdge) -> None:
    """Client, gateway, gate, Lambda environment and back, with a face's 67 KB; the handler does nothing."""
    benchmark.extra_info["budget_ms"] = CALL_BUDGET_MS
    url, headers, body = edge.url, edge.signed(), bytes(REQUEST_BYTES)
    with httpx.Client() as client:
        benchmark(lambda: client.post(url, content=body, headers=headers).raise_for_status())


def test_what_the_gate_refuses(benchmark: BenchmarkFixture, edge: RunningEdge) -> None:
    url, headers = edge.url, {"Authorization": "Edgewise k1.1.0", "Content-Type": "text/plain"}
    with httpx.Client() as client:
        benchmark(lambda: client.post(url, content=b"x", headers=headers))


def test_a_model_from_the_cache(benchmark: BenchmarkFixture, edge: RunningEdge) -> None:
    with httpx.Client() as client:
        benchmark(lambda: client.get(edge.model_url, headers=edge.fetch_headers).raise_for_status())


def test_start_and_stop(benchmark: BenchmarkFixture, edge: RunningEdge, tmp_path: Path) -> None:
    benchmark.extra_info["budget_s"] = START_BUDGET_S
    other = RunningEdge(stack=edge.stack, run_dir=tmp_path / "run")

    def start_and_stop() -> None:
        other.start()
        supervisor.stop(other.run_dir)

    benchmark.pedantic(start_and_stop, rounds=3)  # type: ignore[no-untyped-call]  # pytest-benchmark has no types here


@pytest.mark.parametrize("child", ["cloud", "gateway"])
def test_until_a_killed_child_is_ready_again(benchmark: BenchmarkFixture, edge: RunningEdge, child: str) -> None:
    benchmark.extra_info["budget_s"] = RESTART_BUDGET_S

    def kill() -> tuple[tuple[int], dict[str, object]]:
        # A child that dies young is started again after a pause: let it grow old first.
        time.sleep(GROWN_UP_S)
        pid = edge.status.pids[child]
        os.kill(pid, signal.SIGKILL)
        return (pid,), {}

    def wait(dead: int) -> None:
        while edge.status.pids[child] == dead or not edge.status.healthy:
            time.sleep(0.01)

    benchmark.pedantic(wait, setup=kill, rounds=3)  # type: ignore[no-untyped-call]  # pytest-benchmark has no types here
