"""The guard through real clients: CloudWatch of several Regions, the table, a distribution and a topic at moto."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from inference.guard import handler as module
from inference.guard.hands import Clients
from tests.unit.settle.moto_server import client, inbox, mails, moto_server, point_clients_at
from tests.unit.settle.world import FUNCTION, NOON_S, STORE, Cloud, Stream, limits

TABLE = "edgewise-test-ledger"
NAME = "edgewise-test-face-match"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with moto_server() as url:
        point_clients_at(url, monkeypatch)
        yield


def make_table() -> None:
    client("dynamodb").create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    stream = Stream()
    stream.limits = limits(daily_quota=100_000, monthly_quota=1_000_000)
    stream.take(500)
    assert stream.item
    client("dynamodb").put_item(TableName=TABLE, Item=stream.item | {"used": {"N": "400"}})


def make_distribution() -> str:
    origin = {"Id": "o", "DomainName": "b.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only", "CachePolicyId": "p"}
    config = {
        "CallerReference": "r",
        "Comment": NAME,
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": behaviour,
    }
    return str(client("cloudfront").create_distribution(DistributionConfig=config)["Distribution"]["Id"])


def count(region: str, namespace: str, name: str, dimensions: dict[str, str], *values: int, from_day: int = 0) -> None:
    """Put values there, of today and of the days before, or of that many days ago."""
    for days, value in enumerate(values, from_day):
        when = datetime.datetime.fromtimestamp(NOON_S - days * 86_400, datetime.UTC)
        told = [{"Name": each, "Value": text} for each, text in dimensions.items()]
        data = {"MetricName": name, "Dimensions": told, "Timestamp": when, "Value": value}
        client("cloudwatch", region).put_metric_data(Namespace=namespace, MetricData=[data])


class WithStore(Clients):
    """The real clients; the store, which moto doesn't know, in memory."""

    store: Any = Cloud()


def environment(monkeypatch: pytest.MonkeyPatch, topic: str, distribution: str) -> None:
    values = {"FUNCTION": FUNCTION, "TABLE": TABLE, "STORE_ARN": STORE, "DISTRIBUTION_ID": distribution}
    values |= {"TOPIC_ARN": topic, "WEB_ACL": NAME, "GATE": f"{NAME}-gate", "EDGE_FUNCTION": NAME, "STACK": "test"}
    values |= {"ON_FLOOD": "disconnect", "ALLOWANCE_FIREWALL": "10000", "ALLOWANCE_GATE": "1000"}
    for name, value in (values | {"ALLOWANCE_LEDGER": "100"}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("moto")
def test_a_flood_is_disconnected_and_unleased_calls_close_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN refusals over several days and Regions
    make_table()
    distribution = make_distribution()
    topic = client("sns").create_topic(Name="edgewise-test-alerts")["TopicArn"]
    queue = inbox(topic)
    environment(monkeypatch, topic, distribution)
    count("us-east-1", "AWS/WAFV2", "BlockedRequests", {"WebACL": NAME, "Rule": "ALL"}, 4_000, 5_000, 1_500)
    gate = {"FunctionName": f"{NAME}-gate", "Region": "Global"}
    count("us-east-1", "AWS/CloudFront", "FunctionInvocations", gate, 900)
    for region in ("eu-west-1", "sa-east-1"):
        count(region, "AWS/Lambda", "Invocations", {"FunctionName": f"us-east-1.{NAME}"}, 200, 50)
    # AND one of the month before, which doesn't count
    count("us-east-1", "AWS/Lambda", "Invocations", {"FunctionName": f"us-east-1.{NAME}"}, 10_000, from_day=24)
    made = module.from_environment()
    said: list[str] = []
    hands = replace(made.hands(), clients=WithStore())
    made = replace(made, hands=lambda: hands, say=said.append, wall_s=lambda: NOON_S)
    # WHEN it looks twice
    made.run()
    made.run()
    # THEN
    config = client("cloudfront").get_distribution_config(Id=distribution)["DistributionConfig"]
    assert (config["Enabled"], config["Comment"]) == (False, NAME)
    assert json.loads(said[0])["refused"] == {"firewall": 10_500, "gate": 500, "ledger": 100}
    told = [json.loads(mail)["MessageAttributes"]["id"]["Value"] for mail in mails(queue)]
    assert sorted(told) == [
        f"closed/{FUNCTION}/2026-11/ledger-1-100",
        f"disconnected/{FUNCTION}/2026-11/firewall-2-100",
    ]
    assert WithStore.store.puts == ["1796083200"]
    item = client("dynamodb").get_item(TableName=TABLE, Key={"pk": {"S": f"guard#{FUNCTION}"}})["Item"]
    assert item["acted_firewall"] == {"N": "10500"} and item["pending"] == {"S": "[]"}
