"""Ids and outputs: their forms, what is known when, what a new version changes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from edgewise.local.providers.schema import Schema
from edgewise.local.providers.tables import TABLES
from edgewise.local.providers.wire import ASSET_SIGNATURE, SIGNATURE_KEY, UNKNOWN
from tests.unit.providers.desk import Desk
from tests.unit.providers.samples import ACCOUNT, DISTRIBUTION, SAMPLES

FUNCTION = "aws:lambda/function:Function"
TABLE = "aws:dynamodb/table:Table"
STORE = "aws:cloudfront/keyValueStore:KeyValueStore"
DISTRIBUTION_TYPE = "aws:cloudfront/distribution:Distribution"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
NAME = "thing-[0-9a-f]{7}"
GLUE = "thing_[a-z]{8}"
HERE = f"us-east-1:{ACCOUNT}"

# facts/resources.md, 2 to 6: the id, and one output with its form.
FORMS = {
    "aws:s3/bucket:Bucket": (NAME, "bucketRegionalDomainName", rf"{NAME}\.s3\.us-east-1\.amazonaws\.com"),
    "aws:s3/bucketVersioning:BucketVersioning": ("models", "bucket", "models"),
    "aws:s3/bucketPolicy:BucketPolicy": ("models", "bucket", "models"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("models", "bucket", "models"),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("models", "bucket", "models"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "models",
        "transitionDefaultMinimumObjectSize",
        "all_storage_classes_128K",
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "models",
        "bucket",
        "models",
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": ("models/thing", "etag", "4b3a6218bb3e3a7303e8a171a60fcf92"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": ("E[A-Z0-9]{13}", "description", "Managed by Pulumi"),
    DISTRIBUTION_TYPE: ("E[A-Z0-9]{13}", "domainName", r"d[a-z0-9]{13}\.cloudfront\.net"),
    "aws:cloudfront/cachePolicy:CachePolicy": (UUID, "etag", "E[A-Z0-9]{13}"),
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": (UUID, "etag", "E[A-Z0-9]{13}"),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": (UUID, "etag", "E[A-Z0-9]{13}"),
    "aws:cloudfront/function:Function": (NAME, "arn", rf"arn:aws:cloudfront::{ACCOUNT}:function/{NAME}"),
    STORE: (NAME, "arn", rf"arn:aws:cloudfront::{ACCOUNT}:key-value-store/{UUID}"),
    "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey": (
        r"arn:aws:cloudfront::\d{12}:key-value-store/[0-9a-f-]{36},closed_until",
        "totalSizeInBytes",
        "13",
    ),
    "aws:cloudfront/monitoringSubscription:MonitoringSubscription": (
        "E1234567890ABC",
        "distributionId",
        "E1234567890ABC",
    ),
    FUNCTION: (NAME, "qualifiedArn", rf"arn:aws:lambda:{HERE}:function:{NAME}:1"),
    "aws:lambda/permission:Permission": (NAME, "statementId", NAME),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        UUID,
        "functionArn",
        f"arn:aws:lambda:{HERE}:function:settle",
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": ("guard", "functionName", "guard"),
    "aws:iam/role:Role": (NAME, "arn", rf"arn:aws:iam::{ACCOUNT}:role/{NAME}"),
    "aws:iam/rolePolicy:RolePolicy": (f"edge:{NAME}", "name", NAME),
    "aws:cloudwatch/logGroup:LogGroup": (NAME, "arn", rf"arn:aws:logs:{HERE}:log-group:{NAME}"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (NAME, "arn", rf"arn:aws:cloudwatch:{HERE}:alarm:{NAME}"),
    "aws:cloudwatch/dashboard:Dashboard": ("edge", "dashboardArn", f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/edge"),
    TABLE: (NAME, "arn", rf"arn:aws:dynamodb:{HERE}:table/{NAME}"),
    "aws:dynamodb/tableItem:TableItem": (r"ledger\|pk\|limits#face-match", "hashKeyValue", "limits#face-match"),
    "aws:wafv2/webAcl:WebAcl": (UUID, "arn", rf"arn:aws:wafv2:{HERE}:global/webacl/{NAME}/{UUID}"),
    "aws:sns/topic:Topic": (rf"arn:aws:sns:{HERE}:{NAME}", "owner", ACCOUNT),
    "aws:sns/topicSubscription:TopicSubscription": (
        rf"arn:aws:sns:{HERE}:alerts:{UUID}",
        "pendingConfirmation",
        "True",
    ),
    "aws:sns/topicPolicy:TopicPolicy": (rf"arn:aws:sns:{HERE}:alerts", "owner", ACCOUNT),
    "aws:sqs/queue:Queue": (
        rf"https://sqs\.us-east-1\.amazonaws\.com/{ACCOUNT}/{NAME}",
        "arn",
        rf"arn:aws:sqs:{HERE}:{NAME}",
    ),
    "aws:scheduler/schedule:Schedule": (
        f"default/{NAME}",
        "arn",
        rf"arn:aws:scheduler:{HERE}:schedule/default/{NAME}",
    ),
    "aws:budgets/budget:Budget": (f"{ACCOUNT}:{NAME}", "timePeriodStart", r"\d{4}-\d\d-01_00:00"),
    "aws:costexplorer/costAllocationTag:CostAllocationTag": ("edgewise:function", "type", "UserDefined"),
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": (
        rf"arn:aws:firehose:{HERE}:deliverystream/{NAME}",
        "versionId",
        "1",
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": (f"{ACCOUNT}:{GLUE}", "arn", rf"arn:aws:glue:{HERE}:database/{GLUE}"),
    "aws:glue/catalogTable:CatalogTable": (
        f"{ACCOUNT}:lake:{GLUE}",
        "arn",
        rf"arn:aws:glue:{HERE}:table/lake/{GLUE}",
    ),
    "aws:athena/workgroup:Workgroup": (NAME, "arn", rf"arn:aws:athena:{HERE}:workgroup/{NAME}"),
    "aws:athena/namedQuery:NamedQuery": (UUID, "workgroup", "primary"),
}
SCHEMA = Schema("aws")


@pytest.fixture(scope="module")
def aws() -> Desk:
    return Desk()


@pytest.mark.parametrize("token", TABLES["aws"])
def test_forms(aws: Desk, token: str) -> None:
    expected_id, name, expected = FORMS[token]
    found_id, outputs = aws.make(token, SAMPLES[token])
    assert re.fullmatch(expected_id, found_id)
    assert re.fullmatch(expected, str(outputs[name]))


@pytest.mark.parametrize("token", TABLES["aws"])
def test_every_output_has_a_value(aws: Desk, token: str) -> None:
    """WHEN created THEN all that the SDK reads is there, but for what the table lists as unset."""
    _, outputs = aws.make(token, SAMPLES[token])
    promised = set(SCHEMA.types[token].outputs) - TABLES["aws"][token].unset
    absent = {name for name in promised if name not in outputs}
    assert absent <= {"rangeKeyValue"}
    assert UNKNOWN not in str(outputs)
    assert not [name for name in outputs if name.startswith("__")]


@pytest.mark.parametrize("token", TABLES["aws"])
def test_preview_of_a_creation_knows_the_inputs_only(aws: Desk, token: str) -> None:
    """As with the real provider: what the program said and the defaults are known, all the rest is not."""
    inputs = aws.inputs(token, SAMPLES[token])
    found_id, outputs = aws.create(token, inputs, preview=True)
    assert found_id == ""
    for name in SCHEMA.types[token].outputs:
        if name not in TABLES["aws"][token].unset | {"tagsAll"}:
            assert outputs[name] == UNKNOWN
    for name, value in inputs.items():
        if not name.startswith("__") and not isinstance(value, dict | list):
            assert outputs[name] == value


@pytest.mark.parametrize("token", TABLES["aws"])
def test_unchanged_outputs_stay_known(aws: Desk, token: str) -> None:
    """GIVEN a resource WHEN tags change THEN the preview leaves ids and arns known: no phantom difference below."""
    inputs = aws.inputs(token, SAMPLES[token])
    _, outputs = aws.create(token, inputs)
    news = {**inputs, "tags": {"a": "b"}} if SCHEMA.types[token].taggable else inputs
    found = aws.update(token, olds=outputs, old_inputs=inputs, news=news, preview=True)
    unknown = {name for name, value in found.items() if value == UNKNOWN}
    assert unknown <= {"etag", "lastModifiedTime"}
    assert token == STORE or not unknown


@pytest.mark.parametrize("token", [DISTRIBUTION_TYPE, "aws:cloudfront/originAccessControl:OriginAccessControl", STORE])
def test_replacement_has_another_identity(aws: Desk, token: str) -> None:
    """WHEN the very same resource is created again THEN what AWS draws is drawn anew."""
    inputs = aws.inputs(token, SAMPLES[token])
    made = [aws.create(token, inputs)[1]["arn"] for _ in range(20)]
    assert len(set(made)) == len(made)


def test_two_resources_never_share_an_id(aws: Desk) -> None:
    inputs = aws.inputs(DISTRIBUTION_TYPE, DISTRIBUTION)
    ids = {aws.create(DISTRIBUTION_TYPE, inputs, name=f"n{number}")[0] for number in range(200)}
    assert len(ids) == 200


def test_distribution_gets_a_new_etag_and_keeps_its_host(aws: Desk) -> None:
    inputs = aws.inputs(DISTRIBUTION_TYPE, DISTRIBUTION)
    _, old = aws.create(DISTRIBUTION_TYPE, inputs)
    new = aws.update(DISTRIBUTION_TYPE, olds=old, old_inputs=inputs, news={**inputs, "comment": "new"})
    assert new["etag"] != old["etag"]
    assert (new["domainName"], new["arn"]) == (old["domainName"], old["arn"])
    assert new["hostedZoneId"] == "Z2FDTNDATAQYW2"


@pytest.mark.parametrize(("wait", "status"), [(True, "Deployed"), (False, "InProgress")])
def test_distribution_status(aws: Desk, wait: bool, status: str) -> None:
    _, outputs = aws.make(DISTRIBUTION_TYPE, {**DISTRIBUTION, "waitForDeployment": wait})
    assert outputs["status"] == status


def test_stream_has_a_new_arn_each_time(aws: Desk) -> None:
    inputs = aws.inputs(TABLE, SAMPLES[TABLE])
    _, off = aws.create(TABLE, inputs)
    assert off["streamArn"] == ""
    streaming = {**inputs, "streamEnabled": True, "streamViewType": "NEW_IMAGE"}
    preview = aws.update(TABLE, olds=off, old_inputs=inputs, news=streaming, preview=True)
    assert preview["streamArn"] == UNKNOWN
    on = aws.update(TABLE, olds=off, old_inputs=inputs, news=streaming)
    assert re.fullmatch(rf"{on['arn']}/stream/\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}", on["streamArn"])
    tagged = aws.update(TABLE, olds=on, old_inputs=streaming, news={**streaming, "tags": {"a": "b"}})
    assert tagged["streamArn"] == on["streamArn"]
    off_again = aws.update(TABLE, olds=on, old_inputs=streaming, news=inputs)
    assert off_again["streamArn"] == ""


def test_table_item_with_another_key_value(aws: Desk) -> None:
    token = "aws:dynamodb/tableItem:TableItem"
    inputs = aws.inputs(token, SAMPLES[token])
    _, old = aws.create(token, inputs)
    new = aws.update(token, olds=old, old_inputs=inputs, news={**inputs, "item": '{"pk": {"S": "limits#other"}}'})
    assert new["hashKeyValue"] == "limits#other"


@pytest.mark.parametrize(
    ("unit", "form"),
    [
        ("DAILY", r"\d{4}-\d\d-\d\d_00:00"),
        ("QUARTERLY", r"\d{4}-(01|04|07|10)-01_00:00"),
        ("ANNUALLY", r"\d{4}-01-01_00:00"),
    ],
)
def test_budget_starts_with_its_period(aws: Desk, unit: str, form: str) -> None:
    token = "aws:budgets/budget:Budget"
    _, outputs = aws.make(token, {**SAMPLES[token], "timeUnit": unit})
    assert re.fullmatch(form, outputs["timePeriodStart"])
    assert outputs["timePeriodEnd"] == "2087-06-15_00:00"


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-1"])
def test_own_region_is_in_the_arn(aws: Desk, region: str) -> None:
    token = "aws:cloudwatch/logGroup:LogGroup"
    _, outputs = aws.make(token, {"name": "/aws/lambda/us-east-1.edge", "region": region})
    assert outputs["arn"] == f"arn:aws:logs:{region}:{ACCOUNT}:log-group:/aws/lambda/us-east-1.edge"


def test_given_value_wins_over_a_computed_one(aws: Desk) -> None:
    token = "aws:s3/bucketObjectv2:BucketObjectv2"
    _, outputs = aws.make(token, {**SAMPLES[token], "contentType": "application/json"})
    assert (outputs["contentType"], outputs["storageClass"]) == ("application/json", "STANDARD")


class TestObject:
    """An S3 object's etag is the MD5 of its bytes, wherever they come from."""

    TYPE = "aws:s3/bucketObjectv2:BucketObjectv2"
    MD5 = "4b3a6218bb3e3a7303e8a171a60fcf92"

    def etag(self, aws: Desk, **content: Any) -> str:
        return str(aws.make(self.TYPE, {"bucket": "models", "key": "k", **content})[1]["etag"])

    def test_of_a_file(self, aws: Desk, tmp_path: Path) -> None:
        (tmp_path / "model").write_bytes(b"bytes")
        source = {SIGNATURE_KEY: ASSET_SIGNATURE, "hash": "ab", "path": str(tmp_path / "model")}
        assert self.etag(aws, source=source) == self.MD5

    @pytest.mark.parametrize(
        "content",
        [
            {"content": "bytes"},
            {"contentBase64": "Ynl0ZXM="},
            {"source": {SIGNATURE_KEY: ASSET_SIGNATURE, "hash": "ab", "text": "bytes"}},
        ],
    )
    def test_of_a_text(self, aws: Desk, content: dict[str, Any]) -> None:
        assert self.etag(aws, **content) == self.MD5

    @pytest.mark.parametrize(
        "content",
        [
            {"content": "bytes", "kmsKeyId": "arn:aws:kms:us-east-1:000000000000:key/1"},
            {"source": {SIGNATURE_KEY: ASSET_SIGNATURE, "hash": "ab", "path": "/no/such/file"}},
        ],
    )
    def test_that_is_opaque(self, aws: Desk, content: dict[str, Any]) -> None:
        assert re.fullmatch("[a-z0-9]{32}", self.etag(aws, **content))
        assert self.etag(aws, **content) != self.MD5

    def test_of_a_remote_asset(self, aws: Desk) -> None:
        source = {SIGNATURE_KEY: ASSET_SIGNATURE, "uri": "https://example.com/model"}
        assert "local assets only" in aws.check(self.TYPE, {"bucket": "models", "source": source})[1]["source"]

    def test_that_changes(self, aws: Desk) -> None:
        inputs = aws.inputs(self.TYPE, {"bucket": "models", "content": "old"})
        _, old = aws.create(self.TYPE, inputs)
        news = {**inputs, "content": "bytes"}
        assert aws.update(self.TYPE, olds=old, old_inputs=inputs, news=news, preview=True)["etag"] == UNKNOWN
        assert aws.update(self.TYPE, olds=old, old_inputs=inputs, news=news)["etag"] == self.MD5


def test_role_with_a_path(aws: Desk) -> None:
    token = "aws:iam/role:Role"
    _, outputs = aws.make(token, {**SAMPLES[token], "name": "edge", "path": "/edgewise/"})
    assert outputs["arn"] == f"arn:aws:iam::{ACCOUNT}:role/edgewise/edge"
    assert re.fullmatch("AROA[A-Z0-9]{17}", outputs["uniqueId"])
