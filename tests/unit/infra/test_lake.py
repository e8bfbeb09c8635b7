"""The lake under mocks: a bucket that forgets in time, a table as the files are, queries with a cut-off."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edgewise.cost.bound import StackShared
from inference.lake import COLUMNS, PARTITIONS, object_key
from infra.components.component import CustomizeError
from infra.components.lake import RECEIPT_DAYS, Lake, LakeArgs
from tests.unit.cost.test_bills_by_hand import small
from tests.unit.infra.program import statements, under_mocks

TAGS = {"edgewise:environment": "dev"}


def lake(**changes: Any) -> Lake:
    args = LakeArgs(
        database_name="edgewise_dev",
        workgroup_name="edgewise-dev",
        functions=["liveness", "face-match"],
        queries={"receipts-by-day": "SELECT 1", "missing": "SELECT 2"},
        tags=TAGS,
        protect=False,
        shared=StackShared(stack="dev"),
    )
    return Lake("edgewise-dev-lake", replace(args, **changes))


def test_the_lake_is_closed_to_the_public_and_to_plain_http() -> None:
    program = under_mocks(lake)

    block = program.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").properties
    assert all(block[name] for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls"))
    assert block["restrictPublicBuckets"] is True
    ownership = program.only("aws:s3/bucketOwnershipControls:BucketOwnershipControls").properties
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    (refusal,) = statements(program, "aws:s3/bucketPolicy:BucketPolicy").values()
    assert refusal["Effect"] == "Deny"
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert refusal["Resource"] == ["arn:edgewise-dev-lake-bucket", "arn:edgewise-dev-lake-bucket/*"]


def test_everything_in_the_lake_expires_within_what_the_bound_counts() -> None:
    program = under_mocks(lake)

    rules = program.only("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration").properties["rules"]
    days = {rule["filter"]["prefix"]: rule["expiration"]["days"] for rule in rules if "expiration" in rule}
    assert days == {"receipts/": RECEIPT_DAYS, "alerts/": 90, "queries/": 7}
    (aborted,) = [rule for rule in rules if "abortIncompleteMultipartUpload" in rule]
    assert aborted["filter"] == {"prefix": ""}
    assert not program.all("aws:s3/bucketVersioning:BucketVersioning")
    assert small().lake_months * 31 >= RECEIPT_DAYS


@pytest.mark.parametrize("protect", [False, True])
def test_a_lake_that_is_not_protected_goes_with_its_stack(protect: bool) -> None:
    program = under_mocks(lambda: lake(protect=protect))

    assert program.only("aws:s3/bucket:Bucket").properties["forceDestroy"] is not protect
    assert program.only("aws:athena/workgroup:Workgroup").properties["forceDestroy"] is not protect


def test_the_table_is_the_lakes_own_description() -> None:
    table = under_mocks(lake).only("aws:glue/catalogTable:CatalogTable").properties

    columns = [(column["name"], column["type"]) for column in table["storageDescriptor"]["columns"]]
    assert columns == [(column.name, column.hive_type) for column in COLUMNS]
    assert [key["name"] for key in table["partitionKeys"]] == list(PARTITIONS)
    assert (table["name"], table["databaseName"], table["tableType"]) == ("receipts", "edgewise_dev", "EXTERNAL_TABLE")
    assert table["storageDescriptor"]["location"] == "s3://models/receipts/"  # the mocks call every bucket so


def test_a_projected_partition_is_where_settle_writes() -> None:
    parameters = under_mocks(lake).only("aws:glue/catalogTable:CatalogTable").properties["parameters"]

    folder = parameters["storage.location.template"].replace("${dt}", "2026-11-24").replace("${function}", "face-match")
    written = object_key(day="2026-11-24", function="face-match", first_sequence_number="1")
    assert f"s3://models/{written}" == f"{folder}1.jsonl.gz"
    assert parameters["projection.enabled"] == "true"
    assert parameters["projection.function.values"] == "face-match,liveness"
    assert parameters["projection.dt.format"] == "yyyy-MM-dd"
    assert parameters["projection.dt.range"] == f"NOW-{RECEIPT_DAYS + 1}DAYS,NOW+1DAYS"
    # A partition of another name or type would find nothing, in silence.
    assert {name.split(".")[1] for name in parameters if name.startswith("projection.")} == {*PARTITIONS, "enabled"}


def test_no_query_scans_more_than_the_bound_counts_whatever_its_client_says() -> None:
    program = under_mocks(lake)

    workgroup = program.only("aws:athena/workgroup:Workgroup").properties
    configuration = workgroup["configuration"]
    assert workgroup["name"] == "edgewise-dev"
    assert configuration["bytesScannedCutoffPerQuery"] == StackShared(stack="dev").query_scan_bytes == 1_000_000_000
    assert configuration["enforceWorkgroupConfiguration"] is True
    assert configuration["resultConfiguration"]["outputLocation"] == "s3://models/queries/"
    queries = {each.properties["name"]: each.properties for each in program.all("aws:athena/namedQuery:NamedQuery")}
    assert {name: query["query"] for name, query in queries.items()} == {
        "receipts-by-day": "SELECT 1",
        "missing": "SELECT 2",
    }
    assert {(query["database"], query["workgroup"]) for query in queries.values()} == {("edgewise_dev", "edgewise-dev")}


def test_a_child_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CustomizeError, match=r"customize names nonsense; .* has the children"):
        under_mocks(lambda: lake(customize={"nonsense": {}}))
