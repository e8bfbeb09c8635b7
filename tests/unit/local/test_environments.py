"""Lambda environments: the stack's zip under AWS's runtime client, in every way that a call can end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.local.files import clock_folder
from edgewise.local.functions.clock import make_clock, write_offset
from edgewise.local.functions.cpu import PERIOD_US, cpu_groups, quota
from edgewise.local.functions.environments import Outcome, Result, Settings
from edgewise.local.functions.pool import Pool
from edgewise.local.functions.runtime import prepare
from edgewise.local.stack.model import LambdaFunction
from tests.edge.handmade import zip_of
from tests.edge.running import lambda_runtime

HANDLER = """
import json, os, sys, threading, time
ticks = [0]
def tick():
    while True:
        time.sleep(0.001)
        ticks[0] += 1
threading.Thread(target=tick, daemon=True).start()
def handler(event, context):
    do = event.get("do")
    if do == "raise":
        raise RuntimeError("secret words")
    if do == "exit":
        os._exit(3)
    if do == "sleep":
        time.sleep(event["s"])
    if do == "big":
        return "x" * (6 * 1024 * 1024)
    if do == "print":
        print("first\\nsecond")
        os.write(1, b"last, without an end")
        if event.get("exit"):
            os._exit(1)
    if do == "time":
        return {"time": time.time(), "remaining": context.get_remaining_time_in_millis()}
    if do == "variables":
        return dict(os.environ)
    if do == "remaining":
        return context.get_remaining_time_in_millis()
    return {"pid": os.getpid(), "ticks": ticks[0], "cwd": os.getcwd(), "python": sys.version.split()[0]}
"""

MakePool = Callable[..., Pool]


@pytest.fixture
async def make_pool(tmp_path: Path) -> AsyncIterator[MakePool]:
    pools: list[Pool] = []

    def make(
        code: str = HANDLER,
        *,
        timeout_s: int = 5,
        max_environments: int = 4,
        max_waiting: int = 64,
        memory_mb: int = 1769,
        **more: Any,
    ) -> Pool:
        function = LambdaFunction(
            name="test",
            version="1",
            qualified_arn="arn:aws:lambda:us-east-1:000000000000:function:test:1",
            archive=zip_of(tmp_path / "edge.zip", {"handler.py": code}),
            archive_hash="",
            handler="handler.handler",
            runtime=lambda_runtime(),
            memory_mb=memory_mb,
            timeout_s=timeout_s,
            environment={"OWN": "1", "AWS_REGION": "not taken"},
        )
        runtime = prepare([function], say=print)
        settings = Settings(dynamodb_url="http://127.0.0.1:9", log_folder=tmp_path, **({"cpu": None} | more))
        pool = Pool(
            function=function,
            launch=runtime.launches[function.qualified_arn],
            settings=settings,
            max_environments=max_environments,
            max_waiting=max_waiting,
        )
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        pids = pool.pids
        await pool.stop()
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


async def call(pool: Pool, **event: object) -> Result:
    return await pool.invoke(json.dumps(event).encode())


async def value(pool: Pool, **event: object) -> Any:
    result = await call(pool, **event)
    assert result.outcome is Outcome.OK, result
    return json.loads(result.body)


async def test_an_environment_is_started_once_and_kept(make_pool: MakePool) -> None:
    pool = make_pool()

    first, second = await call(pool), await call(pool)

    assert (first.cold_start, second.cold_start) == (True, False)
    assert json.loads(first.body)["pid"] == json.loads(second.body)["pid"]
    assert (pool.invocations, pool.cold_starts) == (2, 1)
    assert pool.billed_ms == first.billed_ms + second.billed_ms
    assert first.billed_ms > second.billed_ms > 0, "a cold start is billed with its init"


async def test_the_very_zip_runs_in_its_own_folder(make_pool: MakePool) -> None:
    pool = make_pool()

    answer = await value(pool)

    assert answer["cwd"] == str(pool.launch.task_root)
    assert f"python{answer['python']}".startswith(lambda_runtime())


async def test_the_variables_are_lambdas_and_one_more(make_pool: MakePool, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a user with credentials WHEN an environment starts THEN it has Lambda's variables and none of the user's
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the user's own")
    monkeypatch.setenv("HOME", "/home/user")

    found = await value(make_pool(), do="variables")

    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "us-east-1.test"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "1769"
    assert found["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:9"
    assert found["AWS_SECRET_ACCESS_KEY"] == "local"
    assert "HOME" not in found


async def test_a_home_function_has_its_own_variables_and_name(make_pool: MakePool) -> None:
    pool = make_pool(home=True, endpoints={"AWS_ENDPOINT_URL_SNS": "http://127.0.0.1:9"})

    found = await value(pool, do="variables")

    assert found["AWS_LAMBDA_FUNCTION_NAME"] == "test"
    assert (found["OWN"], found["AWS_REGION"]) == ("1", "us-east-1")
    assert found["AWS_ENDPOINT_URL_SNS"] == "http://127.0.0.1:9"


SHARE = """
from pathlib import Path

def quota_us():
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for file in ("cpu" + path + "/cpu.cfs_quota_us", path[1:] + "/cpu.max"):
            if ("cpu" in controllers.split(",") or not controllers) and Path("/sys/fs/cgroup", file).is_file():
                return int(Path("/sys/fs/cgroup", file).read_text().split()[0])

AT_START = quota_us()

def handler(event, context):
    return [AT_START, quota_us()]
"""


@pytest.mark.parametrize("home", [True, False])
async def test_only_a_home_function_starts_with_a_whole_processor(make_pool: MakePool, home: bool) -> None:
    groups = cpu_groups("edgewise-test-environments")
    if groups is None:
        assert os.geteuid() != 0 or not os.access("/sys/fs/cgroup", os.W_OK)
        return
    small = quota(128)
    try:
        found = await value(make_pool(SHARE, memory_mb=128, home=home, cpu=groups))
    finally:
        groups.remove()

    # Of Lambda@Edge nobody says that it starts faster than it runs.
    assert found == [PERIOD_US if home else small, small]


async def test_what_a_function_prints_is_told_and_kept(make_pool: MakePool, tmp_path: Path) -> None:
    # GIVEN somebody who listens WHEN a function prints and ends in mid line
    lines: list[tuple[str, bytes]] = []
    pool = make_pool(on_line=lambda name, line: lines.append((name, line)))
    await call(pool, do="print", exit=True)

    # THEN each line was told, and all is in the log
    assert lines == [("test", b"first"), ("test", b"second"), ("test", b"last, without an end")]
    assert b"first\nsecond\nlast" in (tmp_path / "test.log").read_bytes()


async def test_a_listener_that_fails_stops_nothing(make_pool: MakePool) -> None:
    def refuse(_name: str, _line: bytes) -> None:
        raise ValueError("not understood")

    pool = make_pool(on_line=refuse)

    assert (await call(pool, do="print")).outcome is Outcome.OK


async def test_a_shifted_clock_is_seen_at_once_and_deadlines_go_with_it(make_pool: MakePool, tmp_path: Path) -> None:
    # GIVEN an environment that is warm
    clock = clock_folder() / f"test-{tmp_path.name}-{os.getpid()}"
    make_clock(clock)
    try:
        pool = make_pool(clock_file=clock)
        assert abs((await value(pool, do="time"))["time"] - time.time()) < 3600

        # WHEN the clock is set on by a day
        write_offset(clock, 86_400)
        told = await value(pool, do="time")
    finally:
        clock.unlink()

    # THEN it is a day later there, and there is as much time left as ever
    assert abs(told["time"] - time.time() - 86_400) < 3600
    assert 0 < told["remaining"] <= 5000


async def test_an_exception_is_an_error_and_the_environment_lives(make_pool: MakePool) -> None:
    pool = make_pool()

    failed = await call(pool, do="raise")

    assert (failed.outcome, failed.detail, failed.body) == (Outcome.ERROR, "RuntimeError", failed.body)
    assert b"secret words" not in failed.body
    assert (await call(pool)).cold_start is False


async def test_a_crash_is_told_at_once_and_the_next_call_starts_anew(make_pool: MakePool) -> None:
    pool = make_pool()
    await call(pool)
    started = time.monotonic()

    crashed = await call(pool, do="exit")

    assert crashed.outcome is Outcome.CRASH
    assert time.monotonic() - started < 4
    assert (await call(pool)).cold_start


async def test_a_timeout_kills_the_environment(make_pool: MakePool) -> None:
    pool = make_pool(timeout_s=1)
    await call(pool)
    (pid,) = pool.pids

    late = await call(pool, do="sleep", s=30)

    assert late.outcome is Outcome.TIMEOUT
    assert not Path(f"/proc/{pid}").exists()
    assert (await call(pool)).outcome is Outcome.OK


async def test_the_handler_knows_its_time(make_pool: MakePool) -> None:
    assert 4000 < await value(make_pool(timeout_s=5), do="remaining") <= 5000


@pytest.mark.parametrize(
    "code", ["import no_such_module", "raise SystemExit(1)", "x = 1  # no handler"], ids=["import", "exit", "missing"]
)
async def test_a_start_that_fails_fails_the_call(make_pool: MakePool, code: str) -> None:
    pool = make_pool(code)

    failed = await call(pool)

    assert failed.outcome is Outcome.INIT_ERROR
    assert (await call(pool)).outcome is Outcome.INIT_ERROR
    assert pool.pids == []


async def test_a_second_call_at_once_starts_a_second_environment(make_pool: MakePool) -> None:
    pool = make_pool()

    answers = await asyncio.gather(*(call(pool, do="sleep", s=0.5) for _ in range(3)))

    assert [answer.outcome for answer in answers] == [Outcome.OK] * 3
    assert len(pool.pids) == 3


async def test_no_more_environments_than_allowed(make_pool: MakePool) -> None:
    # GIVEN two environments and eight calls WHEN they come at once THEN they take turns
    pool = make_pool(max_environments=2)

    answers = await asyncio.gather(*(value(pool, do="wait") for _ in range(8)))

    assert len({answer["pid"] for answer in answers}) <= 2
    assert len(pool.pids) <= 2


async def test_too_many_waiting_calls_are_throttled_and_not_counted(make_pool: MakePool) -> None:
    pool = make_pool(max_environments=1, max_waiting=2)

    answers = await asyncio.gather(*(call(pool, do="sleep", s=0.2) for _ in range(6)))

    outcomes = [answer.outcome for answer in answers]
    assert outcomes.count(Outcome.THROTTLED) == 4
    assert pool.invocations == 2


async def test_an_idle_environment_is_frozen(make_pool: MakePool) -> None:
    # GIVEN an environment with a thread that ticks every millisecond
    pool = make_pool()
    before = (await value(pool))["ticks"]

    # WHEN nothing is asked for half a second
    await asyncio.sleep(0.5)

    # THEN it hardly ticked
    assert (await value(pool))["ticks"] - before < 50


async def test_an_environment_that_dies_idle_is_replaced(make_pool: MakePool) -> None:
    pool = make_pool()
    await call(pool)
    (pid,) = pool.pids

    os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.2)

    assert (await call(pool)).cold_start
    assert pid not in pool.pids


async def test_killing_twice_kills_only_what_lives(make_pool: MakePool) -> None:
    # GIVEN a pool whose only environment was killed while it was idle
    pool = make_pool()
    await call(pool)
    assert len(pool.kill(1)) == 1
    await asyncio.sleep(0.2)

    # WHEN one more is to be killed THEN there is none
    assert pool.kill(1) == []


async def test_an_answer_over_lambdas_limit_is_an_error(make_pool: MakePool) -> None:
    result = await call(make_pool(), do="big")

    assert (result.outcome, result.detail) == (Outcome.ERROR, "Function.ResponseSizeTooLarge")
