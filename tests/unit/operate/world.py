"""A stack as the switches meet it: moto's table and bucket in this process, and a small store of our own."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types
from moto import mock_aws

from edgewise.operate import Cloud, Target
from inference.contract import model_path
from inference.limits import Limits
from tests.unit.inference.world import FUNCTION, digest, limits, limits_item

NOON_S = 1_795_608_000.0  # 2026-11-25 12:00 UTC
MIDNIGHT_S = 1_795_651_200
MONTH_END_S = 1_796_083_200
ARN = "arn:aws:cloudfront::000000000000:key-value-store/11111111-2222-3333-4444-555555555555"
DISTRIBUTION = "E2EXAMPLE00000"
TARGET = Target(
    stack="test",
    function=FUNCTION,
    table="edgewise-test-ledger",
    store_arn=ARN,
    bucket="models-test",
    distribution=DISTRIBUTION,
)


@dataclass
class Store:
    """The store's data plane: an ETag that changes with each write, and faults on demand."""

    value: str | None = "0"
    etag: int = 1
    faults: list[int] = field(default_factory=list)
    """Statuses of the next writes."""
    down: bool = False
    before_put: list[Callable[[], None]] = field(default_factory=list)
    puts: int = 0

    def describe_key_value_store(self, *, KvsARN: str) -> dict[str, Any]:  # noqa: N803 -- botocore names it so
        if self.down:
            raise error("DescribeKeyValueStore", 500, "InternalServerException")
        assert KvsARN == ARN
        return {"ETag": str(self.etag)}

    def get_key(self, *, KvsARN: str, Key: str) -> dict[str, Any]:  # noqa: N803 -- botocore names it so
        assert (KvsARN, Key) == (ARN, "closed_until")
        if self.value is None:
            raise error("GetKey", 404, "ResourceNotFoundException")
        return {"Value": self.value}

    def put_key(self, *, KvsARN: str, Key: str, Value: str, IfMatch: str) -> None:  # noqa: N803 -- botocore names it so
        assert (KvsARN, Key) == (ARN, "closed_until")
        if self.before_put:
            self.before_put.pop(0)()
        if self.faults:
            raise error("PutKey", self.faults.pop(0), "ConflictException")
        if IfMatch != str(self.etag):
            raise error("PutKey", 409, "ConflictException")
        self.write(Value)
        self.puts += 1

    def write(self, value: str) -> None:
        self.value, self.etag = value, self.etag + 1


@dataclass
class Distributions:
    """CloudFront's control plane: one distribution, an ETag that changes with each write, and faults on demand."""

    config: dict[str, Any] = field(default_factory=lambda: {"Enabled": True, "Comment": "as deployed"})
    etag: int = 1
    down: bool = False
    before_update: list[Callable[[], None]] = field(default_factory=list)

    def get_distribution_config(self, *, Id: str) -> dict[str, Any]:  # noqa: N803 -- botocore names it so
        if self.down:
            raise error("GetDistributionConfig", 403, "AccessDenied")
        assert Id == DISTRIBUTION
        return {"ETag": str(self.etag), "DistributionConfig": dict(self.config)}

    def update_distribution(
        self,
        *,
        Id: str,  # noqa: N803 -- botocore names it so
        IfMatch: str,  # noqa: N803 -- likewise
        DistributionConfig: dict[str, Any],  # noqa: N803 -- likewise
    ) -> None:
        assert Id == DISTRIBUTION
        if self.before_update:
            self.before_update.pop(0)()
        if IfMatch != str(self.etag):
            raise error("UpdateDistribution", 412, "PreconditionFailed")
        self.write(**DistributionConfig)

    def write(self, **config: Any) -> None:
        self.config, self.etag = self.config | config, self.etag + 1


def error(operation: str, status: int, code: str) -> ClientError:
    answer = {"Error": {"Code": code, "Message": "on purpose"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, operation)


class FaultyTable:
    """moto's client, on which the named calls fail as often as said."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.faults: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        if self.faults.get(name):
            self.faults[name] -= 1
            raise error(name, 500, "InternalServerError")
        return getattr(self.client, name)


@dataclass
class World:
    """What a test looks at."""

    cloud: Cloud
    table: FaultyTable
    store: Store
    cloudfront: Distributions
    s3: Any
    slept: list[float]
    now_s: list[float]

    def item(self, key: str) -> dict[str, Any]:
        found = self.table.client.get_item(TableName=TARGET.table, Key={"pk": {"S": key}}).get("Item", {})
        return {name: next(iter(value.values())) for name, value in found.items()}

    def override(self) -> dict[str, Any]:
        return self.item(f"override#{FUNCTION}")

    def put(self, item: dict[str, Any]) -> None:
        self.table.client.put_item(TableName=TARGET.table, Item=item)

    def put_limits(self, wanted: Limits | None = None) -> None:
        self.put(limits_item(wanted or limits()))

    def put_model(self, model: bytes, *, name: str | None = None) -> str:
        key = model_path(name or digest(model)).lstrip("/")
        self.s3.upload_fileobj(io.BytesIO(model), TARGET.bucket, key)
        return digest(model)


@contextmanager
def world() -> Iterator[World]:
    with mock_aws():
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "us-east-1"}
        dynamodb, s3 = boto3.client("dynamodb", **keys), boto3.client("s3", **keys)
        dynamodb.create_table(
            TableName=TARGET.table,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        s3.create_bucket(Bucket=TARGET.bucket)
        table, store, cloudfront = FaultyTable(dynamodb), Store(), Distributions()
        slept, now_s = list[float](), [NOON_S]
        cloud = Cloud(
            dynamodb=table,
            s3=s3,
            store=store,
            cloudfront=cloudfront,
            who=lambda: "ann",
            now_s=lambda: now_s[0],
            pause=slept.append,
        )
        made = World(cloud=cloud, table=table, store=store, cloudfront=cloudfront, s3=s3, slept=slept, now_s=now_s)
        made.put_limits()
        yield made
