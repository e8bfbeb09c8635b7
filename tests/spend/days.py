"""A deployed stack whose days are short: small quotas, a clock that is set, a load, and everything that it left."""

from __future__ import annotations

import calendar
import gzip
import itertools
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3  # type: ignore[import-untyped]  # it ships no types
import httpx
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from edgewise.cli.audit import Clients, look
from edgewise.cost.audit import Comparison, fetch
from edgewise.local import supervisor
from edgewise.local.cloud.seed import credential
from edgewise.local.files import RunFiles
from edgewise.local.home.stream import Place, Stream
from edgewise.local.supervisor import LocalEdgeStatus
from inference.contract import inference_path
from inference.lake import PREFIX
from inference.settle.alerts import PREFIX as ALERTS
from inference.settle.alerts import SENT
from tests.live.system import FUNCTION, System, eventually
from tests.spend.heard import Answer, plain, slug

WITHIN_S = 120
TABLE = "edgewise-local-ledger"
SETTLE = "edgewise-local-settle"
COUNTER = f"counter#{FUNCTION}#cloudfront"
STORE_TYPE = "aws:cloudfront/keyValueStore:KeyValueStore"
OK = "ok"
# No test of a day sends more; a load that finds no end is a failure.
MOST = 4_000


@dataclass(kw_only=True)
class Days:
    """The stack, on a clock of its own: noon of some day in the middle of a month, so that no midnight comes by itself.

    Attributes
    ----------
    answers : list of Answer
        All that devices heard.
    """

    system: System
    offset_s: float = 0.0
    answers: list[Answer] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def begin(self) -> None:
        """Set the clock to noon of the tenth of next month."""
        today = time.gmtime()
        year, month = today.tm_year + today.tm_mon // 12, today.tm_mon % 12 + 1
        self.set_now(calendar.timegm((year, month, 10, 12, 0, 0)))
        self.system.admin.set_faults(ledger_latency_ms=0)

    @property
    def status(self) -> LocalEdgeStatus:
        found = supervisor.status(self.system.run_dir)
        assert found is not None
        return found

    @property
    def now_s(self) -> float:
        return time.time() + self.offset_s

    @property
    def day(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(self.now_s))

    @property
    def midnight_s(self) -> int:
        """The end of this day."""
        return int(self.now_s) // 86_400 * 86_400 + 86_400

    def set_now(self, unix_s: float) -> None:
        self.offset_s = unix_s - time.time()
        self.system.admin.set_clock(self.offset_s)

    def next_day(self) -> str:
        """Let it be a second after midnight; return the new day."""
        self.set_now(self.midnight_s + 1)
        return self.day

    def ask(self) -> Answer:
        """Send a good request as a device that was never seen before."""
        device, asked, day = f"cam-{next(self._numbers)}", time.monotonic(), self.day
        token = self.system.token(device=device, expires_in_s=60 + int(self.offset_s))
        body, path = bytes(self.system.request_bytes), inference_path(FUNCTION, device)
        try:
            reply = self.system.ask(body, path=path, headers={"Authorization": token})
        except (OSError, HTTPException) as error:
            answer = Answer(asked_mono_s=asked, day=day, outcome=type(error).__name__, status=0)
        else:
            outcome = OK if reply.status == 200 else slug(reply.body)
            answer = Answer(asked_mono_s=asked, day=day, outcome=outcome, status=reply.status)
        self.answers.append(answer)
        return answer

    @contextmanager
    def load(self, *, rps: float = 60.0) -> Iterator[None]:
        """Ask all the time, whatever the answers are."""
        stop = threading.Event()

        def send() -> None:
            with ThreadPoolExecutor(8) as threads:
                began = time.monotonic()
                for number in range(MOST):
                    if stop.wait(max(0.0, began + number / rps - time.monotonic())):
                        break
                    threads.submit(self.ask)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            yield
        finally:
            stop.set()
            sender.join()

    def outcomes(self, day: str) -> Counter[str]:
        return Counter(answer.outcome for answer in self.answers if answer.day == day)

    # What the ledger's writes say.

    def counters(self) -> list[dict[str, Any]]:
        """Return each state that the counter had, in order, as numbers and texts, and when it was written."""
        stream = Stream(RunFiles(self.system.run_dir).journal, TABLE)
        found = []
        for record in stream.behind(Place()):
            image = record.content["dynamodb"].get("NewImage", {})
            # moto tells of an item of its key alone, before the first lease; AWS does not.
            if image.get("pk", {}).get("S") == COUNTER and "granted" in image:
                found.append({name: plain(value) for name, value in image.items()} | {"written_s": record.written_s})
        return found

    def granted_by_day(self) -> dict[str, int]:
        """Return what each day's leases add up to: from the running sum, not from what is said to be left."""
        days: Counter[str] = Counter()
        before = 0
        for counter in self.counters():
            days[str(counter["day"])] += int(counter["granted"]) - before
            before = int(counter["granted"])
        return dict(days)

    def last_grant_s(self, day: str) -> float:
        """Return when the day's last lease was written, by this machine's clock."""
        granted, last_s = 0, 0.0
        for counter in self.counters():
            if int(counter["granted"]) > granted and counter["day"] == day:
                last_s = float(counter["written_s"])
            granted = int(counter["granted"])
        return last_s

    # What the gate, the home Region and the lake say.

    def closed_until_s(self) -> int:
        """Return what the gate reads."""
        return int(self._store("GET", "/keys/closed_until").json()["Value"])

    def write_closed_until(self, unix_s: int) -> int:
        """Write what the gate reads, as the next writer behind settle would; return the status."""
        etag = self._store("GET", "").headers["ETag"]
        return self._store("PUT", "/keys/closed_until", {"Value": str(unix_s)}, etag=etag).status_code

    def _store(self, method: str, path: str, body: object = None, *, etag: str = "") -> httpx.Response:
        headers = {"Authorization": credential("cloudfront-keyvaluestore")} | ({"If-Match": etag} if etag else {})
        return httpx.request(method, self._store_url + path, json=body, headers=headers, timeout=30)

    @cached_property
    def _store_url(self) -> str:
        stores = [each for each in self.system.project.resources() if each["type"] == STORE_TYPE]
        (arn,) = [str(each["outputs"]["arn"]) for each in stores]
        return f"{self.status.admin_url}/aws/cloudfront-keyvaluestore/key-value-stores/{quote(arn, safe='')}"

    def stream(self) -> dict[str, Any]:
        (stream,) = self.system.admin.home_state()["streams"]
        found: dict[str, Any] = stream
        return found

    def settle(self) -> dict[str, Any]:
        found: dict[str, Any] = self.system.admin.home_state()["functions"][SETTLE]
        return found

    def wait_until_settled(self) -> None:
        eventually(lambda: self.stream()["waiting"] == 0, what="settle to have read the stream", within_s=WITHIN_S)

    def wait_until_closed(self) -> None:
        eventually(lambda: self.closed_until_s() == self.midnight_s, what="the gate to close", within_s=WITHIN_S)

    def alerts(self, day: str | None = None) -> list[dict[str, Any]]:
        """Return the messages about quotas that the subscriber received, of one day or all."""
        told = [message for message in self.system.admin.inbox() if message["attributes"].get("kind") == "quota"]
        return [message for message in told if day is None or f"/{day}/" in message["attributes"]["id"]]

    def levels(self, day: str) -> list[str]:
        return [message["attributes"]["level"] for message in self.alerts(day)]

    @cached_property
    def lake_bucket(self) -> str:
        (bucket,) = [each["Name"] for each in self._s3.list_buckets()["Buckets"] if "-lake" in each["Name"]]
        return str(bucket)

    @cached_property
    def _clients(self) -> Clients:
        given = {
            "region_name": "us-east-1",
            "endpoint_url": self.status.cloud_url,
            "aws_access_key_id": "local",
            "aws_secret_access_key": "local",
        }
        return Clients(s3=boto3.client("s3", **given), dynamodb=boto3.client("dynamodb", **given))

    @property
    def _s3(self) -> Any:
        return self._clients.s3

    def lake_objects(self) -> dict[str, bytes]:
        """Return all objects of the lake's bucket, unpacked."""
        found = {}
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.lake_bucket):
            for key in (entry["Key"] for entry in page.get("Contents", ())):
                content = self._s3.get_object(Bucket=self.lake_bucket, Key=key)["Body"].read()
                found[key] = gzip.decompress(content) if key.endswith(".gz") else content
        return found

    def has_sent(self, day: str, level: int) -> bool:
        """Whether settle noted that it sent an alert about a day's quota: then no crash sends it again."""
        key = f"{ALERTS}/quota/{FUNCTION}/{day}/{level}.json"
        try:
            claim = self._s3.get_object(Bucket=self.lake_bucket, Key=key)["Body"].read()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "NoSuchKey", error
            return False
        return bool(json.loads(claim)["state"] == SENT)

    def rows(self) -> list[dict[str, Any]]:
        """Return the lake's rows as they lie in its files."""
        files = [text for key, text in self.lake_objects().items() if key.startswith(f"{PREFIX}/")]
        return [json.loads(line) for text in files for line in text.splitlines()]

    def download_lake(self, folder: Path) -> None:
        """Write the lake's files to a folder, as they are."""
        assert fetch(self._s3, self.lake_bucket, folder, prefix=PREFIX) > 0

    def declared(self, kind: str) -> list[dict[str, Any]]:
        """Return what the stack's state says of the resources of a type."""
        return [each["outputs"] for each in self.system.project.resources() if each["type"] == kind]

    def audit(self) -> Comparison:
        """Return the lake's sums beside the ledger's, as `edgewise audit` finds them."""
        (compared,) = look(self._clients, stack="local", functions=[FUNCTION]).comparisons
        return compared

    # What breaks.

    def kill_cloud(self) -> LocalEdgeStatus:
        """Kill moto; return how things stood before."""
        before = self.status
        os.kill(before.pids["cloud"], signal.SIGKILL)
        return before

    def wait_until_back(self, before: LocalEdgeStatus) -> None:
        """Wait for the next moto."""
        eventually(
            lambda: self.status.healthy and self.status.restarts["cloud"] > before.restarts["cloud"],
            what="another moto",
            within_s=WITHIN_S,
        )
        self.system.admin.set_faults(ledger_latency_ms=0)

    def kill_settle_at_work(self) -> None:
        """Kill settle's environment while it has a batch: one that waits for a batch is stopped."""
        (pid,) = self.settle()["pids"]
        eventually(lambda: _state(pid) != "T", what="settle to work", within_s=WITHIN_S)
        os.kill(pid, signal.SIGKILL)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
