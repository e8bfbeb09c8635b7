"""The real edge function behind the real gate: what was granted is never exceeded, whatever dies meanwhile."""

from __future__ import annotations

import asyncio
import os
import platform
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from edgewise.cli.artefacts import pinned
from edgewise.device import fleet
from edgewise.local import supervisor
from edgewise.local.receipts import handed_in
from edgewise.models import catalogue
from edgewise.python313 import find_python313
from infra.bundle import EdgeConfig, EdgeZip, edge_zip
from infra.edge_python import EdgePython
from tests.edge.handmade import FUNCTION, TABLE, HandmadeStack
from tests.edge.running import RunningEdge, eventually, gate_code

REQUEST_BYTES = 67_500
DEVICES = 4


@pytest.fixture(scope="module")
def real_zip() -> EdgeZip:
    python = find_python313(build=True, say=print)
    edge_python = EdgePython(version=python.version if python else platform.python_version(), python313=python)
    config = EdgeConfig(function=FUNCTION, table=TABLE, region="us-east-1", edge="cloudfront")
    return edge_zip(config, edge_python)


@pytest.fixture(scope="module")
def model() -> bytes:
    return catalogue.ensure("face-match", digest=pinned("local")["face-match"], say=print).path.read_bytes()


Start = Callable[[int, int], RunningEdge]


@pytest.fixture
def start(tmp_path: Path, real_zip: EdgeZip, model: bytes) -> Iterator[Start]:
    """Give what starts an edge with a daily quota and a lease size."""
    run_dir = tmp_path / "run"

    def begin(daily_quota: int, lease_requests: int) -> RunningEdge:
        stack = HandmadeStack(
            archive=real_zip.path,
            model_file=tmp_path / "model.onnx",
            gate_code=gate_code(REQUEST_BYTES),
            handler=real_zip.handler,
            runtime=real_zip.runtime,
            daily_quota=daily_quota,
            lease_requests=lease_requests,
            model=model,
        )
        edge = RunningEdge(stack=stack, run_dir=run_dir)
        edge.start()
        return edge

    yield begin
    supervisor.stop(run_dir)


def infer(edge: RunningEdge, url: str) -> httpx.Response:
    return httpx.post(url, content=bytes(REQUEST_BYTES), headers=edge.signed(), timeout=30)


def check(answer: httpx.Response) -> int:
    """Fail on anything that no device should ever get; return the status."""
    assert "Traceback" not in answer.text
    if answer.status_code == 200:
        assert set(answer.json()["outputs"]) == {"match", "score", "row"}
    elif answer.headers["Content-Type"] == "application/problem+json":
        assert answer.status_code in {429, 503}
        assert int(answer.headers["Retry-After"]) >= 1
    else:
        assert answer.headers["X-Cache"] == "LambdaExecutionError from cloudfront"
    return answer.status_code


def ask_together(edge: RunningEdge, each: int) -> Counter[int]:
    """Let several devices ask at once; what is lost with a connection is counted as 0."""
    statuses: list[int] = []
    failures: list[BaseException] = []
    url = edge.url

    def ask() -> None:
        for _ in range(each):
            try:
                statuses.append(check(infer(edge, url)))
            except httpx.TransportError:
                statuses.append(0)
            except BaseException as error:
                failures.append(error)
                return

    threads = [threading.Thread(target=ask) for _ in range(DEVICES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    return Counter(statuses)


def later(delay_s: float, pid: Callable[[], int]) -> threading.Timer:
    """Kill a process of the edge under test in a while."""
    timer = threading.Timer(delay_s, lambda: os.kill(pid(), signal.SIGKILL))
    timer.start()
    return timer


def test_four_environments_grant_exactly_the_quota(start: Start) -> None:
    # GIVEN a quota of 60 in leases of 7 WHEN four devices ask for 120
    edge = start(60, 7)
    counts = ask_together(edge, 30)

    # THEN at most 60 are answered, the rest is told when to come back
    assert set(counts) == {200, 429}
    assert counts[200] <= 60
    # What was granted to an environment and not used by it is the only loss.
    assert counts[200] > 60 - 7 * DEVICES


def test_a_quota_for_one_environment_is_used_to_the_last(start: Start) -> None:
    edge = start(10, 4)

    statuses = [check(infer(edge, edge.url)) for _ in range(13)]

    assert statuses == [200] * 10 + [429] * 3


def test_a_killed_ledger_grants_nothing_twice(start: Start) -> None:
    # GIVEN a quota of 80 WHEN the ledger is killed while it is used, and asked again when it is back
    edge = start(80, 2)
    timer = later(0.6, lambda: edge.status.pids["cloud"])
    during = ask_together(edge, 12)
    timer.join()
    eventually(lambda: edge.status.restarts["cloud"] == 1)
    edge.wait_until_healthy()
    after = ask_together(edge, 40)

    # THEN all answers together are within the quota
    print(during, after)
    assert 0 < during[200] + after[200] <= 80
    assert after[429] > 0 or after[503] > 0


def test_killed_environments_grant_nothing_twice(start: Start) -> None:
    # GIVEN a quota of 40 WHEN environments die with leases in hand
    edge = start(40, 5)
    total: Counter[int] = Counter()
    for _ in range(4):
        total += ask_together(edge, 2)
        for pid in edge.counters()["pids"]:
            os.kill(pid, signal.SIGKILL)
    total += ask_together(edge, 10)

    # THEN what they held is lost, and never more is answered than was granted
    print(total)
    assert 0 < total[200] <= 40
    assert total[429] > 0


def test_a_killed_gateway_grants_nothing_twice(start: Start) -> None:
    edge = start(30, 5)
    timer = later(0.6, lambda: edge.status.pids["gateway"])
    total = ask_together(edge, 20)
    timer.join()
    edge.wait_until_healthy()

    assert 0 < total[200] <= 30
    assert total[429] > 0


def test_a_lease_is_worked_off_while_the_ledger_is_down(start: Start) -> None:
    # GIVEN an environment that holds a lease of five
    edge = start(100, 5)
    assert check(infer(edge, edge.url)) == 200

    # WHEN the ledger goes down
    edge.admin.set_faults(ledger_down=True)
    statuses = [check(infer(edge, edge.url)) for _ in range(6)]

    # THEN the lease is used up and then the device is told to wait
    assert statuses == [200] * 4 + [503] * 2
    assert infer(edge, edge.url).json()["type"] == "urn:edgewise:problem:ledger"

    # WHEN the ledger is back THEN so are the answers
    edge.admin.set_faults(ledger_down=False)
    eventually(lambda: check(infer(edge, edge.url)) == 200)


def test_a_start_without_the_model_store_is_told_and_recovers(start: Start) -> None:
    # GIVEN an edge whose bucket is down before the first request (each refused request is one of the lease, too)
    edge = start(100_000, 1_000)
    edge.admin.set_faults(model_store_down=True)
    refused = infer(edge, edge.url)
    assert check(refused) == 503
    assert refused.json()["type"] == "urn:edgewise:problem:model"

    # WHEN it is back, and CloudFront's ten seconds of a cached error are over
    edge.admin.set_faults(model_store_down=False)
    started = time.monotonic()

    # THEN the device is answered
    eventually(lambda: check(infer(edge, edge.url)) == 200, within_s=30)
    print(f"answered {time.monotonic() - started:.1f} s after the bucket was back")


def test_the_model_is_fetched_through_the_cache(start: Start) -> None:
    # GIVEN four environments that start at once WHEN each needs the model
    edge = start(1000, 50)
    ask_together(edge, 5)
    fetched = edge.admin.state()["distributions"][FUNCTION]

    # THEN the bucket was asked for it at most once each, later starts are hits
    for pid in edge.counters()["pids"]:
        os.kill(pid, signal.SIGKILL)
    ask_together(edge, 5)
    assert edge.admin.state()["distributions"][FUNCTION]["cache_misses"] == fetched["cache_misses"] <= DEVICES


def let_loose(edge: RunningEdge, *, rps: float, seconds: float, devices: int, greedy: float = 1.0) -> fleet.FleetResult:
    plan = fleet.Plan(
        base_url=edge.base,
        function=FUNCTION,
        kid="k1",
        master_key=edge.stack.keys["k1"],
        devices=devices,
        rps=rps,
        seconds=seconds,
        greedy=greedy,
    )
    return asyncio.run(fleet.run(plan, [bytes(REQUEST_BYTES)], tick=lambda _: None))


def test_a_fleets_own_counts_are_those_of_the_receipts(start: Start) -> None:
    # GIVEN an edge that is warm
    edge = start(10_000, 20)
    let_loose(edge, rps=4, seconds=5, devices=4)

    # WHEN fifty devices ask, with a ledger that takes its time
    edge.admin.set_faults(ledger_latency_ms=150)
    result = let_loose(edge, rps=20, seconds=15, devices=50)

    # THEN all are answered, and each receipt tells what the fleet has counted for it
    compared = result.compare(handed_in(edge.run_dir, FUNCTION))
    assert result.success >= 0.999
    assert compared["equal"], compared
    assert compared["told_by_receipts"] > 0
    assert compared["receipt_bytes"] < 0.001 * result.bytes_up
    assert compared["waited"] <= 0.02 * result.sent


def test_killed_environments_leave_their_receipts_missing_and_nothing_else(start: Start) -> None:
    # GIVEN a fleet that asks
    edge = start(10_000, 20)
    results: list[fleet.FleetResult] = []
    asking = threading.Thread(target=lambda: results.append(let_loose(edge, rps=15, seconds=15, devices=20)))
    asking.start()

    # WHEN environments are killed at random meanwhile
    killed = 0
    for _ in range(5):
        time.sleep(2.5)
        killed += len(edge.admin.kill_environments(FUNCTION, 1))
    asking.join()

    # THEN the counts of every receipt that came in are the fleet's all the same
    compared = results[0].compare(handed_in(edge.run_dir, FUNCTION))
    assert killed == 5
    # A request whose environment died under it was counted by nobody but the ledger's grant.
    assert compared["equal"], compared
    assert compared["in_missing_receipts"] > 0


def test_one_greedy_device_does_not_take_the_others_share(start: Start) -> None:
    edge = start(10_000, 50)
    let_loose(edge, rps=4, seconds=5, devices=11)
    result = let_loose(edge, rps=20, seconds=20, devices=11, greedy=10)
    assert result.others_success >= 0.99
    assert result.greedy["quota"] > 0
