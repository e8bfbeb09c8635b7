"""Metrics of the home Region: out of functions' lines, out of counters, on their way to moto; schedules; settings."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from edgewise.local.cloud.requests import Request, RequestJournal
from edgewise.local.functions.environments import Outcome, Result
from edgewise.local.functions.pool import Pool
from edgewise.local.home.cloudclient import CloudClient, RefusedError, UnavailableError
from edgewise.local.home.emf import data_of, read_line
from edgewise.local.home.memory import Memory
from edgewise.local.home.meters import Meters, iterator_age, queue_length, throttles
from edgewise.local.home.metrics import Datum
from edgewise.local.home.publisher import Publisher
from edgewise.local.home.schedules import Schedules
from edgewise.local.home.tunables import Tunables
from edgewise.local.stack.homemodel import Metric, Schedule
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import NAME, HandmadeStack

EMF: dict[str, Any] = {
    "_aws": {
        "Timestamp": 120_500,
        "CloudWatchMetrics": [
            {
                "Namespace": "Edgewise",
                "Dimensions": [["Function"], ["Function", "Digest"]],
                "Metrics": [{"Name": "Answered", "Unit": "Count"}, {"Name": "LatencyMs"}, {"Name": "Absent"}],
            }
        ],
    },
    "Function": "face-match",
    "Digest": "sha256:a",
    "Answered": 7,
    "LatencyMs": {"Values": [1.5, 20.0, 30.0], "Counts": [3, 1, 0]},
}


def test_a_line_in_the_embedded_format_is_found() -> None:
    assert read_line(json.dumps(EMF).encode()) == EMF
    for line in (b"START", b"{", b'{"_aws": 1}', b'{"a": "\\"_aws\\""}', b"[]"):
        assert read_line(line) is None


def test_an_object_gives_a_datum_for_each_metric_and_set_of_dimensions() -> None:
    data = data_of(EMF)

    assert [(datum.name, len(datum.dimensions)) for datum in data] == [
        ("Answered", 1),
        ("LatencyMs", 1),
        ("Answered", 2),
        ("LatencyMs", 2),
    ]
    assert data[0].values == [(7.0, 1)]
    assert data[1].values == [(1.5, 3), (20.0, 1)]
    assert data[2].dimensions == {"Function": "face-match", "Digest": "sha256:a"}
    assert data[0].time_s == 120.5


@pytest.mark.parametrize("gone", ["Function", "LatencyMs"])
def test_what_can_not_be_read_is_said(gone: str) -> None:
    broken = EMF | {gone: {"Values": [1]}} if gone == "LatencyMs" else {k: v for k, v in EMF.items() if k != gone}

    with pytest.raises(ValueError, match="embedded metric format"):
        data_of(broken)


def gateway(pid: int, requests: int, *, errors: int = 0, blocked: int = 0) -> dict[str, Any]:
    distribution = {
        "requests": requests,
        "status_200": requests - errors - blocked,
        "status_503": errors,
        "status_403": blocked,
        "waf_blocked": blocked,
        "waf_blocked_by_rule": {"Default_Action": blocked},
        "gate_calls": requests - blocked,
        "bytes_in": 100 * requests,
        "bytes_out": 10 * requests,
        "blocked_bytes_out": blocked,
        "web_acl": "edgewise-local-face-match",
        "enabled": True,
    }
    outcomes = {"ok": requests - errors - blocked, "error": errors, "throttled": 1}
    functions = {NAME: {"outcomes": outcomes}}
    return {"gateway": {"pid": pid}, "distributions": {"face-match": distribution}, "functions": functions}


def sums(data: list[Datum]) -> dict[tuple[str, str, str], float]:
    """Return each metric's sum, by namespace, name and the dimension that tells it apart."""
    found = {}
    for datum in data:
        dimensions = dict(datum.dimensions)
        own = dimensions.get("Rule") or dimensions.get("FunctionName") or dimensions.get("DistributionId", "")
        found[datum.namespace, datum.name, own] = sum(value * count for value, count in datum.values)
    return found


def test_counters_become_awss_metrics(handmade: HandmadeStack, tmp_path: Path) -> None:
    # GIVEN counters after one minute, and after another
    meters = Meters(stack=parse_state(handmade.state(), project=tmp_path))
    meters.gateway(gateway(1, 10), 0.0)
    data = meters.gateway(gateway(1, 30, errors=2, blocked=8), 60.0)

    # THEN what was added is told under AWS's names and dimensions
    assert sums(data) == {
        ("AWS/CloudFront", "Requests", "EDFDVBD6EXAMPLE"): 20,
        ("AWS/CloudFront", "BytesUploaded", "EDFDVBD6EXAMPLE"): 2000,
        ("AWS/CloudFront", "BytesDownloaded", "EDFDVBD6EXAMPLE"): 208,
        ("AWS/CloudFront", "4xxErrorRate", "EDFDVBD6EXAMPLE"): 800,
        ("AWS/CloudFront", "5xxErrorRate", "EDFDVBD6EXAMPLE"): 200,
        ("AWS/CloudFront", "FunctionInvocations", NAME): 12,
        ("AWS/WAFV2", "BlockedRequests", "ALL"): 8,
        ("AWS/WAFV2", "BlockedRequests", "Default_Action"): 8,
        ("AWS/Lambda", "Invocations", f"us-east-1.{NAME}"): 12,
        ("AWS/Lambda", "Errors", f"us-east-1.{NAME}"): 2,
    }
    blocked = next(datum for datum in data if datum.namespace == "AWS/WAFV2")
    assert blocked.dimensions == {"WebACL": "edgewise-local-face-match", "Rule": "Default_Action"}
    requests = next(datum for datum in data if datum.name == "Requests")
    assert requests.dimensions == {"DistributionId": "EDFDVBD6EXAMPLE", "Region": "Global"}
    assert {datum.time_s for datum in data} == {60.0}


def test_a_gateway_that_began_anew_counts_on(handmade: HandmadeStack, tmp_path: Path) -> None:
    stack = parse_state(handmade.state(), project=tmp_path)
    meters = Meters(stack=stack)
    meters.gateway(gateway(1, 10), 0.0)

    # WHEN home starts anew with what it kept, and then the gateway does
    kept = Meters(stack=stack, totals=json.loads(json.dumps(meters.totals)))
    same = sums(kept.gateway(gateway(1, 11), 60.0))
    new = sums(kept.gateway(gateway(2, 12), 120.0))
    kept.forget_all_but({"2"})

    assert same["AWS/CloudFront", "Requests", "EDFDVBD6EXAMPLE"] == 1
    assert new["AWS/CloudFront", "Requests", "EDFDVBD6EXAMPLE"] == 12
    assert {key.split("/")[0] for key in kept.totals} == {"2"}


def test_what_did_not_happen_is_not_told(handmade: HandmadeStack, tmp_path: Path) -> None:
    meters = Meters(stack=parse_state(handmade.state(), project=tmp_path))
    meters.gateway(gateway(1, 10), 0.0)

    assert meters.gateway(gateway(1, 10), 60.0) == []
    assert throttles("ledger", 0.0, 60.0) == []
    assert throttles("ledger", 2.0, 60.0)[0].values == [(2.0, 1)]
    assert queue_length("q", 0, 60.0).values == [(0.0, 1)]
    assert iterator_age("settle", 12.5, 60.0).dimensions == {"FunctionName": "settle"}


class Moto:
    """Stands for the client: takes requests unless it is down."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.down: Exception | None = None

    async def call(self, service: str, target: str, request: Any, *, once: str = "") -> dict[str, Any]:
        if self.down is not None:
            raise self.down
        self.taken.append((once, request))
        return {}


def publisher(folder: Path, moto: Moto) -> Publisher:
    return Publisher(client=cast("CloudClient", moto), memory=Memory(folder), journal=folder / "requests")


BLOCKED = Metric(namespace="N", name="m", dimensions={}, statistic="Sum", period_s=60)
ONE = [Datum(namespace="N", name="m", dimensions={}, time_s=1.0, values=[(2.0, 1)])]


async def run_until(publishing: Publisher, true: Any) -> None:
    task = asyncio.create_task(publishing.run())
    try:
        async with asyncio.timeout(60):
            while not true():
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_alarms_see_a_metric_at_once_though_moto_is_down(tmp_path: Path) -> None:
    # GIVEN moto is down
    moto = Moto()
    moto.down = UnavailableError("down")
    publishing = publisher(tmp_path, moto)
    publishing.note(ONE)
    assert publishing.series.statistic(BLOCKED, 0.0, 60.0) == 2.0

    # WHEN home dies before moto is back THEN the next one brings it, under the same name, once
    moto.down = None
    again = publisher(tmp_path, moto)
    await run_until(again, lambda: len(moto.taken) == 1)
    assert again.series.statistic(BLOCKED, 0.0, 60.0) == 2.0
    assert Memory(tmp_path).read("metrics") == {"waiting": []}


async def test_what_moto_took_already_is_not_counted_twice(tmp_path: Path) -> None:
    # GIVEN a metric that moto took, though home died before it heard of it
    moto = Moto()
    publishing = publisher(tmp_path, moto)
    publishing.note(ONE)
    (parcel,) = Memory(tmp_path).read("metrics")["waiting"]
    journal = RequestJournal(tmp_path / "requests")
    headers = {"X-AMZ-TARGET": "GraniteServiceVersion20100801.PutMetricData", "X-EDGEWISE-ONCE": parcel["once"]}
    body = json.dumps(parcel["request"]).encode()
    journal.append(Request(service="monitoring", method="POST", uri="/", headers=headers, body=body))
    journal.close()

    again = publisher(tmp_path, moto)

    assert again.series.statistic(BLOCKED, 0.0, 60.0) == 2.0
    assert again._waiting == []


async def test_a_late_metric_is_seen_late(tmp_path: Path) -> None:
    moto = Moto()
    publishing = publisher(tmp_path, moto)
    publishing.note(ONE, delay_s=0.3)

    assert publishing.series.statistic(BLOCKED, 0.0, 60.0) is None
    await run_until(publishing, lambda: moto.taken)
    assert publishing.series.statistic(BLOCKED, 0.0, 60.0) == 2.0


async def test_what_is_refused_holds_up_nothing(tmp_path: Path) -> None:
    moto = Moto()
    moto.down = RefusedError("no such thing")
    publishing = publisher(tmp_path, moto)
    publishing.note(ONE)

    await run_until(publishing, lambda: not publishing._waiting)


SCHEDULE = Schedule(
    name="guard",
    arn="arn",
    every_minutes=2,
    target_arn="function",
    input='{"a": 1}',
    enabled=True,
    retries=0,
    max_age_s=60,
)


class Function:
    """Stands for a pool: fails as often as told."""

    def __init__(self, *, async_retries: int, failures: int) -> None:
        self.function = SimpleNamespace(name="guard-function", async_retries=async_retries)
        self.failures = failures
        self.events: list[bytes] = []

    async def invoke(self, event: bytes) -> Result:
        self.events.append(event)
        return Result(outcome=Outcome.ERROR if len(self.events) <= self.failures else Outcome.OK)


def schedules(function: Function, schedule: Schedule = SCHEDULE) -> Schedules:
    pools = {"function": cast("Pool", function)}
    return Schedules(schedules=[schedule], pools=pools, tunables=Tunables(seconds_per_minute=0.05))


@pytest.mark.parametrize(("retries", "failures", "outcomes"), [(0, 1, ["error"]), (2, 2, ["error", "error", "ok"])])
async def test_a_function_runs_every_so_many_minutes_and_is_retried(
    retries: int, failures: int, outcomes: list[str]
) -> None:
    # GIVEN a schedule of every second minute WHEN three minutes pass
    function = Function(async_retries=retries, failures=failures)
    made = schedules(function)
    for _ in range(3):
        made.minute()
    async with asyncio.timeout(60):
        while made._tasks:
            await asyncio.sleep(0.01)

    # THEN it ran once, and again as often as Lambda retries
    assert [run["outcome"] for run in made.runs] == outcomes
    assert [run["attempt"] for run in made.runs] == list(range(1, len(outcomes) + 1))
    assert set(function.events) == {b'{"a": 1}'}


async def test_a_schedule_can_be_run_now_by_either_name() -> None:
    made = schedules(Function(async_retries=0, failures=0))

    assert (await made.run_now("guard")).outcome is Outcome.OK
    assert (await made.run_now("guard-function")).outcome is Outcome.OK
    with pytest.raises(KeyError, match="no schedule 'other'"):
        await made.run_now("other")


def test_settings_are_checked_before_any_is_changed() -> None:
    tunables = Tunables()
    for wrong in ({"no_such": 1}, {"seconds_per_minute": 0}, {"stream_paused": 1}, {"metrics_delay_s": -1.0}):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            tunables.set({"ledger_throttles": 5, **wrong})
    assert tunables == Tunables()

    tunables.set({"seconds_per_minute": 1, "stream_paused": True})

    assert tunables == Tunables(seconds_per_minute=1.0, stream_paused=True)


def test_memory_is_the_owners_alone(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "home")
    memory.write("a", {"b": time.gmtime(0).tm_year})

    assert memory.read("a") == {"b": 1970}
    assert memory.read("none") == {}
    assert (tmp_path / "home" / "a.json").stat().st_mode & 0o077 == 0
