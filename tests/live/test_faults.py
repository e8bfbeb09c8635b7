"""What breaks is told honestly, no answer is wrong meanwhile, and it mends without a hand."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # it ships no types

from tests.live.system import FUNCTION, Reply, System, eventually

COUNTER = {"pk": {"S": f"counter#{FUNCTION}#cloudfront"}}
TABLE = "edgewise-local-ledger"
# inference/shelf.py pauses 5 s after the first failed load of a model, inference/lease.py as long for the ledger.
PAUSE_S = 5


def client(system: System, service: str) -> Any:
    """Talk to the emulated service; the credentials are anybody's."""
    return boto3.client(
        service,
        endpoint_url=system.status()["cloud_url"],
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"max_attempts": 1}),
    )


def environments(system: System) -> list[int]:
    (function,) = system.admin.state()["functions"].values()
    return [int(pid) for pid in function["pids"]]


def make_cold(system: System) -> None:
    """Kill every environment and forget what the edge cached."""
    pids = environments(system)
    for pid in pids:
        kill(pid)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), what="the environments to be gone")
    system.admin.clear_caches()


def kill(pid: int) -> None:
    """Kill a process; one that has gone meanwhile needs none."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def check_problem(reply: Reply, status: int, slug: str) -> None:
    assert (reply.status, reply.slug) == (status, slug), reply.body[:300]
    assert b"Traceback" not in reply.body


def answers_again(system: System, *, within_s: float = 6 * PAUSE_S) -> None:
    """Wait for a good answer: a failed load pauses 5 s and then 10 s, and the edge keeps an error for 10 s."""
    eventually(lambda: system.good().status == 200, what="a good answer", within_s=within_s)


def test_a_model_store_that_is_down_at_a_cold_start(calm: System) -> None:
    make_cold(calm)
    calm.admin.set_faults(model_store_down=True)

    check_problem(calm.good(), 503, "model")

    calm.admin.set_faults(model_store_down=False)
    answers_again(calm)


def test_wrong_bytes_under_the_right_digest_are_never_used(calm: System) -> None:
    s3 = client(calm, "s3")
    bucket = str(calm.project.outputs()["model_bucket"])
    (model,) = s3.list_objects_v2(Bucket=bucket)["Contents"]
    right = s3.get_object(Bucket=bucket, Key=model["Key"])["Body"].read()
    wrong = bytes([right[0] ^ 1]) + right[1:]
    s3.put_object(Bucket=bucket, Key=model["Key"], Body=wrong)
    make_cold(calm)
    try:
        check_problem(calm.good(), 503, "model")
        check_problem(calm.good(), 503, "model")
    finally:
        s3.put_object(Bucket=bucket, Key=model["Key"], Body=right)
        calm.admin.clear_caches()

    answers_again(calm)


def test_a_process_killed_in_a_request(calm: System) -> None:
    assert calm.good().status == 200
    replies: list[Reply] = []
    ends = time.monotonic() + 3

    def ask_on() -> None:
        while time.monotonic() < ends:
            replies.append(calm.good())

    device = threading.Thread(target=ask_on)
    device.start()
    killed = 0
    while time.monotonic() < ends - 1:
        for pid in environments(calm):
            kill(pid)
            killed += 1
        time.sleep(0.1)
    device.join()

    assert killed > 3
    # CloudFront answers 502 or 503 for a function that died; a 200 holds the whole and right answer.
    assert {reply.status for reply in replies} <= {200, 502, 503}
    assert {reply.json["outputs"]["match"] for reply in replies if reply.status == 200} <= {False}
    assert all(b"Traceback" not in reply.body for reply in replies)
    answers_again(calm)


@pytest.mark.parametrize("process", ["gateway", "cloud"])
def test_a_killed_part_of_the_local_edge_comes_back_with_the_same_address(process: str, calm: System) -> None:
    before = calm.status()

    os.kill(int(before["pids"][process]), signal.SIGKILL)

    eventually(lambda: _answers(calm), what=f"the {process} to come back", within_s=30)
    after = calm.status()
    assert after["pids"][process] != before["pids"][process]
    assert after["endpoints"] == before["endpoints"]


def _answers(system: System) -> bool:
    try:
        return system.good().status == 200 and bool(system.status()["healthy"])
    except (OSError, AssertionError):
        return False


def test_a_killed_ledger_gives_no_quota_back(calm: System) -> None:
    assert calm.good().status == 200
    remaining = _remaining(calm)

    os.kill(int(calm.status()["pids"]["cloud"]), signal.SIGKILL)
    eventually(lambda: _answers(calm), what="the ledger to come back", within_s=30)

    assert _remaining(calm) <= remaining


def _remaining(system: System) -> int:
    item = client(system, "dynamodb").get_item(TableName=TABLE, Key=COUNTER, ConsistentRead=True)["Item"]
    return int(item["day_remaining"]["N"])


def test_a_ledger_that_is_away_is_503_once_the_lease_is_worked_off(calm: System) -> None:
    make_cold(calm)
    calm.admin.set_faults(ledger_down=True)

    reply = calm.good()

    check_problem(reply, 503, "ledger")
    assert int(reply.headers["retry-after"]) <= PAUSE_S
    calm.admin.set_faults(ledger_down=False)
    answers_again(calm)


def test_a_ledger_that_is_away_does_not_stop_a_lease(calm: System) -> None:
    # GIVEN an environment whose leases have grown: a quarter of one, or the next, is always in hand
    assert [calm.good().status for _ in range(80)] == [200] * 80

    # WHEN the ledger goes away, THEN what was granted is still answered
    calm.admin.set_faults(ledger_down=True)
    assert [calm.good().status for _ in range(5)] == [200] * 5


def test_a_spent_quota_is_429_until_midnight(calm: System) -> None:
    dynamodb = client(calm, "dynamodb")
    assert calm.good().status == 200
    left = _remaining(calm)
    _set_remaining(dynamodb, 0)
    make_cold(calm)
    try:
        reply = calm.good()
        check_problem(reply, 429, "quota")
        assert 0 < int(reply.headers["retry-after"]) <= 86_400
    finally:
        _set_remaining(dynamodb, left)
        make_cold(calm)

    # Settle has seen the day's end in the ledger's stream and closes the gate; who gives quota back opens it again.
    eventually(lambda: calm.good().status == 503, what="the gate to be closed", within_s=60)
    calm.edgewise("start", FUNCTION, "--why", "the quota was given back")
    answers_again(calm)


def _set_remaining(dynamodb: Any, left: int) -> None:
    dynamodb.update_item(
        TableName=TABLE,
        Key=COUNTER,
        UpdateExpression="SET day_remaining = :left",
        ExpressionAttributeValues={":left": {"N": str(left)}},
    )
