"""S3 and DynamoDB on loopback: seeds, the lock, the journal, the faults."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from edgewise.local.cloud.faults import Faults
from edgewise.local.cloud.journal import Journal
from edgewise.local.cloud.seed import API, with_loopback_urls
from edgewise.local.cloud.server import emulator
from edgewise.local.files import RunFiles
from edgewise.local.protocol import FAULTS_PATH, TOKEN_HEADER
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import BUCKET, DOMAIN, TABLE, HandmadeStack

if TYPE_CHECKING:
    from pathlib import Path

GATEWAY = "http://127.0.0.1:4566"
COUNTER = {"pk": {"S": "counter#face-match#cloudfront"}}
# The interpreter's threads change this often, so that a missing lock shows.
SWITCH_INTERVAL_S = 5e-5


class Cloud:
    """An emulator as it is after a start."""

    def __init__(self, handmade: HandmadeStack, folder: Path) -> None:
        moto = DomainDispatcherApplication(create_backend_app)
        reset(moto)
        stack = parse_state(handmade.state(), project=folder)
        self.emulator = emulator(moto, stack, RunFiles(folder), endpoints={DOMAIN: GATEWAY}, admin_token="token")
        self.client = Client(self.emulator)

    def call(self, operation: str, **request: Any) -> tuple[int, dict[str, Any]]:
        answer = self.client.post(
            "/",
            data=json.dumps({"TableName": TABLE, **request}),
            headers={"X-Amz-Target": f"{API}.{operation}", "Authorization": credential("dynamodb")},
        )
        return answer.status_code, json.loads(answer.data)

    def close(self) -> None:
        self.emulator.journal.close()
        self.emulator.requests.close()

    def item(self, key: str) -> dict[str, Any]:
        _, answer = self.call("GetItem", Key={"pk": {"S": key}})
        item: dict[str, Any] = answer.get("Item", {})
        return item

    def take(self) -> bool:
        """Take one from the counter as the ledger does: a conditional write."""
        status, _ = self.call(
            "UpdateItem",
            Key=COUNTER,
            UpdateExpression="SET day_remaining = day_remaining - :n",
            ConditionExpression="day_remaining >= :n",
            ExpressionAttributeValues={":n": {"N": "1"}},
        )
        return status == 200

    def left(self) -> int:
        return int(self.item(COUNTER["pk"]["S"])["day_remaining"]["N"])


def credential(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, Signature=x"


def reset(moto: DomainDispatcherApplication) -> None:
    """Empty moto, whose backends are the process's: what a killed process leaves."""
    Client(moto).post("/moto-api/reset")


@pytest.fixture
def cloud(handmade: HandmadeStack, tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(handmade, tmp_path)
    yield made
    made.close()


def test_the_stacks_data_is_there(cloud: Cloud, handmade: HandmadeStack) -> None:
    limits = cloud.item("limits#face-match")

    assert limits["daily_quota"] == {"N": "1000"}
    assert cloud.item("source#face-match")["fetch_token"] == {"S": f"k1.{handmade.fetch_token}"}
    answer = cloud.client.get(f"/{BUCKET}/models/{handmade.digest}.onnx", headers={"Authorization": credential("s3")})
    assert answer.data == handmade.model
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_the_model_url_points_at_the_gateway(cloud: Cloud, handmade: HandmadeStack) -> None:
    assert cloud.item("source#face-match")["model_url"] == {"S": f"{GATEWAY}/models/{handmade.digest}.onnx"}


def test_a_url_of_another_host_is_left_alone() -> None:
    item = {"model_url": {"S": "https://example.org/models/a"}}

    assert with_loopback_urls(item, {DOMAIN: GATEWAY}) == item
    assert with_loopback_urls({"pk": {"S": "x"}}, {DOMAIN: GATEWAY}) == {"pk": {"S": "x"}}


def test_exactly_what_is_there_is_granted(cloud: Cloud) -> None:
    # GIVEN a counter of 100 and threads that change places all the time
    cloud.call("PutItem", Item={**COUNTER, "day_remaining": {"N": "100"}})
    granted: list[bool] = []

    def take_some() -> None:
        granted.extend(cloud.take() for _ in range(10))

    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        threads = [threading.Thread(target=take_some) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    # THEN 100 of the 160 that asked were told yes
    assert sum(granted) == 100
    assert cloud.left() == 0


def test_acknowledged_writes_survive_a_kill(handmade: HandmadeStack, tmp_path: Path, cloud: Cloud) -> None:
    # GIVEN writes, one of them refused
    cloud.call("PutItem", Item={**COUNTER, "day_remaining": {"N": "2"}})
    assert [cloud.take() for _ in range(3)] == [True, True, False]

    # WHEN the emulator is gone and another starts on the same journal
    again = Cloud(handmade, tmp_path)

    # THEN the counter was not reset
    assert again.left() == 0
    assert not again.take()


def test_pulumis_items_stand_as_the_state_says(handmade: HandmadeStack, tmp_path: Path, cloud: Cloud) -> None:
    # GIVEN a counter, and limits that somebody overwrote at run time
    cloud.call("PutItem", Item={**COUNTER, "day_remaining": {"N": "7"}})
    cloud.call("PutItem", Item={"pk": {"S": "limits#face-match"}, "daily_quota": {"N": "1"}})

    # WHEN a deployment changes the quota
    handmade.daily_quota = 2000
    again = Cloud(handmade, tmp_path)

    # THEN the limits are the deployment's, the counter is the runtime's
    assert again.item("limits#face-match")["daily_quota"] == {"N": "2000"}
    assert again.left() == 7


def test_a_torn_line_was_never_acknowledged(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append("PutItem", b'{"TableName":"a"}')
    journal.close()
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'["UpdateItem", "{\\"Tab')

    whole = Journal(tmp_path / "journal")

    assert list(whole.entries()) == [("PutItem", b'{"TableName":"a"}')]
    whole.append("PutItem", b"{}")
    assert len(list(whole.entries())) == 2
    whole.close()


def test_a_table_that_is_gone_takes_its_writes_along(handmade: HandmadeStack, tmp_path: Path) -> None:
    journal = Journal(RunFiles(tmp_path).journal)
    journal.append("PutItem", b'{"TableName": "gone", "Item": {"pk": {"S": "a"}}}')
    journal.close()

    assert Cloud(handmade, tmp_path).item("limits#face-match")["daily_quota"] == {"N": "1000"}


def set_faults(cloud: Cloud, faults: object, token: str = "token") -> int:
    answer = cloud.client.post(FAULTS_PATH, data=json.dumps(faults), headers={TOKEN_HEADER: token})
    return answer.status_code


def test_faults_come_and_go(cloud: Cloud, handmade: HandmadeStack) -> None:
    assert set_faults(cloud, {"ledger_down": True, "model_store_down": True}) == 200
    assert cloud.call("GetItem", Key=COUNTER)[0] == 500
    assert cloud.client.get(f"/{BUCKET}/models/{handmade.digest}.onnx").status_code == 503

    assert set_faults(cloud, {"ledger_down": False, "model_store_down": False}) == 200
    assert cloud.item("limits#face-match") != {}


def test_faults_want_the_token_and_a_known_name(cloud: Cloud) -> None:
    assert set_faults(cloud, {"ledger_down": True}, token="guess") == 403
    assert set_faults(cloud, {"no_such_fault": True}) == 400
    assert set_faults(cloud, {"ledger_down": 1}) == 400
    assert cloud.emulator.faults == Faults()


def test_latency_is_outside_the_lock(cloud: Cloud) -> None:
    # GIVEN a slow ledger WHEN four ask at once THEN they wait side by side
    set_faults(cloud, {"ledger_latency_ms": 300})
    threads = [threading.Thread(target=cloud.call, args=("GetItem",), kwargs={"Key": COUNTER}) for _ in range(4)]
    done = threading.Event()

    def finish() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()

    threading.Thread(target=finish).start()
    assert not done.wait(0.2)
    assert done.wait(0.8)
