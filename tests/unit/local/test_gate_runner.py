"""CloudFront Functions in Node: what AWS's runtime has, and what it has not."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

from edgewise.local.gate import client
from edgewise.local.gate.client import GateError, GateRunner
from edgewise.local.stack.model import GateFunction, LocalEdgeError

if TYPE_CHECKING:
    from pathlib import Path

STORE = "arn:aws:cloudfront::000000000000:key-value-store/abc"
HEAD = "import cf from 'cloudfront';\nimport crypto from \"crypto\";\n"
Start = Callable[[str], Awaitable[GateRunner]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    runners: list[GateRunner] = []

    async def make(code: str) -> GateRunner:
        gate = GateFunction(name="g", arn="g", code=code, store_arn=STORE)
        values = {STORE: {"a": "1", "j": '{"b": 2}'}}
        runner = GateRunner(functions={"g": gate}, values=values, log_file=tmp_path / "gate.log")
        runners.append(runner)
        await runner.start()
        return runner

    yield make
    for runner in runners:
        await runner.stop()


async def result(start: Start, body: str) -> Any:
    """Run a function body and return what it leaves in ``r``."""
    runner = await start(f"{HEAD}async function handler(event) {{ let r; {body}; return {{r: r}}; }}")
    return (await runner.call("g", {"request": {"uri": "/x"}})).get("r")


async def test_the_event_arrives_and_the_answer_returns(start: Start) -> None:
    runner = await start("function handler(event) { event.request.uri = '/y'; return event.request; }")

    assert await runner.call("g", {"request": {"uri": "/x"}}) == {"uri": "/y"}


async def test_the_store(start: Start) -> None:
    body = """
        const store = cf.kvs();
        r = [await store.get('a'), await store.get('j', {format: 'json'}), await store.exists('a'),
             await store.exists('b'), (await store.meta()).keyCount];
        try { await store.get('b'); } catch (error) { r.push(String(error)); }
    """
    assert await result(start, body) == ["1", {"b": 2}, True, False, 2, "Error: KeyNotFound: b"]


async def test_another_store_is_not_associated(start: Start) -> None:
    body = "try { cf.kvs('other') } catch (error) { r = String(error); }; r = [r, typeof cf.kvs('abc').get]"
    assert await result(start, body) == ["Error: key-value store other is not associated", "function"]


async def test_hashes(start: Start) -> None:
    body = """
        r = [crypto.createHmac('sha256', 'key').update('a').update('b').digest('hex'),
             crypto.createHash('md5').update('').digest('base64url')];
        try { crypto.createHash('sha512'); } catch (error) { r.push(String(error)); }
    """
    expected = hmac.new(b"key", b"ab", hashlib.sha256).hexdigest()
    assert await result(start, body) == [expected, "1B2M2Y8AsgTpgAmY7PhCfg", "Error: hash sha512 is not supported"]


@pytest.mark.parametrize(
    "name",
    ["process", "setTimeout", "fetch", "Map", "Set", "Proxy", "Reflect", "BigInt", "URL", "eval", "global", "import_"],
)
async def test_what_awss_runtime_lacks_is_missing(start: Start, name: str) -> None:
    assert await result(start, f"r = typeof {name}") == "undefined"


@pytest.mark.parametrize("method", ["Array.from", "[].at", "[].flat", "''.matchAll", "Object.fromEntries"])
async def test_methods_that_awss_runtime_lacks_are_missing(start: Start, method: str) -> None:
    assert await result(start, f"r = typeof {method}") == "undefined"


async def test_code_from_text_is_refused(start: Start) -> None:
    body = "try { r = (() => {}).constructor('return 1')() } catch (error) { r = error.name }"
    assert await result(start, body) == "EvalError"


async def test_the_clock_stands_still_during_a_run(start: Start) -> None:
    body = (
        "const a = Date.now(); for (let i = 0; i < 3000000; i++) {}; r = [Date.now() - a, new Date().getTime() - a, a]"
    )
    same, also, now = await result(start, body)
    assert (same, also) == (0, 0)
    assert now > 1_700_000_000_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("throw new Error('no')", "no"),
        ("while (true) {}", "timed out"),
        ("await cf.kvs().get('a'); while (true) {}", "timed out"),
        ("await new Promise(() => {})", "never returned"),
    ],
)
async def test_a_run_that_fails_is_an_error(start: Start, body: str, words: str) -> None:
    runner = await start(f"{HEAD}async function handler(event) {{ if (event.bad) {{ {body} }} return {{}}; }}")

    with pytest.raises(GateError, match=words):
        await runner.call("g", {"bad": True})

    # The next run is fine.
    assert await runner.call("g", {}) == {}


async def test_a_function_that_returns_nothing_is_an_error(start: Start) -> None:
    runner = await start("function handler(event) {}")

    with pytest.raises(GateError):
        await runner.call("g", {})


async def test_code_that_does_not_load_stops_the_start(start: Start) -> None:
    with pytest.raises(LocalEdgeError, match="does not load"):
        await start("function handler(event) {")


async def test_a_change_of_the_store_is_seen(start: Start) -> None:
    runner = await start(f"{HEAD}async function handler(event) {{ return {{r: await cf.kvs().get('a')}}; }}")

    runner.put(STORE, {"a": "2"})

    assert await runner.call("g", {}) == {"r": "2"}


async def test_a_killed_process_costs_no_request(start: Start) -> None:
    # GIVEN a gate whose store was changed
    runner = await start(f"{HEAD}async function handler(event) {{ return {{r: await cf.kvs().get('a')}}; }}")
    runner.put(STORE, {"a": "2"})
    assert runner.process is not None
    first = runner.process.pid

    # WHEN Node is killed between and during calls
    os.kill(first, signal.SIGKILL)
    answers = await asyncio.gather(*(runner.call("g", {}) for _ in range(5)))

    # THEN every call is answered, with the change
    assert answers == [{"r": "2"}] * 5
    assert runner.process.pid != first
    assert runner.restarts == 1


async def test_a_frozen_process_is_an_error_and_no_wait_for_ever(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = await start("function handler(event) { return {}; }")
    monkeypatch.setattr(client, "_CALL_TIMEOUT_S", 0.2)
    assert runner.process is not None

    os.kill(runner.process.pid, signal.SIGSTOP)

    with pytest.raises(GateError, match="does not answer"):
        await runner.call("g", {})

    # It was replaced.
    monkeypatch.undo()
    assert await runner.call("g", {}) == {}


async def test_what_the_function_logs_is_logged(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    runner = await start("function handler(event) { console.log('hello ' + event.n); return {}; }")

    await runner.call("g", {"n": 1})

    assert "hello 1" in caplog.text


async def test_its_clock_can_be_shifted(start: Start) -> None:
    # GIVEN a gate that tells the time WHEN its clock is shifted by a day between two calls
    runner = await start("function handler(event) { return {now: Date.now(), date: new Date().getTime()}; }")
    before = await runner.call("g", {})
    runner.offset_s = lambda: 86_400.0
    after = await runner.call("g", {})

    # THEN it is a day later, by Date.now() and by new Date() alike
    assert before["now"] == before["date"]
    assert after["now"] == after["date"]
    assert 86_400_000 <= int(str(after["now"])) - int(str(before["now"])) < 86_400_000 + 3_600_000


async def test_reads_of_the_store_are_counted(start: Start) -> None:
    runner = await start(
        f"""{HEAD}async function handler(event) {{
            const store = cf.kvs();
            await store.get('a'); await store.exists('b'); await store.meta();
            if (event.fail) await store.get('missing');
            return {{}};
        }}"""
    )

    await runner.call("g", {})
    assert runner.reads == {"g": 3}
    # A read that finds nothing, in a call that fails, is billed too.
    with pytest.raises(GateError, match="KeyNotFound"):
        await runner.call("g", {"fail": True})
    assert runner.reads == {"g": 7}
