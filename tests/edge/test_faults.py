"""The edge when parts of it fail: what a device gets, and how it comes back."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.edge.running import RunningEdge, eventually

EXECUTION_ERROR = "LambdaExecutionError from cloudfront"


@pytest.mark.parametrize(
    ("told", "status", "x_cache"),
    [
        ({"do": "raise"}, 503, EXECUTION_ERROR),
        ({"do": "exit"}, 503, EXECUTION_ERROR),
        ({"do": "sleep", "s": 9}, 503, "LambdaLimitExceeded from cloudfront"),
        ({"do": "bad", "which": "none"}, 502, "LambdaValidationError from cloudfront"),
        ({"do": "bad", "which": "no_status"}, 502, "LambdaValidationError from cloudfront"),
        ({"do": "bad", "which": "status"}, 502, "LambdaValidationError from cloudfront"),
        ({"do": "bad", "which": "header"}, 502, "LambdaValidationError from cloudfront"),
        ({"do": "bad", "which": "too_big"}, 502, "LambdaValidationError from cloudfront"),
    ],
)
def test_a_function_that_fails(edge: RunningEdge, told: dict[str, object], status: int, x_cache: str) -> None:
    # GIVEN a function that fails WHEN a device asks
    answer = edge.ask(**told)

    # THEN it gets CloudFront's page, no word of the function's, and the next request is answered
    assert (answer.status_code, answer.headers["X-Cache"]) == (status, x_cache)
    assert answer.headers["Content-Type"] == "text/html"
    assert "Traceback" not in answer.text
    assert "secret words" not in answer.text
    assert edge.ask().status_code == 200


def test_outcomes_are_counted(edge: RunningEdge) -> None:
    before = edge.counters()["outcomes"]

    edge.ask(do="raise")
    edge.ask(do="exit")
    edge.ask()

    after = edge.counters()["outcomes"]
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"error": 1, "crash": 1, "ok": 1}


def test_requests_at_once_run_side_by_side(edge: RunningEdge) -> None:
    # GIVEN four requests that last longer than a start WHEN they come at once THEN each has its own environment
    pids: list[int] = []

    def ask() -> None:
        pids.append(edge.ask(do="sleep", s=2.5).json()["pid"])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(pids)) == 4


def kill(pid: int) -> None:
    """Kill a process of the edge under test."""
    os.kill(pid, signal.SIGKILL)


def test_a_killed_cloud_comes_back_with_its_counters(edge: RunningEdge) -> None:
    # GIVEN a counter that the function has written
    taken = edge.ask(do="take").json()["taken"]
    before = edge.status

    # WHEN moto is killed
    kill(before.pids["cloud"])

    # THEN it is there again on the same port and has forgotten nothing
    eventually(lambda: edge.status.restarts["cloud"] > before.restarts["cloud"])
    edge.wait_until_healthy()
    assert edge.status.cloud_url == before.cloud_url
    assert edge.ask(do="take").json()["taken"] == taken + 1


def test_a_killed_gateway_comes_back_and_takes_its_environments_along(edge: RunningEdge) -> None:
    # GIVEN an environment, and a key that was changed at run time
    environment = edge.ask().json()["pid"]
    edge.admin.put_key("edgewise-local-face-match", "deny:other", "1", delay_s=0)
    before = edge.status

    # WHEN the gateway is killed
    kill(before.pids["gateway"])
    started = time.monotonic()

    # THEN a request made meanwhile waits and is answered, on the same port
    answer = edge.ask()
    assert answer.status_code == 200
    print(f"answered {time.monotonic() - started:.2f} s after the gateway was killed")
    assert edge.status.endpoints == before.endpoints
    eventually(lambda: not Path(f"/proc/{environment}").exists())
    edge.wait_until_healthy()
    assert "deny:other" in edge.admin.state()["stores"]["edgewise-local-face-match"]
    edge.admin.put_key("edgewise-local-face-match", "deny:other", None)


def test_a_killed_gate_costs_no_request(edge: RunningEdge) -> None:
    before = edge.admin.state()["gate"]

    kill(before["pid"])

    assert [edge.ask().status_code for _ in range(3)] == [200] * 3
    after = edge.admin.state()["gate"]
    assert after["pid"] != before["pid"]
    assert after["restarts"] == before["restarts"] + 1


def test_a_killed_environment_is_told_at_once(edge: RunningEdge) -> None:
    # GIVEN a request under way
    edge.ask()
    answers: list[httpx.Response] = []
    thread = threading.Thread(target=lambda: answers.append(edge.ask(do="sleep", s=2)))
    cold = edge.counters()["cold_starts"]
    running = set(edge.counters()["pids"])
    thread.start()
    time.sleep(0.5)

    # WHEN every environment is killed
    for pid in running:
        kill(pid)
    thread.join()

    # THEN that request fails, the next is answered by a new environment
    assert (answers[0].status_code, answers[0].headers["X-Cache"]) == (503, EXECUTION_ERROR)
    assert edge.ask().status_code == 200
    assert edge.counters()["cold_starts"] > cold


def test_a_slow_ledger_is_slow_and_nothing_else_is(edge: RunningEdge) -> None:
    edge.ask(do="take")
    edge.admin.set_faults(ledger_latency_ms=700)

    started = time.monotonic()
    assert edge.ask(do="take").status_code == 200
    assert time.monotonic() - started > 0.7
    assert edge.ask().status_code == 200


def test_a_ledger_that_is_down_is_the_functions_business(edge: RunningEdge) -> None:
    edge.admin.set_faults(ledger_down=True)

    # The probe does not catch it; the real handler answers a problem.
    assert edge.ask(do="take").status_code == 503

    edge.admin.set_faults(ledger_down=False)
    assert edge.ask(do="take").status_code == 200


def test_a_cached_model_outlives_the_model_store(edge: RunningEdge) -> None:
    # GIVEN a model in the cache WHEN the bucket is down THEN the cache still serves it
    assert httpx.get(edge.model_url, headers=edge.fetch_headers).status_code == 200
    edge.admin.set_faults(model_store_down=True)

    assert httpx.get(edge.model_url, headers=edge.fetch_headers).content == edge.stack.model

    # WHEN the cache is empty THEN the outage shows
    edge.admin.clear_caches()
    assert httpx.get(edge.model_url, headers=edge.fetch_headers).status_code == 503
