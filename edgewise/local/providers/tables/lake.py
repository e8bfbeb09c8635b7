"""The lake: Firehose, Glue, Athena (facts/resources.md, 6)."""

from collections.abc import Iterator, Mapping

from edgewise.local.providers.behaviour import ANY_CHANGE, AutoName, Behaviour, Limit, Output, Refusal, at
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

S3 = "extendedS3Configuration"
BIG_BUFFER_MIB = 64  # u: dynamic partitioning and Parquet want at least this
DESTINATIONS = (
    "extended_s3",
    "redshift",
    "elasticsearch",
    "splunk",
    "http_endpoint",
    "opensearch",
    "opensearchserverless",
    "iceberg",
    "snowflake",
)
LOWER = r"[^A-Z]{1,255}"
ATHENA_NAME = r"[a-zA-Z0-9._-]{1,128}"
MIN_CUTOFF_BYTES = 10_485_760  # T: athena/workgroup.go; AWS itself says 10,000,000


def _destination_block(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs["destination"] == "extended_s3" and inputs.get(S3) is None:
        yield Failure(path=S3, reason="missing; destination extended_s3 needs it")


def _error_prefix(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Ask for an error prefix with the error's type beside a prefix with expressions (u)."""
    for path, prefix in at(inputs, f"{S3}.prefix"):
        error = inputs[S3].get("errorOutputPrefix")
        if "!{" in prefix and error != UNKNOWN and "!{firehose:error-output-type}" not in (error or ""):
            reason = "a prefix with !{…} needs an errorOutputPrefix with !{firehose:error-output-type}"
            yield Failure(path=path.replace("prefix", "errorOutputPrefix"), reason=reason)


def _big_buffers(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for path, block in at(inputs, S3):
        size = block.get("bufferingSize", 5)
        big = [
            name
            for name, flag in (
                ("dynamicPartitioningConfiguration", "enabled"),
                ("dataFormatConversionConfiguration", "enabled"),
            )
            if isinstance(block.get(name), Mapping) and block[name].get(flag, name.startswith("data")) is True
        ]
        if big and size != UNKNOWN and size < BIG_BUFFER_MIB:
            yield Failure(path=f"{path}.bufferingSize", reason=f"{size} MiB; {big[0]} needs at least {BIG_BUFFER_MIB}")
        compression = block.get("compressionFormat", "UNCOMPRESSED")
        if "dataFormatConversionConfiguration" in big and compression not in ("UNCOMPRESSED", UNKNOWN):
            reason = f"{compression}; Parquet and ORC compress themselves, leave it UNCOMPRESSED"
            yield Failure(path=f"{path}.compressionFormat", reason=reason)


def _table_type(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a table without a type: Athena's DDL fails on it."""
    if inputs.get("storageDescriptor") is not None and inputs.get("tableType") is None:
        yield Failure(path="tableType", reason="missing; Athena needs EXTERNAL_TABLE")


def _projected_keys(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse a projected column that is no partition key (aws-cdk#27365)."""
    parameters = inputs.get("parameters")
    if not isinstance(parameters, Mapping) or parameters.get("projection.enabled") != "true":
        return
    keys = {name for _, name in at(inputs, "partitionKeys[].name")}
    for name in parameters:
        parts = name.split(".")
        if len(parts) == 3 and parts[0] == "projection" and parts[1] not in keys:
            reason = f"{parts[1]!r} is projected and no partition key; the keys are {sorted(keys)}"
            yield Failure(path=f'parameters["{name}"]', reason=reason)


def _not_empty(outputs: Mapping[str, Json]) -> Iterator[Failure]:
    if outputs.get("name") == "primary":
        yield Failure(path="name", reason="the workgroup primary can't be deleted")


TABLE: Mapping[str, Behaviour] = {
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream": Behaviour(
        id="{arn}",
        auto_name=AutoName(),
        defaults={
            f"{S3}.bufferingInterval": 300,
            f"{S3}.bufferingSize": 5,
            f"{S3}.compressionFormat": "UNCOMPRESSED",
            f"{S3}.customTimeZone": "UTC",
            f"{S3}.s3BackupMode": "Disabled",
        },
        outputs={
            "arn": Output(make="arn:aws:firehose:{region}:{account}:deliverystream/{name}"),
            "destinationId": Output(make="destinationId-000000000001"),
            "versionId": Output(
                make=lambda facts: str(int(facts.old("versionId") or 0) + 1),
                renew_on=frozenset({S3, "serverSideEncryption", "destination"}),
            ),
        },
        replaces=frozenset({"name", "kinesisSourceConfiguration", "mskSourceConfiguration", "region"}),
        limits=(
            Limit(path="name", pattern=r"[a-zA-Z0-9_.-]{1,64}", source="T: schema"),
            Limit(path="destination", one_of=DESTINATIONS, source="T: schema"),
            Limit(path=f"{S3}.bufferingSize", minimum=1, maximum=128, source="T: schema"),
            Limit(path=f"{S3}.bufferingInterval", minimum=0, maximum=900, source="T: schema"),
            Limit(
                path=f"{S3}.compressionFormat",
                one_of=("UNCOMPRESSED", "GZIP", "ZIP", "Snappy", "HADOOP_SNAPPY"),
                source="B: firehose CompressionFormat",
            ),
        ),
        rules=(_destination_block,),
        refusals=(
            Refusal(error="InvalidArgumentException", rule=_error_prefix),
            Refusal(error="InvalidArgumentException", rule=_big_buffers),
        ),
    ),
    "aws:glue/catalogDatabase:CatalogDatabase": Behaviour(
        id="{catalogId}:{name}",
        auto_name=AutoName(form="letters"),
        outputs={
            "catalogId": Output(make="{account}"),
            "arn": Output(make="arn:aws:glue:{region}:{catalogId}:database/{name}"),
            "locationUri": Output(make=""),
        },
        replaces=frozenset({"name", "catalogId", "region"}),
        limits=(Limit(path="name", pattern=LOWER, source="T: schema, lower-case"),),
    ),
    "aws:glue/catalogTable:CatalogTable": Behaviour(
        id="{catalogId}:{databaseName}:{name}",
        auto_name=AutoName(form="letters"),
        outputs={
            "catalogId": Output(make="{account}"),
            "arn": Output(make="arn:aws:glue:{region}:{catalogId}:table/{databaseName}/{name}"),
        },
        replaces=frozenset({"name", "databaseName", "catalogId", "region"}),
        limits=(
            Limit(path="name", pattern=LOWER, source="T: schema, lower-case"),
            Limit(path="viewOriginalText", max_length=409_600, source="T: schema"),
        ),
        refusals=(
            Refusal(error="InvalidInputException", rule=_table_type),
            Refusal(error="InvalidInputException", rule=_projected_keys),
        ),
    ),
    "aws:athena/workgroup:Workgroup": Behaviour(
        id="{name}",
        auto_name=AutoName(),
        defaults={
            "forceDestroy": False,
            "state": "ENABLED",
            "configuration.enforceWorkgroupConfiguration": True,
            "configuration.publishCloudwatchMetricsEnabled": True,
        },
        outputs={"arn": Output(make="arn:aws:athena:{region}:{account}:workgroup/{name}")},
        replaces=frozenset({"name", "region"}),
        limits=(
            Limit(path="name", pattern=ATHENA_NAME, source="T: schema"),
            Limit(path="description", max_length=1024, source="T: schema"),
            Limit(path="state", one_of=("ENABLED", "DISABLED"), source="B: athena WorkGroupState"),
            Limit(
                path="configuration.bytesScannedCutoffPerQuery",
                minimum=MIN_CUTOFF_BYTES,
                source="T: athena/workgroup.go",
            ),
        ),
        delete_refusals=(Refusal(error="InvalidRequestException", rule=_not_empty),),
    ),
    "aws:athena/namedQuery:NamedQuery": Behaviour(
        id="{uuid}",
        auto_name=AutoName(max_length=128),
        defaults={"workgroup": "primary"},
        replaces=ANY_CHANGE,
        limits=(
            Limit(path="query", min_length=1, max_length=262_144, source="B: athena QueryString"),
            Limit(path="description", max_length=1024, source="B: athena DescriptionString"),
        ),
    ),
}
