"""The home Region's services: streams that a restart does not hand out anew, a lake that lasts, an inbox."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.test import Client

from edgewise.local.cloud import inbox, seed
from edgewise.local.cloud.journal import Journal
from edgewise.local.cloud.seed import API, CLOUDWATCH, SQS, credential
from edgewise.local.cloud.server import emulator
from edgewise.local.files import RunFiles
from edgewise.local.stack.homemodel import Subscription
from edgewise.local.stack.model import LocalEdgeError
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import TABLE, HandmadeStack, zip_of
from tests.edge.handmade_home import ADDRESS, LAKE, QUEUE_URL, TOPIC_ARN, HandmadeHome

KEY = {"pk": {"S": "counter#face-match#cloudfront"}}


class Cloud:
    """An emulator as it is after a start."""

    def __init__(self, state: dict[str, Any], folder: Path) -> None:
        moto = DomainDispatcherApplication(create_backend_app)
        Client(moto).post("/moto-api/reset")
        self.files = RunFiles(folder)
        stack = parse_state(state, project=folder)
        self.emulator = emulator(moto, stack, self.files, endpoints={}, admin_token="token")

    def ask(self, service: str, target: str, request: object, **headers: str) -> tuple[int, Any]:
        answer = Client(self.emulator).post(
            "/",
            data=json.dumps(request),
            headers={"X-Amz-Target": target, "Authorization": credential(service), **headers},
            content_type="application/x-amz-json-1.0",
        )
        return answer.status_code, json.loads(answer.data or b"{}")

    def write(self, **attributes: int) -> int:
        item = {**KEY, **{name: {"N": str(value)} for name, value in attributes.items()}}
        return self.ask("dynamodb", f"{API}.PutItem", {"TableName": TABLE, "Item": item})[0]

    def put(self, key: str, content: bytes, *, only_new: bool = False) -> int:
        headers = {"Authorization": credential("s3"), **({"If-None-Match": "*"} if only_new else {})}
        return Client(self.emulator).put(f"/{LAKE}/{key}", data=content, headers=headers).status_code

    def get(self, key: str) -> bytes:
        content: bytes = Client(self.emulator).get(f"/{LAKE}/{key}", headers={"Authorization": credential("s3")}).data
        return content

    def publish(self, *, topic: str = TOPIC_ARN, once: str = "", action: str = "Publish") -> int:
        form = {
            "Action": action,
            "TopicArn": topic,
            "Subject": "Half is gone",
            "Message": "50 % & more",
            "MessageAttributes.entry.1.Name": "kind",
            "MessageAttributes.entry.1.Value.DataType": "String",
            "MessageAttributes.entry.1.Value.StringValue": "quota",
        }
        answer = Client(self.emulator).post(
            "/",
            data=urlencode(form),
            headers={"Authorization": credential("sns"), "X-Edgewise-Once": once},
            content_type="application/x-www-form-urlencoded; charset=utf-8",
        )
        return answer.status_code

    def records(self) -> list[dict[str, Any]]:
        return [record for written in Journal.stream(self.files.journal, 0) for record in written.records]

    def inbox(self) -> list[dict[str, Any]]:
        return list(inbox.read(self.files.inbox))

    def close(self) -> None:
        self.emulator.journal.close()
        self.emulator.requests.close()


@pytest.fixture
def state(handmade: HandmadeStack, tmp_path: Path) -> dict[str, Any]:
    settle = zip_of(tmp_path / "settle.zip", {"handler.py": "handler = print"})
    alarm = {
        "name": "blocked",
        "namespace": "AWS/WAFV2",
        "metricName": "BlockedRequests",
        "statistic": "Sum",
        "comparisonOperator": "GreaterThanThreshold",
        "threshold": 0,
    }
    return HandmadeHome(settle=settle, alarms=[alarm]).added_to(handmade.state())


@pytest.fixture
def cloud(state: dict[str, Any], tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(state, tmp_path)
    yield made
    made.close()


def everything(cloud: Cloud) -> list[dict[str, Any]]:
    _, found = cloud.ask("dynamodb", f"{API}.Scan", {"TableName": TABLE})
    return sorted(found["Items"], key=lambda item: str(item["pk"]))


def test_a_restart_puts_items_as_they_were_left_and_does_no_write_anew(
    state: dict[str, Any], tmp_path: Path, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN writes of all kinds, one of them under a condition that would not hold a second time
    def write(operation: str, **request: Any) -> None:
        assert cloud.ask("dynamodb", f"{API}.{operation}", request)[0] == 200

    def item(pk: str, number: int) -> dict[str, Any]:
        return {"pk": {"S": pk}, "n": {"N": str(number)}, "m": {"M": {"list": {"L": [{"BOOL": True}, {"S": ""}]}}}}

    write("PutItem", TableName=TABLE, Item=item("a", 1))
    write("PutItem", TableName=TABLE, Item=item("a", 1))
    add = {"Key": {"pk": {"S": "a"}}, "UpdateExpression": "ADD n :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}
    write("UpdateItem", TableName=TABLE, ConditionExpression="n = :n", **add)
    write("UpdateItem", TableName=TABLE, **add)
    write("TransactWriteItems", TransactItems=[{"Put": {"TableName": TABLE, "Item": item(pk, 5)}} for pk in "bc"])
    write("BatchWriteItem", RequestItems={TABLE: [{"PutRequest": {"Item": item("d", 7)}}]})
    write("DeleteItem", TableName=TABLE, Key={"pk": {"S": "c"}})
    before = everything(cloud)
    assert [each.get("n") for each in before if each["pk"]["S"] in "abcd"] == [{"N": "3"}, {"N": "5"}, {"N": "7"}]

    # WHEN moto starts anew
    asked: list[str] = []
    monkeypatch.setattr(seed, "_json", counted(asked))
    again = Cloud(state, tmp_path)

    # THEN each of the three items is put once, between the deployment's own two and these again
    assert everything(again) == before
    assert asked == [f"{API}.PutItem"] * (2 + 3 + 2)
    again.close()


def counted(asked: list[str]) -> Callable[..., None]:
    """Return what asks moto and notes the writes of items."""
    ask = seed._json

    def noting(client: Client, service: str, target: str, request: Mapping[str, object]) -> None:
        if target.startswith(API) and not target.endswith("CreateTable"):
            asked.append(target)
        ask(client, service, target, request)

    return noting


def test_what_was_written_before_a_table_had_a_stream_is_not_lost(
    handmade: HandmadeStack, state: dict[str, Any], tmp_path: Path
) -> None:
    # GIVEN a counter of a table without a stream
    old = Cloud(handmade.state(), tmp_path)
    assert old.write(n=1) == old.write(n=2) == 200
    assert old.records() == []
    old.close()

    # WHEN the next deployment gives it a stream THEN the counter stands
    young = Cloud(state, tmp_path)
    assert {**KEY, "n": {"N": "2"}} in everything(young)
    other = {"pk": {"S": "counter#other#cloudfront"}}
    assert young.ask("dynamodb", f"{API}.PutItem", {"TableName": TABLE, "Item": other})[0] == 200
    young.close()

    # ... also when the stream told of others since
    last = Cloud(state, tmp_path)
    assert {**KEY, "n": {"N": "2"}} in everything(last)
    assert other in everything(last)
    last.close()


def test_a_record_looks_like_awss(cloud: Cloud) -> None:
    # GIVEN a table with a stream WHEN an item is written and changed
    cloud.write(day_remaining=100)
    cloud.write(day_remaining=50)

    # THEN its records are in AWS's form, with both images and rising numbers
    first, second = cloud.records()
    assert (first["eventName"], second["eventName"]) == ("INSERT", "MODIFY")
    assert first["eventSource"] == "aws:dynamodb"
    assert first["awsRegion"] == "us-east-1"
    assert len(first["eventID"]) == 32
    assert second["dynamodb"]["Keys"] == KEY
    assert second["dynamodb"]["OldImage"] == {**KEY, "day_remaining": {"N": "100"}}
    assert second["dynamodb"]["NewImage"] == {**KEY, "day_remaining": {"N": "50"}}
    assert second["dynamodb"]["StreamViewType"] == "NEW_AND_OLD_IMAGES"
    assert int(second["dynamodb"]["SequenceNumber"]) == int(first["dynamodb"]["SequenceNumber"]) + 1
    assert second["dynamodb"]["SizeBytes"] > 0
    assert second["dynamodb"]["ApproximateCreationDateTime"] > 1_700_000_000


def test_a_write_that_changes_nothing_makes_no_record(cloud: Cloud) -> None:
    cloud.write(day_remaining=100)
    cloud.write(day_remaining=100)

    assert len(cloud.records()) == 1


def test_a_restart_makes_no_records_of_old_writes(cloud: Cloud, state: dict[str, Any], tmp_path: Path) -> None:
    # GIVEN writes whose records are known
    cloud.write(day_remaining=100)
    cloud.write(day_remaining=50)
    before = cloud.records()

    # WHEN moto starts anew and its journal is replayed
    again = Cloud(state, tmp_path)
    assert again.records() == before

    # THEN the next write's record is the only new one: its number and its old image go on where the last ended
    again.write(day_remaining=25)
    *_, last = again.records()
    assert len(again.records()) == 3
    assert int(last["dynamodb"]["SequenceNumber"]) == int(before[-1]["dynamodb"]["SequenceNumber"]) + 1
    assert last["dynamodb"]["OldImage"]["day_remaining"] == {"N": "50"}
    again.close()


def test_a_refused_transaction_loses_no_record(cloud: Cloud) -> None:
    # GIVEN a record, and a transaction that is refused
    cloud.write(day_remaining=100)
    put = {"TableName": TABLE, "Item": {"pk": {"S": "other"}}}
    refused = {"TableName": TABLE, "Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}
    status, _ = cloud.ask("dynamodb", f"{API}.TransactWriteItems", {"TransactItems": [{"Put": put}, {"Put": refused}]})
    assert status == 400

    # WHEN something is written THEN exactly that is new
    cloud.write(day_remaining=99)
    assert [record["eventName"] for record in cloud.records()] == ["INSERT", "MODIFY"]


def test_the_lake_survives_a_restart(cloud: Cloud, state: dict[str, Any], tmp_path: Path) -> None:
    # GIVEN objects, one of them written twice, one deleted
    cloud.put("receipts/dt=2026-11-25/a b.gz", b"\x1f\x8bone")
    cloud.put("receipts/dt=2026-11-25/a b.gz", b"\x1f\x8btwo")
    cloud.put("gone", b"x")
    Client(cloud.emulator).delete(f"/{LAKE}/gone", headers={"Authorization": credential("s3")})

    # WHEN moto starts anew
    again = Cloud(state, tmp_path)

    # THEN they are as they were
    assert again.get("receipts/dt=2026-11-25/a b.gz") == b"\x1f\x8btwo"
    assert b"NoSuchKey" in again.get("gone")
    assert again.put("receipts/dt=2026-11-25/a b.gz", b"three", only_new=True) == 412
    again.close()


def test_an_object_that_came_as_a_form_is_kept_whole(cloud: Cloud) -> None:
    # Python's urllib calls every body a form unless told otherwise.
    headers = {"Authorization": credential("s3"), "Content-Type": "application/x-www-form-urlencoded"}
    Client(cloud.emulator).put(f"/{LAKE}/a", data=b"a=1", headers=headers)

    assert cloud.get("a") == b"a=1"


def test_of_many_that_claim_a_key_at_once_one_wins(cloud: Cloud) -> None:
    # GIVEN a key that nobody has WHEN sixteen put it at once, if it is not there
    statuses: list[int] = []
    barrier = threading.Barrier(16)

    def claim(number: int) -> None:
        barrier.wait()
        statuses.append(cloud.put("alerts/quota.json", str(number).encode(), only_new=True))

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    # THEN one was told yes, the others that it is there
    assert sorted(statuses) == [200] + [412] * 15


def test_metrics_and_messages_survive_and_are_taken_once(cloud: Cloud, state: dict[str, Any], tmp_path: Path) -> None:
    # GIVEN a metric and a dead letter, each sent twice by somebody who heard no answer
    metric = {"Namespace": "N", "MetricData": [{"MetricName": "m", "Timestamp": 1.0, "Value": 2}]}
    letter = {"QueueUrl": QUEUE_URL, "MessageBody": "{}"}
    for _ in range(2):
        assert cloud.ask("monitoring", f"{CLOUDWATCH}.PutMetricData", metric, **{"X-Edgewise-Once": "a"})[0] == 200
        assert cloud.ask("sqs", f"{SQS}.SendMessage", letter, **{"X-Edgewise-Once": "b"})[0] == 200

    # WHEN moto starts anew, and both come a third time
    again = Cloud(state, tmp_path)
    again.ask("sqs", f"{SQS}.SendMessage", letter, **{"X-Edgewise-Once": "b"})

    # THEN each is there once
    asked = {"QueueUrl": letter["QueueUrl"], "AttributeNames": ["ApproximateNumberOfMessages"]}
    assert again.ask("sqs", f"{SQS}.GetQueueAttributes", asked)[1]["Attributes"] == {"ApproximateNumberOfMessages": "1"}
    statistics = {
        "Namespace": "N",
        "MetricName": "m",
        "StartTime": 0,
        "EndTime": 60,
        "Period": 60,
        "Statistics": ["Sum"],
    }
    told = again.ask("monitoring", f"{CLOUDWATCH}.GetMetricStatistics", statistics)[1]
    assert [point["Sum"] for point in told["Datapoints"]] == [2.0]
    again.close()


def test_alarms_can_be_looked_at(cloud: Cloud) -> None:
    told = cloud.ask("monitoring", f"{CLOUDWATCH}.DescribeAlarms", {})[1]

    assert [(alarm["AlarmName"], alarm["Threshold"]) for alarm in told["MetricAlarms"]] == [("blocked", 0.0)]


def test_a_subscriber_receives_what_is_published(cloud: Cloud) -> None:
    assert cloud.publish() == 200

    (message,) = cloud.inbox()
    assert (message["endpoint"], message["subject"], message["text"]) == (ADDRESS, "Half is gone", "50 % & more")
    assert message["attributes"] == {"kind": "quota"}
    assert cloud.files.inbox.stat().st_mode & 0o077 == 0


def test_a_message_that_is_sent_again_is_delivered_once(cloud: Cloud, state: dict[str, Any], tmp_path: Path) -> None:
    cloud.publish(once="alarm/1")
    cloud.publish(once="alarm/1")
    again = Cloud(state, tmp_path)
    again.publish(once="alarm/1")
    again.publish(once="alarm/2")

    assert [message["once"] for message in again.inbox()] == ["alarm/1", "alarm/2"]
    again.close()


def test_what_is_not_delivered_is_refused(cloud: Cloud) -> None:
    assert cloud.publish(topic=f"{TOPIC_ARN}-other") == 404
    assert cloud.publish(action="PublishBatch") == 400
    cloud.emulator.faults.set({"alerts_down": True})
    assert cloud.publish() == 503

    assert cloud.inbox() == []


def test_the_lakes_outage_is_not_the_model_stores(cloud: Cloud) -> None:
    cloud.emulator.faults.set({"model_store_down": True})
    assert cloud.put("a", b"x") == 200

    cloud.emulator.faults.set({"lake_down": True})
    assert cloud.put("a", b"x") == 503


def subscription(protocol: str, policy: str = "") -> Subscription:
    return Subscription(
        topic_arn=TOPIC_ARN,
        protocol=protocol,
        endpoint=ADDRESS,
        filter_policy=policy,
        filter_policy_scope="MessageAttributes",
        raw=False,
    )


def test_a_filter_policy_is_kept(tmp_path: Path) -> None:
    # GIVEN two subscribers, one of whom wants budgets only WHEN a quota's alert is published
    wants = [subscription("email", json.dumps({"kind": [kind]})) for kind in ("budget", "quota")]
    box = inbox.Inbox(path=tmp_path / "inbox", subscriptions=wants)
    message = inbox.Message(topic_arn=TOPIC_ARN, subject="", text="", attributes={"kind": "quota"})

    assert box.deliver(message, now_s=1.0) == 1


def test_a_subscription_that_nobody_delivers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalEdgeError, match="protocol 'lambda'"):
        inbox.Inbox(path=tmp_path / "inbox", subscriptions=[subscription("lambda")])
