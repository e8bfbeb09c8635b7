"""Where receipts, telemetry and payloads of an endpoint go."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from tests.policies import raw

# Left out where a rule does not look at it: one program hosts all of this module.
_OPTIONAL: Final = frozenset(
    {
        *("acl", "store", "gate", "bucket", "access", "limits", "log_group"),
        *("dead_letters", "settle", "settle_role", "settle_log"),
        *("topic", "alarm", "budget", "guard", "guard_role", "guard_log"),
    }
)
_TABLE: Final = "arn:aws:dynamodb:us-east-1:000000000000:table/ledger"


def _endpoint(name: str, also: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare a distribution, its function and its ledger, and what is asked for besides."""
    return raw.endpoint(name, without=_OPTIONAL - {*also}, **changes)


def _settled(name: str) -> dict[str, Any]:
    """Declare an endpoint with what reads its ledger's stream."""
    return _endpoint(name, ("settle", "settle_role"))


def _lake(name: str, made: Mapping[str, Any], *more: aws.s3.Bucket) -> aws.s3.Bucket:
    """Declare a bucket, and let the settle function write to it and to more."""
    bucket = aws.s3.Bucket(f"{name}-lake", bucket=f"{name}-lake")
    resources = [pulumi.Output.concat(each.arn, "/receipts/*") for each in (bucket, *more)]
    policy = raw.allow(("s3:PutObject", resources, {}))
    aws.iam.RolePolicy(f"{name}-lake-policy", role=made["settle_role"].name, policy=policy)
    return bucket


def bad_one_sink_1(name: str) -> None:
    """A second reader of the stream."""
    made = _settled(name)
    aws.lambda_.EventSourceMapping(
        f"{name}-second",
        event_source_arn=made["table"].stream_arn,
        function_name=made["settle"].arn,
        starting_position="LATEST",
    )


def bad_one_sink_2(name: str) -> None:
    """Everything once more, into Kinesis."""
    made = _settled(name)
    copy = aws.kinesis.Stream(f"{name}-copy", name=f"{name}-copy")
    aws.dynamodb.KinesisStreamingDestination(f"{name}-copies", table_name=made["table"].name, stream_arn=copy.arn)


def bad_one_sink_3(name: str) -> None:
    """Two lakes."""
    made = _settled(name)
    _lake(name, made, aws.s3.Bucket(f"{name}-second", bucket=f"{name}-second"))


def good_one_sink_1(name: str) -> None:
    _settled(name)


def good_one_sink_2(name: str) -> None:
    _lake(name, _settled(name))


def _stream(name: str, destination: str, **configuration: Any) -> None:
    aws.kinesis.FirehoseDeliveryStream(f"{name}-stream", name=name, destination=destination, **configuration)


def bad_two_clouds_1(name: str) -> None:
    _endpoint(name)
    elsewhere: Any = {"url": "https://logs.example.com/in", "name": "elsewhere", "s3_configuration": _into_bucket()}
    _stream(name, "http_endpoint", http_endpoint_configuration=elsewhere)


def _into_bucket() -> Any:
    return {"bucket_arn": "arn:aws:s3:::lake", "role_arn": "arn:aws:iam::000000000000:role/firehose"}


def bad_two_clouds_2(name: str) -> None:
    _endpoint(name)
    elsewhere: Any = {
        "hec_endpoint": "https://splunk.example.com",
        "hec_token": "0",
        "s3_configuration": _into_bucket(),
    }
    _stream(name, "splunk", splunk_configuration=elsewhere)


def good_two_clouds_1(name: str) -> None:
    _endpoint(name)
    _stream(name, "extended_s3", extended_s3_configuration=_into_bucket())


def good_two_clouds_2(name: str) -> None:
    """Metrics by a stream of their own, into a bucket."""
    made = _endpoint(name)
    stream = aws.kinesis.FirehoseDeliveryStream(
        f"{name}-stream", name=name, destination="extended_s3", extended_s3_configuration=_into_bucket()
    )
    aws.cloudwatch.MetricStream(
        f"{name}-metrics", name=name, firehose_arn=stream.arn, role_arn=made["role"].arn, output_format="json"
    )


def aside_two_clouds_1(name: str) -> None:
    """No stream at all."""
    aws.sns.Topic(f"{name}-topic")


def _firewall_log(name: str, **redacted: Any) -> None:
    made = _endpoint(name, ("acl",))
    aws.wafv2.WebAclLoggingConfiguration(
        f"{name}-log",
        resource_arn=made["acl"].arn,
        log_destination_configs=["arn:aws:s3:::aws-waf-logs-edge"],
        **redacted,
    )


def bad_raw_payload_logged_1(name: str) -> None:
    _firewall_log(name)


def bad_raw_payload_logged_2(name: str) -> None:
    _endpoint(name)
    aws.apigateway.MethodSettings(
        f"{name}-settings",
        rest_api="0",
        stage_name="prod",
        method_path="*/*",
        settings={"logging_level": "INFO", "data_trace_enabled": True},
    )


def bad_raw_payload_logged_3(name: str) -> None:
    """Powertools logs whole events."""
    _endpoint(
        name,
        ("settle", "settle_role"),
        settle={"environment": {"variables": {"POWERTOOLS_LOGGER_LOG_EVENT": "true"}}},
    )


def good_raw_payload_logged_1(name: str) -> None:
    _firewall_log(name, redacted_fields=[{"single_header": {"name": "authorization"}}])


def good_raw_payload_logged_2(name: str) -> None:
    _endpoint(name)
    aws.apigateway.MethodSettings(
        f"{name}-settings", rest_api="0", stage_name="prod", method_path="*/*", settings={"logging_level": "ERROR"}
    )


def _edge_may(action: str | list[str], resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    ledger = {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": _TABLE}
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [ledger, statement]})}


def bad_raw_payload_stored_1(name: str) -> None:
    _endpoint(name, permissions=_edge_may(["s3:PutObject"], "arn:aws:s3:::copies/*"))


def bad_raw_payload_stored_2(name: str) -> None:
    """Into a stream of the program, whose ARN is known after the update only."""
    made = _endpoint(name)
    copies = aws.kinesis.FirehoseDeliveryStream(
        f"{name}-copies", name=name, destination="extended_s3", extended_s3_configuration=_into_bucket()
    )
    policy = raw.allow(("firehose:PutRecord", copies.arn, {}))
    aws.iam.RolePolicy(f"{name}-policy", role=made["role"].name, policy=policy)


def good_raw_payload_stored_1(name: str) -> None:
    _endpoint(name)


def good_raw_payload_stored_2(name: str) -> None:
    """It reads a bucket."""
    _endpoint(name, permissions=_edge_may("s3:GetObject", "arn:aws:s3:::models/*"))


def _rules(name: str, *statements: Mapping[str, Any]) -> dict[str, Any]:
    made = [raw.rule(f"let-in-{index}", index, {"allow": {}}, statement) for index, statement in enumerate(statements)]
    return {"rules": made}


def bad_body_limit_1(name: str) -> None:
    """The path is checked, the length is not."""
    path = raw.matches({"uri_path": {}}, "STARTS_WITH", f"/v1/{name}/")
    _endpoint(name, ("acl",), acl=_rules(name, path))


def bad_body_limit_2(name: str) -> None:
    _endpoint(name, ("acl",), acl={"default_action": {"allow": {}}, "rules": []})


def bad_body_limit_3(name: str) -> None:
    """A size that the firewall never looks at."""
    large = {
        "size_constraint_statement": {
            "comparison_operator": "GT",
            "field_to_match": {"body": {"oversize_handling": "CONTINUE"}},
            "size": 1_000_000,
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }
    block = raw.rule("large", 0, {"block": {}}, large)
    _endpoint(name, ("acl",), acl={"default_action": {"allow": {}}, "rules": [block]})


def good_body_limit_1(name: str) -> None:
    _endpoint(name, ("acl",))


def good_body_limit_2(name: str) -> None:
    """Only so many digits."""
    length = {
        "size_constraint_statement": {
            "comparison_operator": "LE",
            "field_to_match": {"single_header": {"name": "content-length"}},
            "size": 6,
            "text_transformations": [{"priority": 0, "type": "NONE"}],
        }
    }
    path = raw.matches({"uri_path": {}}, "STARTS_WITH", f"/v1/{name}/")
    _endpoint(name, ("acl",), acl=_rules(name, raw.every(path, length)))


def _metric(name: str, value: str) -> None:
    _endpoint(name)
    aws.cloudwatch.LogMetricFilter(
        f"{name}-metric",
        name=name,
        log_group_name="/aws/lambda/us-east-1.face-match",
        pattern="{ $.outcome = * }",
        metric_transformation={"name": "Used", "namespace": "Edge", "value": "1", "dimensions": {"Source": value}},
    )


def _catalogue(name: str, *keys: str) -> None:
    _endpoint(name)
    aws.glue.CatalogTable(
        f"{name}-table",
        name=name.replace("-", "_"),
        database_name="lake",
        partition_keys=[{"name": key, "type": "string"} for key in keys],
    )


def bad_device_dimension_1(name: str) -> None:
    _metric(name, "$.device_id")


def bad_device_dimension_2(name: str) -> None:
    _catalogue(name, "dt", "device")


def good_device_dimension_1(name: str) -> None:
    _metric(name, "$.function")


def good_device_dimension_2(name: str) -> None:
    _catalogue(name, "dt", "function")
