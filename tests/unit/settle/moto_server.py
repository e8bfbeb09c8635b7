"""A real moto server, and the variables by which every client of ours finds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import botocore.session  # type: ignore[import-untyped]  # it ships no types
import pytest
from moto.server import ThreadedMotoServer

from inference.settle import aws
from tests.emptied import empty_moto

SERVICES = ("DYNAMODB", "DYNAMODB_STREAMS", "S3", "SNS", "SQS", "CLOUDWATCH", "CLOUDFRONT")


@contextmanager
def moto_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    empty_moto()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
        empty_moto()


def point_clients_at(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for service in SERVICES:
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", url)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    aws.session.cache_clear()


def client(service: str, region: str = "us-east-1") -> Any:
    """A client of the test's own."""
    return _client(os.environ["AWS_ENDPOINT_URL_S3"], service, region)


@cache
def _client(url: str, service: str, region: str) -> Any:
    return botocore.session.Session().create_client(service, region_name=region, endpoint_url=url)


def inbox(topic: str) -> str:
    """Subscribe a queue to a topic, and return its URL."""
    queue = client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    return str(queue)


def mails(queue: str) -> list[str]:
    """Take out what has come in."""
    found: list[str] = []
    while messages := client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(message["Body"])
            client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found
