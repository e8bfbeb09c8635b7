"""Many processes at once on one ledger: a program of its own, so that it can fork while it is small.

Run as ``python -m tests.properties.storm '<settings as JSON>'``; prints what came of it as JSON. The ledger is the
local edge's own emulator in a process; each edge process is forked, counts what passes in shared memory, and is killed,
frozen and answered badly at random.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import random
import signal
import struct
import sys
import threading
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from inference import dynamodb
from inference.dynamodb import ConditionFailedError, DynamoDb, DynamoDbError
from inference.holder import LeaseHolder, Permit
from inference.ledger import DynamoLedger
from inference.machine import LeaseMachine
from inference.terms import Grant, Granted, LedgerUnavailable, Question, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

TABLE, FUNCTION = "edgewise-test-ledger", "face-match"
NOON_S = 1_795_608_000.0
DIGEST = "sha256:" + "0" * 64
CREDENTIAL = "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, Signature=none"
_SLOT = struct.Struct("<qqq")  # calls made, passed, waited


@dataclass(frozen=True, kw_only=True)
class Storm:
    """What blows."""

    seed: int
    processes: int = 64
    calls: int = 200_000
    quota: int = 50_000
    kills: int = 0
    freezes: int = 0
    lost: float = 0.0
    twice: float = 0.0
    lock: bool = True
    naive: bool = False
    patience_s: float = 1.0
    limit_s: float = 120.0


class NaiveLedger(DynamoLedger):
    """Reads, subtracts, writes: what must not pass."""

    def grant(self, question: Question, *, timeout_s: float = 2.0) -> Grant:
        ends_s = time.monotonic() + timeout_s
        try:
            limits, _ = self._read(ends_s)
            item = self._client.call("GetItem", self._counter_item, ends_s=ends_s).get("Item")
            rest = int(item["day_remaining"]["N"]) if item else limits.daily_quota
            wanted = min(max(question.wanted or 0, limits.lease_least), rest)
            if not wanted:
                return Refusal(cause="day")
            key: Any = self._counter_item["Key"]
            changed = {**key, "day_remaining": {"N": str(rest - wanted)}}
            put = {"TableName": TABLE, "Item": changed}
            self._client.call("PutItem", put, ends_s=ends_s)
        except (ConditionFailedError, DynamoDbError) as error:
            return LedgerUnavailable(str(error))
        return Granted(requests=wanted, milliseconds=wanted * 40, limits=limits, rest=rest - wanted)


def ledger_process(storm: Storm, port: int) -> None:
    """Serve the local edge's DynamoDB, answering badly at random."""
    import logging
    from pathlib import Path

    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server
    from werkzeug.test import Client

    from edgewise.local.cloud.faults import Faults
    from edgewise.local.cloud.inbox import Inbox
    from edgewise.local.cloud.journal import Journal
    from edgewise.local.cloud.requests import RequestJournal
    from edgewise.local.cloud.server import Emulator
    from edgewise.local.cloud.streams import Streams

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = DomainDispatcherApplication(create_backend_app)
    emulator = Emulator(
        app=app,
        journal=Journal(Path(os.devnull)),
        requests=RequestJournal(Path(os.devnull)),
        inbox=Inbox(path=Path(os.devnull), subscriptions=()),
        streams=Streams(account="", region="us-east-1", tables=()),
        admin_token="",
        faults=Faults(ledger_latency_ms=0.0),
    )
    if not storm.lock:
        emulator.lock = contextlib.nullcontext()  # type: ignore[assignment]  # the lock taken away
        # Two threads of one interpreter meet in moto's few lines more often: local-edge.md measured with it.
        sys.setswitchinterval(5e-5)
    client = Client(emulator)
    key = {"AttributeName": "pk"}
    definition = {
        "TableName": TABLE,
        "KeySchema": [key | {"KeyType": "HASH"}],
        "AttributeDefinitions": [key | {"AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    numbers = {
        "daily_quota": storm.quota,
        "ms_per_request": 40,
        "cold_grants_daily": 100_000,
        "renewals_daily": 100_000,
        "lease_least": 4,
        "lease_requests": 50,
        "lease_seconds": 600,
    }
    limits = {"pk": {"S": f"limits#{FUNCTION}"}, "model_digest": {"S": DIGEST}}
    limits |= {name: {"N": str(value)} for name, value in numbers.items()}
    source = {"pk": {"S": f"source#{FUNCTION}"}, "model_url": {"S": ""}, "fetch_token": {"S": ""}}
    written = [("PutItem", {"TableName": TABLE, "Item": item}) for item in (limits, source)]
    for operation, request in [("CreateTable", definition), *written]:
        headers = {"X-Amz-Target": f"DynamoDB_20120810.{operation}", "Authorization": CREDENTIAL}
        answer = client.post("/", data=json.dumps(request), headers=headers)
        assert answer.status_code == 200, answer.get_data()
    draw, guard = random.Random(storm.seed), threading.Lock()

    def unreliable(environ: Any, start_response: Any) -> Iterable[bytes]:
        with guard:
            chance = draw.random()
        if chance >= storm.lost + storm.twice:
            return emulator(environ, start_response)
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        again = {"X-Amz-Target": environ["HTTP_X_AMZ_TARGET"], "Authorization": environ["HTTP_AUTHORIZATION"]}
        answer = client.post("/", data=body, headers=again)
        if chance < storm.lost:  # done, and nobody hears of it
            start_response("500 Internal Server Error", [("Content-Length", "2")])
            return [b"{}"]
        answer = client.post("/", data=body, headers=again)  # the network sent it twice
        start_response(answer.status, [("Content-Length", str(len(answer.data)))])
        return [answer.data]

    server = make_server("127.0.0.1", port, unreliable, threaded=True)
    server.serve_forever()


def edge_process(storm: Storm, number: int, slots: mmap.mmap, calls: int, life: int) -> None:
    """Make lease-controlled calls until all are made."""
    # The emulator makes some 250 writes a second where DynamoDB makes thousands: 64 at once wait longer than there.
    dynamodb.SOCKET_TIMEOUT_S = storm.patience_s  # type: ignore[misc]  # a constant of the function's, not of the test's
    began_s = time.monotonic()
    client = DynamoDb(region="us-east-1")
    kind = NaiveLedger if storm.naive else DynamoLedger
    ledger = kind(table=TABLE, function=FUNCTION, edge="cloudfront", client=client)
    machine = LeaseMachine(process=f"{storm.seed}.{number}.{life}", draw=0.5)
    # A day of its own: a test that runs over midnight must not meet two.
    holder = LeaseHolder(ledger=ledger, machine=machine, wall=lambda: NOON_S + time.monotonic() - began_s)
    place = number * _SLOT.size
    made, passed, waited = _SLOT.unpack_from(slots, place)
    while made < calls:
        verdict = holder.take(f"d{made % 7}", timeout_s=2 * storm.patience_s)
        made += 1
        if isinstance(verdict, Permit):
            passed, waited = passed + 1, waited + verdict.waited
            _SLOT.pack_into(slots, place, made, passed, waited)  # before anything else: a kill must not hide it
            holder.done(verdict, "ok", elapsed_ms=1.0)
        elif verdict.cause == "ledger":
            time.sleep(0.05)
            made -= 1
        else:
            _SLOT.pack_into(slots, place, made, passed, waited)


def run(storm: Storm) -> dict[str, Any]:
    """Let it blow, and count."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    slots = mmap.mmap(-1, _SLOT.size * storm.processes)
    children = {_fork(lambda: ledger_process(storm, port)): -1}
    server = next(iter(children))
    os.environ |= {
        "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }
    _wait_for(port)
    draw, began_s, lives, left = random.Random(storm.seed), time.monotonic(), 0, storm.kills
    calls = storm.calls // storm.processes
    edges: dict[int, int] = {}
    for number in range(storm.processes):
        edges[_start(storm, number, slots, calls, lives)] = number
    disturbances = storm.kills + storm.freezes
    frozen: list[tuple[float, int]] = []
    next_s = began_s + 0.2
    while edges and time.monotonic() - began_s < storm.limit_s:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if pid in edges:
            del edges[pid]
            continue
        now_s = time.monotonic()
        for until_s, who in list(frozen):
            if now_s > until_s:
                frozen.remove((until_s, who))
                if who in edges:
                    os.kill(who, signal.SIGCONT)
        if disturbances and edges and now_s > next_s:
            next_s = now_s + draw.uniform(0.01, 0.12)
            disturbances -= 1
            victim = draw.choice(sorted(edges))
            if left and draw.random() < left / (disturbances + 1):
                left -= 1
                os.kill(victim, signal.SIGKILL)
                os.waitpid(victim, 0)
                number, lives = edges.pop(victim), lives + 1
                edges[_start(storm, number, slots, calls, lives)] = number
            elif all(who != victim for _, who in frozen):
                os.kill(victim, signal.SIGSTOP)
                frozen.append((now_s + draw.uniform(0.05, 1.5), victim))
        time.sleep(0.01)
    took_s = time.monotonic() - began_s
    for pid in edges:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    counter = _counter()
    os.kill(server, signal.SIGKILL)
    os.waitpid(server, 0)
    totals = [sum(column) for column in zip(*_SLOT.iter_unpack(slots), strict=True)]
    return {
        "seed": storm.seed,
        "calls": totals[0],
        "passed": totals[1],
        "waited": totals[2],
        "killed": lives,
        "unfinished": len(edges),
        "took_s": round(took_s, 1),
        "counter": counter,
    }


def _start(storm: Storm, number: int, slots: mmap.mmap, calls: int, life: int) -> int:
    return _fork(lambda: edge_process(storm, number, slots, calls, life))


def _fork(work: Any) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except Exception:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(0)


def _wait_for(port: int) -> None:
    import socket

    for _ in range(600):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the ledger does not start")


def _counter() -> dict[str, str]:
    key = {"pk": {"S": f"counter#{FUNCTION}#cloudfront"}}
    answer = DynamoDb(region="us-east-1").call("GetItem", {"TableName": TABLE, "Key": key}, ends_s=time.monotonic() + 9)
    return {name: str(next(iter(value.values()))) for name, value in answer["Item"].items()}


if __name__ == "__main__":
    print(json.dumps(run(Storm(**json.loads(sys.argv[1])))))
