"""The home Region of a running local edge: streams settled, alerts received, whoever dies in between."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from edgewise.local import supervisor
from edgewise.local.adminclient import AdminClient
from edgewise.local.cloud.seed import API, CLOUDWATCH, SQS, credential
from edgewise.local.stack.model import LocalEdgeError
from edgewise.local.supervisor import LocalEdgeStatus
from tests.edge import probe, settle_probe
from tests.edge.handmade import TABLE, HandmadeStack, zip_of
from tests.edge.handmade_home import DEAD_LETTERS, GUARD, LAKE, QUEUE_URL, SETTLE, TOPIC_ARN, HandmadeHome
from tests.edge.running import RunningEdge, eventually, gate_code, lambda_runtime

WITHIN_S = 60
BLOCKS = {
    "name": "probe-settled",
    "namespace": "Probe",
    "metricName": "Settled",
    "statistic": "Sum",
    "comparisonOperator": "GreaterThanThreshold",
    "threshold": 0,
    "treatMissingData": "notBreaching",
}


@dataclass(kw_only=True)
class HomeEdge:
    """A running local edge whose counters are written by the test itself."""

    state: dict[str, Any]
    run_dir: Path

    @property
    def admin(self) -> AdminClient:
        return AdminClient(self.run_dir)

    @property
    def status(self) -> LocalEdgeStatus:
        found = supervisor.status(self.run_dir)
        assert found is not None
        return found

    def start(self, **settings: Any) -> LocalEdgeStatus:
        status = supervisor.start(self.state, self.run_dir, say=print, **{"seconds_per_minute": 1.0, **settings})
        self.admin.set_faults(ledger_latency_ms=0)
        return status

    def call(self, service: str, target: str, request: object) -> Any:
        headers = {"X-Amz-Target": target, "Authorization": credential(service)}
        headers["Content-Type"] = "application/x-amz-json-1.0"
        answer = httpx.post(self.status.cloud_url, content=json.dumps(request), headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def write(self, *numbers: int, key: str = "counter#face-match#cloudfront") -> None:
        """Write the counter once for each number."""
        for number in numbers:
            item = {"pk": {"S": key}, "n": {"N": str(number)}}
            self.call("dynamodb", f"{API}.PutItem", {"TableName": TABLE, "Item": item})

    def lake(self, method: str, key: str = "", content: bytes = b"") -> bytes:
        headers = {"Authorization": credential("s3")}
        url = f"{self.status.cloud_url}/{LAKE}/{key}"
        answer = httpx.request(method, url, content=content, headers=headers, timeout=30)
        return answer.content if answer.status_code == 200 else b""

    def plan(self, **by_number: str) -> None:
        self.lake("PUT", "plan.json", json.dumps({key.strip("_"): do for key, do in by_number.items()}).encode())

    def keys(self, prefix: str) -> list[str]:
        listing = self.lake("GET", f"?list-type=2&prefix={prefix}").decode()
        return [part.split("</Key>")[0] for part in listing.split("<Key>")[1:]]

    def settled(self) -> list[int]:
        """Return the numbers that were settled, in the stream's order."""
        records = [json.loads(self.lake("GET", key)) for key in sorted(self.keys("settled/"))]
        return [int(record["dynamodb"]["NewImage"]["n"]["N"]) for record in records]

    def dead_letters(self) -> list[dict[str, Any]]:
        url = QUEUE_URL
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 0}
        messages = self.call("sqs", f"{SQS}.ReceiveMessage", asked).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    def stream(self) -> dict[str, Any]:
        (stream,) = self.admin.home_state()["streams"]
        found: dict[str, Any] = stream
        return found

    def kill(self, name: str) -> None:
        """Kill a process, and wait until another one does its work."""
        before = self.status
        os.kill(before.pids[name], signal.SIGKILL)
        eventually(
            lambda: self.status.healthy and self.status.restarts[name] > before.restarts[name], within_s=WITHIN_S
        )
        if name == "cloud":
            self.admin.set_faults(ledger_latency_ms=0)

    def wait_until_settled(self, numbers: list[int]) -> None:
        eventually(lambda: self.settled() == numbers, within_s=WITHIN_S)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("home")
    edge = zip_of(folder / "edge.zip", {"probe.py": Path(probe.__file__).read_text()})
    return edge, zip_of(folder / "settle.zip", {"handler.py": Path(settle_probe.__file__).read_text()})


@pytest.fixture
def home(archives: tuple[Path, Path], tmp_path: Path) -> Iterator[HomeEdge]:
    """Give a running local edge with a home Region, of the test's own."""
    edge, settle = archives
    runtime = lambda_runtime()
    stack = HandmadeStack(archive=edge, gate_code=gate_code(), handler="probe.handler", runtime=runtime)
    parts = HandmadeHome(settle=settle, guard=settle, runtime=runtime, alarms=[BLOCKS])
    made = HomeEdge(state=parts.added_to(stack.state()), run_dir=tmp_path / "run")
    made.start()
    yield made
    supervisor.stop(made.run_dir)


def test_records_are_settled_in_order_and_a_bad_one_is_given_up(home: HomeEdge) -> None:
    # GIVEN a function that reports one of its records as failed, each time
    home.plan(_3="report")

    # WHEN counters are written, and an item that the filter leaves out
    home.write(1, 2)
    home.write(99, key="limits#face-match")
    home.write(3)
    home.wait_until_settled([1, 2])
    eventually(lambda: bool(home.dead_letters()), within_s=WITHIN_S)
    home.write(4)

    # THEN all but the bad one are settled, which is named in AWS's own document after two retries
    home.wait_until_settled([1, 2, 4])
    (letter,) = home.dead_letters()
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["requestContext"]["approximateInvokeCount"] == 3
    assert letter["requestContext"]["functionArn"].endswith(SETTLE)
    batch = letter["DDBStreamBatchInfo"]
    assert batch["batchSize"] == 1
    bad = [key for key in home.keys("calls/") if batch["startSequenceNumber"] in key]
    assert len(bad) >= 2
    # ... and the record looks like AWS's
    record = json.loads(home.lake("GET", home.keys("settled/")[0]))
    assert record["eventSourceARN"].startswith("arn:aws:dynamodb:")
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "counter#face-match#cloudfront"}}
    assert home.admin.home_state()["dead_letters"] == {DEAD_LETTERS: 1}


def test_a_crash_in_mid_batch_hands_the_batch_over_again(home: HomeEdge) -> None:
    # GIVEN records that wait, in the midst of which the function will die once
    home.admin.set_home_faults(stream_paused=True)
    home.plan(_2="crash_once")
    home.write(1, 2, 3)

    # WHEN they are handed over
    home.admin.set_home_faults(stream_paused=False)

    # THEN all are settled, the first of them in both calls
    home.wait_until_settled([1, 2, 3])
    assert len(home.keys("crashed/")) == 1
    assert len(home.keys("calls/")) == 2
    assert home.admin.home_state()["functions"][SETTLE]["outcomes"]["crash"] == 1
    assert home.dead_letters() == []


def test_nothing_is_lost_or_settled_twice_when_processes_die(home: HomeEdge) -> None:
    # GIVEN settled records
    home.write(1, 2)
    home.wait_until_settled([1, 2])

    # WHEN moto dies, and is filled again from its journal
    calls = len(home.keys("calls/"))
    home.kill("cloud")
    home.write(3)

    # THEN what was written is settled, the lake has kept what it had, and old writes are not new records
    home.wait_until_settled([1, 2, 3])
    assert len(home.keys("calls/")) == calls + 1

    # WHEN the poller's process dies while a record waits
    home.admin.set_home_faults(stream_paused=True)
    home.write(4)
    home.kill("home")

    # THEN the next one goes on where it stopped
    home.wait_until_settled([1, 2, 3, 4])
    assert len(home.keys("calls/")) == calls + 2

    # WHEN everything is stopped and started again, with its data THEN nothing comes again
    supervisor.stop(home.run_dir, keep_data=True)
    home.start()
    home.write(5)
    home.wait_until_settled([1, 2, 3, 4, 5])
    assert len(home.keys("calls/")) == calls + 3

    # WHEN it is asked for THEN all are handed over again
    home.admin.replay()
    eventually(lambda: len(home.keys("calls/")) > calls + 3, within_s=WITHIN_S)
    eventually(lambda: home.stream()["waiting"] == 0, within_s=WITHIN_S)
    assert home.settled() == [1, 2, 3, 4, 5]


def test_an_alarm_is_told_once_to_the_subscriber_whoever_dies(home: HomeEdge) -> None:
    # GIVEN a metric that a function prints WHEN it is over its threshold
    home.write(1)
    eventually(lambda: bool(home.admin.inbox()), within_s=WITHIN_S)

    # THEN the alarm's message is in the inbox
    (message,) = home.admin.inbox()
    told = json.loads(message["text"])
    assert message["topic_arn"] == TOPIC_ARN
    assert message["subject"] == 'ALARM: "probe-settled" in US East (N. Virginia)'
    assert told["NewStateValue"] == "ALARM"
    assert told["Trigger"]["MetricName"] == "Settled"

    # ... moto knows the metric, also after its death, and the message does not come again
    home.kill("cloud")
    home.kill("home")
    eventually(lambda: home.admin.home_state()["alarms"][0]["state"] == "OK", within_s=WITHIN_S)
    now = time.time()
    asked = {
        "Namespace": "Probe",
        "MetricName": "Settled",
        "StartTime": now - 3600,
        "EndTime": now + 3600,
        "Period": 7200,
        "Statistics": ["Sum"],
    }
    points = home.call("monitoring", f"{CLOUDWATCH}.GetMetricStatistics", asked)["Datapoints"]
    assert sum(point["Sum"] for point in points) == 1
    assert home.admin.inbox() == [message]


def test_a_schedule_runs_by_the_minute_and_on_the_shifted_clock(home: HomeEdge) -> None:
    # GIVEN minutes that a second's length is given to as they run: every five of them the guard runs
    home.admin.set_home_faults(seconds_per_minute=600)
    time.sleep(0.5)
    home.admin.set_home_faults(seconds_per_minute=1)
    eventually(lambda: bool(home.admin.home_state()["runs"]), within_s=WITHIN_S)
    run = home.admin.home_state()["runs"][0]
    assert (run["schedule"], run["outcome"], run["attempt"]) == (GUARD, "ok", 1)

    # WHEN the clock is set on by ten days THEN the function is there too
    home.admin.set_clock(864_000)
    told = json.loads(home.admin.run_schedule(GUARD)["body"])
    assert abs(told["time"] - time.time() - 864_000) < 3600
    home.admin.set_clock(0)
    assert abs(json.loads(home.admin.run_schedule(GUARD)["body"])["time"] - time.time()) < 3600


def test_what_can_not_be_done_is_said(home: HomeEdge) -> None:
    for call, words in (
        (lambda: home.admin.run_schedule("other"), "no schedule 'other'"),
        (lambda: home.admin.set_home_faults(no_such=1), "no_such"),
        (lambda: home.admin.set_home_faults(seconds_per_minute=0), "at least"),
        (lambda: home.admin.replay(-1), "0 or more"),
    ):
        with pytest.raises(LocalEdgeError, match=f"400.*{words}"):
            call()


def test_a_stack_without_a_home_region_has_no_process_for_it(edge: RunningEdge) -> None:
    assert (edge.status.home_url, edge.status.dashboard_url) == ("", "")
    assert "home" not in edge.status.pids
    with pytest.raises(LocalEdgeError, match="nothing for its home Region"):
        edge.admin.home_state()


def test_stop_leaves_nothing(home: HomeEdge) -> None:
    # GIVEN a home Region at work
    home.write(1)
    home.wait_until_settled([1])
    state = home.admin.home_state()
    pids = [*home.status.pids.values(), *(pid for pool in state["functions"].values() for pid in pool["pids"])]
    page = httpx.get(home.status.dashboard_url)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert httpx.get(f"{home.status.home_url}/home/state").status_code == 403

    # WHEN it is stopped THEN no process or file of it is left
    supervisor.stop(home.run_dir)
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []
    assert sorted(path.name for path in home.run_dir.iterdir()) == ["lock", "logs"]
