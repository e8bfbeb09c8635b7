"""`edgewise audit` on a bucket and a table of moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it ships no types
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from edgewise.cli import audit as verb
from edgewise.cli.deployment import Deployment
from edgewise.cli.main import app
from tests.unit.cost.test_audit import planted

BUCKET = "edgewise-local-lake-1a2b3c4"
TABLE = "edgewise-local-ledger"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[verb.Clients]:
    """A stack with an empty lake and ledger."""
    deployment = Deployment(stack="local", endpoints={"face-match": {}, "other": {}}, signing_keys={})
    with mock_aws():
        given = {"region_name": "us-east-1", "aws_access_key_id": "local", "aws_secret_access_key": "local"}
        clients = verb.Clients(s3=boto3.client("s3", **given), dynamodb=boto3.client("dynamodb", **given))
        clients.s3.create_bucket(Bucket=BUCKET)
        clients.dynamodb.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        monkeypatch.setattr(verb, "clients", lambda stack: clients)
        monkeypatch.setattr(verb, "read_deployment", lambda stack: deployment)
        yield clients


def fill(cloud: verb.Clients, folder: Path, **sums: int) -> None:
    for path in planted(folder).rglob("*.gz"):
        cloud.s3.upload_file(str(path), BUCKET, str(path.relative_to(folder)))
    item = {name: {"N": str(value)} for name, value in sums.items()}
    cloud.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "counter#face-match#cloudfront"}, **item})


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["audit", *arguments], env={"COLUMNS": "120"})


def test_lake_and_ledger_are_equal(cloud: verb.Clients, tmp_path: Path) -> None:
    fill(cloud, tmp_path, granted=200, used=130, unspent=40, receipts=4)

    told = json.loads(run("face-match", "--json").stdout)

    (comparison,) = told["comparison"]
    assert (told["bucket"], told["objects"]) == (BUCKET, 4)
    assert (comparison["function"], comparison["equal"], comparison["missing"]) == ("face-match", True, 30)
    assert comparison["doubles"] == 1
    assert {row["function"] for row in told["success"]} == {"face-match"}
    assert sum(row["requests"] for row in told["success"]) == 130


def test_the_tables_show_it(cloud: verb.Clients, tmp_path: Path) -> None:
    fill(cloud, tmp_path, granted=200, used=140, unspent=40, receipts=5)

    result = run()

    assert result.exit_code == 0
    assert "96.67%" in result.stdout
    assert "140, 130" in result.stdout
    assert "face-match: the lake lacks 1 receipts" in result.stderr


def test_before_the_first_receipt_all_is_zero(cloud: verb.Clients) -> None:
    told = json.loads(run("--json").stdout)
    assert [(each["function"], each["equal"]) for each in told["comparison"]] == [("face-match", True), ("other", True)]
    assert (told["objects"], told["success"]) == (0, [])


def test_an_unknown_function_is_refused(cloud: verb.Clients) -> None:
    result = run("face-mtach")
    assert result.exit_code == 2
    assert "stack local has face-match, other" in result.stderr


def test_a_stack_without_a_lake_is_told(cloud: verb.Clients) -> None:
    cloud.s3.delete_bucket(Bucket=BUCKET)
    result = run()
    assert result.exit_code == 1
    assert "stack local has 0 buckets named edgewise-local-lake" in result.stderr
