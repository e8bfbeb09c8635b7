"""Settle through real clients: the real ledger writes a real stream, and moto answers for S3 and SNS."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from inference.dynamodb import DynamoDb
from inference.ledger import DynamoLedger
from inference.settle import aws
from inference.settle.handler import Settle
from inference.terms import Granted, Moment, Question
from tests.unit.settle.moto_server import client, inbox, mails, moto_server, point_clients_at
from tests.unit.settle.world import DIGEST, FUNCTION, MIDNIGHT_S, NOON_S, TERMS, Cloud, receipt

TABLE = "edgewise-test-ledger"
BUCKET = "edgewise-test-lake"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with moto_server() as url:
        point_clients_at(url, monkeypatch)
        yield


class Clients:
    """The real clients; the store, which moto doesn't know, in memory."""

    def __init__(self) -> None:
        self.s3, self.sns = aws.client("s3"), aws.client("sns", attempts=1)
        self.store = Cloud()


def make_table() -> str:
    made = client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    numbers = {"daily_quota": 100, "monthly_quota": 1_000, "ms_per_request": 40, "cold_grants_daily": 25}
    numbers |= {"renewals_daily": 100, "lease_least": 5, "lease_requests": 20, "lease_seconds": 600}
    limits = {"pk": {"S": f"limits#{FUNCTION}"}, "model_digest": {"S": DIGEST}}
    limits |= {name: {"N": str(value)} for name, value in numbers.items()}
    texts = {"pk": f"source#{FUNCTION}", "model_url": "https://example.test/m", "fetch_token": "f1." + "c3" * 32}
    for item in (limits, {name: {"S": value} for name, value in texts.items()}):
        client("dynamodb").put_item(TableName=TABLE, Item=item)
    return str(made["TableDescription"]["LatestStreamArn"])


def work_the_quota_off() -> int:
    """Take leases until there are none, each with the receipt of the one before; return what was used."""
    ledger = DynamoLedger(table=TABLE, function=FUNCTION, edge="cloudfront", client=DynamoDb(region="us-east-1"))
    used, number, handed = 0, 0, None
    now = Moment(wall_s=NOON_S, mono_s=0.0)
    while True:
        number += 1
        asked = Question(
            token=f"t{number}",
            asked=now,
            held_digests=(DIGEST,) if number > 1 else (),
            wanted=20,
            receipt=handed,
            draw=0.5,
        )
        grant = ledger.grant(asked)
        if not isinstance(grant, Granted):
            if handed:
                ledger.hand_in(asked)
            return used
        handed = receipt(number, ok=grant.requests)
        used += grant.requests


def records(stream: str) -> list[dict[str, Any]]:
    """Read the stream as AWS hands it to a function, filtered to counters."""
    streams = client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    at = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = streams.get_records(ShardIterator=at["ShardIterator"])["Records"]
    plain: list[dict[str, Any]] = json.loads(json.dumps(found, default=str))
    return [each for each in plain if each["dynamodb"]["NewImage"]["pk"]["S"].startswith("counter#")]


@pytest.mark.usefixtures("moto")
def test_the_lake_holds_what_the_ledger_says_and_people_are_told_once() -> None:
    # GIVEN a real ledger whose quota is worked off
    stream = make_table()
    used = work_the_quota_off()
    assert used == 100
    batch = records(stream)
    client("s3").create_bucket(Bucket=BUCKET)
    topic = client("sns").create_topic(Name="edgewise-test-alerts")["TopicArn"]
    queue = inbox(topic)
    clients, said = Clients(), list[str]()
    made = Settle(
        stack="test",
        bucket=BUCKET,
        topic=topic,
        functions={FUNCTION: TERMS},
        clients=clients,
        say=said.append,
        wall_s=lambda: NOON_S,
    )
    # WHEN its stream is settled twice
    assert (made.batch(batch), [line for line in said if "_aws" not in line]) == ([], [])
    assert made.batch(batch) == []
    # THEN the lake's sums are the ledger's
    keys = [each["Key"] for each in client("s3").list_objects_v2(Bucket=BUCKET, Prefix="receipts/")["Contents"]]
    assert len(keys) == 1
    packed = client("s3").get_object(Bucket=BUCKET, Key=keys[0])["Body"].read()
    rows = [json.loads(line) for line in gzip.decompress(packed).splitlines()]
    counter = client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": f"counter#{FUNCTION}#cloudfront"}})["Item"]
    assert sum(row["used"] for row in rows) == int(counter["used"]["N"]) == used
    assert len(rows) == int(counter["receipts"]["N"])
    # AND each alert came once, with its attributes
    told = [json.loads(mail) for mail in mails(queue)]
    levels = [each["MessageAttributes"]["level"]["Value"] for each in told]
    assert sorted(levels, key=int) == ["50", "80", "100"]
    assert {each["MessageAttributes"]["kind"]["Value"] for each in told} == {"quota"}
    assert all(each["Subject"].startswith("Edgewise test face-match: ") for each in told)
    # AND the gate is closed until midnight
    assert clients.store.values["closed_until"] == str(MIDNIGHT_S)
