"""Lambda: function, permission, event source mapping, asynchronous calls (facts/resources.md, 4)."""

from collections.abc import Callable, Iterator, Mapping

from edgewise.local.providers.behaviour import ANY_CHANGE, AutoName, Behaviour, Facts, Limit, Output, one_of
from edgewise.local.providers.outputs import base64_sha256
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import UNKNOWN, Json

# T: lambda/function.go, needsFunctionCodeUpdate and needsFunctionConfigUpdate. Tags and reserved concurrency are in
# neither: they publish no version.
CODE = frozenset(
    {"architectures", "code", "imageUri", "s3Bucket", "s3Key", "s3ObjectVersion", "sourceCodeHash"},
)
CONFIG = frozenset(
    {
        "deadLetterConfig",
        "description",
        "environment",
        "ephemeralStorage",
        "fileSystemConfig",
        "handler",
        "imageConfig",
        "kmsKeyArn",
        "layers",
        "loggingConfig",
        "memorySize",
        "role",
        "runtime",
        "snapStart",
        "timeout",
        "tracingConfig",
        "vpcConfig",
    }
)
PUBLISHES = CODE | CONFIG | {"publish"}


def _version(facts: Facts) -> str:
    """Count up from the last version; a function that never published has only $LATEST."""
    if not facts.get("publish"):
        return "$LATEST"
    last = facts.old("version")
    return str(int(last) + 1) if last and last != "$LATEST" else "1"


def _published(make: str | Callable[[Facts], Json]) -> Output:
    return Output(make=make, renew_on=PUBLISHES, only_if="publish", planned=True)


def _code_digest(facts: Facts) -> str | None:
    """AWS's own is the SHA-256 of the zip; the engine's hash of a zip file is that too, in hex."""
    code = facts.get("code")
    return base64_sha256(code["hash"]) if isinstance(code, Mapping) and code.get("hash") else None


def _log_group(facts: Facts) -> Json:
    return {"logFormat": "Text", "logGroup": f"/aws/lambda/{facts['name']}"}


def _one_code(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from one_of("code", inputs, ("code", "imageUri", "s3Bucket"))


def _zip_needs(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if inputs.get("packageType") != "Zip":
        return
    for name in ("handler", "runtime"):
        if not inputs.get(name):
            yield Failure(path=name, reason="must be set when packageType is Zip")


def _source_for_dynamodb(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    source, start = inputs.get("eventSourceArn"), inputs.get("startingPosition")
    if not isinstance(source, str) or ":dynamodb:" not in source:
        return
    if start is None:
        yield Failure(path="startingPosition", reason="missing; a DynamoDB stream needs TRIM_HORIZON or LATEST")
    elif start == "AT_TIMESTAMP":
        yield Failure(path="startingPosition", reason="AT_TIMESTAMP is not for DynamoDB; use TRIM_HORIZON or LATEST")
    if "/stream/" not in source:
        yield Failure(path="eventSourceArn", reason=f"{source} is a table, not its stream; pass table.streamArn")


def _age(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    age = inputs.get("maximumRecordAgeInSeconds")
    if age not in (None, UNKNOWN, -1) and not 60 <= age <= 604_800:
        yield Failure(path="maximumRecordAgeInSeconds", reason=f"{age} is neither -1 nor from 60 to 604800")


def _function_arn(facts: Facts) -> str:
    name = facts["functionName"]
    if name == UNKNOWN or name.startswith("arn:"):
        return str(name)
    return f"arn:aws:lambda:{facts['region']}:{facts['account']}:function:{name}"


INVOKE = "arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{arn}/invocations"

TABLE: Mapping[str, Behaviour] = {
    "aws:lambda/function:Function": Behaviour(
        id="{name}",
        auto_name=AutoName(max_length=64),
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
        },
        outputs={
            "arn": Output(make="arn:aws:lambda:{region}:{account}:function:{name}"),
            "version": _published(_version),
            "qualifiedArn": _published("{arn}:{version}"),
            "invokeArn": Output(make=INVOKE),
            "qualifiedInvokeArn": _published(INVOKE.replace("{arn}", "{qualifiedArn}")),
            "responseStreamingInvokeArn": Output(
                make="arn:aws:apigateway:{region}:lambda:path/2021-11-15/functions/{arn}/response-streaming-invocations"
            ),
            "architectures": Output(make=["x86_64"]),
            "codeSha256": Output(make=_code_digest, renew_on=CODE),
            "sourceCodeHash": Output(make=_code_digest, renew_on=CODE),
            "ephemeralStorage": Output(make={"size": 512}),
            "tracingConfig": Output(make={"mode": "PassThrough"}),
            "loggingConfig": Output(make=_log_group),
            "lastModified": Output(make="{now}", renew_on=CODE, planned=True),
            "signingJobArn": Output(make=""),
            "signingProfileVersionArn": Output(make=""),
        },
        unset=frozenset({"sourceCodeSize"}),
        replaces=frozenset({"name", "packageType", "tenancyConfig", "region"}),
        limits=(
            Limit(path="name", pattern=r"[a-zA-Z0-9-_]{1,64}", source="B: lambda FunctionName"),
            Limit(path="handler", max_length=128, source="B: lambda Handler"),
            Limit(path="memorySize", minimum=128, maximum=10_240, source="T: lambda/function.go"),
            Limit(path="timeout", minimum=1, maximum=900, source="T: lambda/function.go"),
            Limit(path="ephemeralStorage.size", minimum=512, maximum=10_240, source="T: lambda/function.go"),
            Limit(path="layers", max_length=5, source="T: lambda/function.go"),
            Limit(path="packageType", one_of=("Zip", "Image"), source="B"),
            Limit(path="architectures", max_length=1, source="T: lambda/function.go"),
            Limit(path="architectures[]", one_of=("x86_64", "arm64"), source="B: lambda Architecture"),
            Limit(path="reservedConcurrentExecutions", minimum=-1, source="T: lambda/function.go"),
            Limit(path="tracingConfig.mode", one_of=("Active", "PassThrough"), source="B"),
            Limit(path="role", pattern=r"arn:aws[a-z-]*:iam::\d{12}:role/.+", source="T: verify.ValidARN"),
        ),
        rules=(_one_code, _zip_needs),
    ),
    "aws:lambda/permission:Permission": Behaviour(
        id="{statementId}",
        auto_name=AutoName(prop="statementId", max_length=100),
        replaces=ANY_CHANGE,  # T: lambda/permission.go
        limits=(
            Limit(path="action", pattern=r"(lambda:[*]|lambda:[a-zA-Z]+|[*])", source="B: lambda Action"),
            Limit(path="statementId", pattern=r"[a-zA-Z0-9-_]{1,100}", source="B: lambda StatementId"),
        ),
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Behaviour(
        id="{uuid}",
        defaults={"enabled": True},
        outputs={
            "uuid": Output(make="{uuid}"),
            "arn": Output(make="arn:aws:lambda:{region}:{account}:event-source-mapping:{uuid}"),
            "functionArn": Output(make=_function_arn, renew_on=frozenset({"functionName"})),
            "batchSize": Output(make=100),
            "maximumRecordAgeInSeconds": Output(make=-1),
            "maximumRetryAttempts": Output(make=-1),
            "parallelizationFactor": Output(make=1),
            "lastModified": Output(make="{now}", renew_on=ANY_CHANGE),
            "lastProcessingResult": Output(make="No records processed"),
            "state": Output(
                make=lambda facts: "Enabled" if facts["enabled"] else "Disabled", renew_on=frozenset({"enabled"})
            ),
            "stateTransitionReason": Output(make="USER_INITIATED"),
        },
        replaces=frozenset({"eventSourceArn", "startingPosition", "startingPositionTimestamp", "region"}),
        limits=(
            Limit(path="startingPosition", one_of=("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"), source="B"),
            Limit(path="batchSize", minimum=1, maximum=10_000, source="B: lambda BatchSize"),
            Limit(path="maximumBatchingWindowInSeconds", minimum=0, maximum=300, source="B"),
            Limit(path="maximumRetryAttempts", minimum=-1, maximum=10_000, source="B"),
            Limit(path="parallelizationFactor", minimum=1, maximum=10, source="B"),
            Limit(path="tumblingWindowInSeconds", minimum=0, maximum=900, source="B"),
            Limit(path="filterCriteria.filters", max_length=10, source="T: lambda/event_source_mapping.go"),
            Limit(path="filterCriteria.filters[].pattern", max_length=4096, source="B"),
            Limit(path="functionResponseTypes[]", one_of=("ReportBatchItemFailures",), source="B"),
            Limit(
                path="destinationConfig.onFailure.destinationArn",
                pattern=r"arn:aws:(sqs|sns|s3|kafka):.*",
                source="B: lambda DestinationArn",
            ),
        ),
        rules=(_source_for_dynamodb, _age),
        unordered=frozenset({"filters", "functionResponseTypes"}),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Behaviour(
        # T: lambda/function_event_invoke_config.go; with a qualifier it stands behind a colon, which nothing here uses.
        id="{functionName}",
        replaces=frozenset({"functionName", "qualifier", "region"}),
        limits=(
            Limit(path="maximumRetryAttempts", minimum=0, maximum=2, source="B: lambda MaximumRetryAttempts"),
            Limit(
                path="maximumEventAgeInSeconds",
                minimum=60,
                maximum=21_600,
                source="B: lambda MaximumEventAgeInSeconds",
            ),
            Limit(path="destinationConfig.onFailure.destination", pattern=r"arn:aws:.*", source="T: verify.ValidARN"),
            Limit(path="destinationConfig.onSuccess.destination", pattern=r"arn:aws:.*", source="T: verify.ValidARN"),
        ),
    ),
}
