"""The real zip with the real model: cold start and warm calls by memory, beside a bare session.

Prints, asserts no time. With ``EDGEWISE_SAVE_MEASURED=1`` the figures are written to ``measured.json``, from which
`edgewise breakeven` takes a function's time.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.table import Table

from edgewise.cli.artefacts import pinned
from edgewise.local import supervisor
from edgewise.models import catalogue
from edgewise.python313 import find_python313
from inference.session import Session
from infra.bundle import EdgeConfig, edge_zip
from infra.edge_python import EdgePython
from tests.edge.handmade import FUNCTION, TABLE, HandmadeStack
from tests.edge.running import RunningEdge, gate_code

MEMORY_MB = (256, 512, 1024, 1769)
COLD_STARTS = 20
WARM_CALLS = 300
MEASURED = Path(__file__).with_name("measured.json")


def machine() -> str:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.processor(),
    )
    return f"{model}, {os.cpu_count()} processors"


@contextmanager
def running(folder: Path, memory_mb: int) -> Iterator[RunningEdge]:
    python = find_python313(build=True, say=print)
    edge_python = EdgePython(version=python.version if python else platform.python_version(), python313=python)
    config = EdgeConfig(function=FUNCTION, table=TABLE, region="us-east-1", edge="cloudfront")
    built = edge_zip(config, edge_python)
    artefact = catalogue.ensure("face-match", digest=pinned("local")["face-match"], say=print)
    stack = HandmadeStack(
        archive=built.path,
        model_file=folder / "model.onnx",
        gate_code=gate_code(artefact.manifest.request_bytes),
        handler=built.handler,
        runtime=built.runtime,
        daily_quota=1_000_000,
        lease_requests=1000,
        model=artefact.path.read_bytes(),
        memory_mb=memory_mb,
    )
    edge = RunningEdge(stack=stack, run_dir=folder / "run")
    edge.start()
    try:
        yield edge
    finally:
        supervisor.stop(edge.run_dir)


def timed(client: httpx.Client, edge: RunningEdge, body: bytes) -> float:
    headers = edge.signed()
    begun = time.perf_counter()
    client.post(edge.url, content=body, headers=headers, timeout=30).raise_for_status()
    return (time.perf_counter() - begun) * 1000


def kill_environments(edge: RunningEdge) -> None:
    (function,) = edge.admin.state()["functions"].values()
    for pid in function["pids"]:
        os.kill(pid, signal.SIGKILL)
    while any(Path(f"/proc/{pid}").exists() for pid in function["pids"]):
        time.sleep(0.01)


def measure(folder: Path, memory_mb: int, body: bytes) -> dict[str, str]:
    with running(folder, memory_mb) as edge, httpx.Client() as client:
        timed(client, edge, body)  # the model is in the edge's cache from here on
        cold = []
        for _ in range(COLD_STARTS):
            kill_environments(edge)
            cold.append(timed(client, edge, body))
        for _ in range(20):
            timed(client, edge, body)
        warm = [timed(client, edge, body) for _ in range(WARM_CALLS)]
    return {
        "cold_p50_ms": f"{statistics.median(cold):.0f}",
        "warm_p50_ms": f"{statistics.median(warm):.1f}",
        "warm_p99_ms": f"{statistics.quantiles(warm, n=100)[98]:.1f}",
    }


def bare_session(body: bytes) -> dict[str, str]:
    artefact = catalogue.ensure("face-match", digest=pinned("local")["face-match"], say=print)
    session = Session(artefact.path.read_bytes())
    times = []
    for _ in range(WARM_CALLS):
        begun = time.perf_counter()
        session.run(body)
        times.append((time.perf_counter() - begun) * 1000)
    return {
        "warm_p50_ms": f"{statistics.median(times):.1f}",
        "warm_p99_ms": f"{statistics.quantiles(times, n=100)[98]:.1f}",
    }


def test_cold_and_warm_by_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    artefact = catalogue.ensure("face-match", digest=pinned("local")["face-match"], say=print)
    body = bytes(artefact.manifest.request_bytes)
    bare = bare_session(body)
    by_memory: dict[str, dict[str, str]] = {}
    for memory_mb in MEMORY_MB:
        folder = tmp_path / str(memory_mb)
        folder.mkdir()
        by_memory[str(memory_mb)] = measure(folder, memory_mb, body)
    with capsys.disabled():
        show(bare, by_memory)
    if os.environ.get("EDGEWISE_SAVE_MEASURED"):
        save(by_memory)
    assert set(by_memory) == {str(memory_mb) for memory_mb in MEMORY_MB}


def show(bare: dict[str, str], by_memory: dict[str, dict[str, str]]) -> None:
    table = Table("memory, MB", "cold start p50, ms", "warm p50, ms", "warm p99, ms", title=machine())
    table.add_row("bare session, no edge", "", bare["warm_p50_ms"], bare["warm_p99_ms"])
    for memory_mb, row in by_memory.items():
        table.add_row(memory_mb, row["cold_p50_ms"], row["warm_p50_ms"], row["warm_p99_ms"])
    Console().print(table)


def save(by_memory: dict[str, Any]) -> None:
    content = {"machine": machine(), "date": datetime.now(UTC).date().isoformat(), "functions": {FUNCTION: by_memory}}
    MEASURED.write_text(json.dumps(content, indent=2) + "\n")
