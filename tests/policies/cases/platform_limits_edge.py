"""Functions that a distribution runs, and what CloudFront takes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

ALL_METHODS: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
READ_METHODS: Final = ["GET", "HEAD"]
CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
BOTH: Final = ("lambda.amazonaws.com", "edgelambda.amazonaws.com")
EDGE_REGIONS: Final = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-central-1", "eu-west-1", "eu-west-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "sa-east-1"),
)
CUSTOM_ORIGIN: Final = {
    "origin_id": "site",
    "domain_name": "www.example.com",
    "custom_origin_config": {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
    },
}


def _trust(*services: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _role(name: str, *services: str) -> aws.iam.Role:
    return aws.iam.Role(f"{name}-role", assume_role_policy=_trust(*(services or BOTH)))


def _code() -> pulumi.AssetArchive:
    return pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def answer(event, context): ...")})


def _function(name: str, /, role: aws.iam.Role | None = None, **more: Any) -> aws.lambda_.Function:
    """Declare a function that may run at the edge, but for what `more` says."""
    settings: dict[str, Any] = {
        "role": (role or _role(name)).arn,
        "runtime": "python3.13",
        "handler": "handler.answer",
        "code": _code(),
        "publish": True,
        "timeout": 3,
        "skip_destroy": True,
        "region": "us-east-1",
    }
    return aws.lambda_.Function(f"{name}-function", **(settings | more))


def _runs(arn: pulumi.Input[str], event: str = "origin-request", *, body: bool = True) -> dict[str, Any]:
    return {"event_type": event, "lambda_arn": arn, "include_body": body}


def _behaviour(*lambdas: dict[str, Any], **more: Any) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "target_origin_id": "site",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ALL_METHODS,
        "cached_methods": READ_METHODS,
        "cache_policy_id": CACHING_DISABLED,
        "lambda_function_associations": list(lambdas),
    }
    return settings | more


def _distribution(
    name: str,
    behaviour: dict[str, Any] | None = None,
    *,
    paths: Sequence[dict[str, Any]] = (),
    origins: Sequence[dict[str, Any]] = (CUSTOM_ORIGIN,),
    **more: Any,
) -> aws.cloudfront.Distribution:
    settings: dict[str, Any] = {
        "enabled": True,
        "origins": list(origins),
        "default_cache_behavior": behaviour or _behaviour(allowed_methods=READ_METHODS),
        "ordered_cache_behaviors": list(paths),
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    return aws.cloudfront.Distribution(f"{name}-distribution", **(settings | more))


def _at_edge(name: str, /, **more: Any) -> None:
    """Declare a distribution that runs a function with these settings on every path."""
    _distribution(name, _behaviour(_runs(_function(name, **more).qualified_arn)))


def _on_path(name: str, /, **more: Any) -> None:
    """Declare a distribution that runs a function with these settings on the inference path alone."""
    arn = _function(name, **more).qualified_arn
    _distribution(name, paths=[_behaviour(_runs(arn), path_pattern="/v1/face-match/*")])


def bad_edge_region_1(name: str) -> None:
    _at_edge(name, region="eu-central-1")


def bad_edge_region_2(name: str) -> None:
    _on_path(name, region="us-west-2")


def good_edge_region_1(name: str) -> None:
    _at_edge(name)


def good_edge_region_2(name: str) -> None:
    """Region from the provider; an ordinary function beside it lives where it likes."""
    _on_path(name, region=None)
    _function(f"{name}-worker", region="eu-central-1")


def aside_edge_region_1(name: str) -> None:
    """A function that no distribution runs."""
    _function(name, region="eu-central-1")


def bad_edge_version_1(name: str) -> None:
    """Without `publish` the only version is $LATEST."""
    _at_edge(name, publish=False)


def bad_edge_version_2(name: str) -> None:
    """An alias."""
    function = _function(name)
    alias = aws.lambda_.Alias(f"{name}-alias", function_name=function.name, function_version=function.version)
    _distribution(name, paths=[_behaviour(_runs(alias.arn), path_pattern="/v1/face-match/*")])


def bad_edge_version_3(name: str) -> None:
    """An ARN from elsewhere, without a number."""
    _distribution(name, _behaviour(_runs("arn:aws:lambda:us-east-1:000000000000:function:elsewhere:live")))


def good_edge_version_1(name: str) -> None:
    _at_edge(name)


def good_edge_version_2(name: str) -> None:
    _distribution(name, _behaviour(_runs("arn:aws:lambda:us-east-1:000000000000:function:elsewhere:7")))


def bad_edge_environment_1(name: str) -> None:
    _at_edge(name, environment={"variables": {"STAGE": "prod"}})


def bad_edge_environment_2(name: str) -> None:
    """Even one whose values are not known yet."""
    table = aws.dynamodb.Table(f"{name}-table", hash_key="pk", attributes=[{"name": "pk", "type": "S"}])
    _on_path(name, environment={"variables": {"TABLE": table.arn}})


def good_edge_environment_1(name: str) -> None:
    _at_edge(name)


def good_edge_environment_2(name: str) -> None:
    """A worker beside it may have one."""
    _on_path(name)
    _function(f"{name}-worker", environment={"variables": {"STAGE": "prod"}})


def bad_edge_architecture_1(name: str) -> None:
    _at_edge(name, architectures=["arm64"])


def bad_edge_architecture_2(name: str) -> None:
    _on_path(name, architectures=["arm64"], runtime="nodejs22.x")


def good_edge_architecture_1(name: str) -> None:
    _at_edge(name, architectures=["x86_64"])


def good_edge_architecture_2(name: str) -> None:
    """Lambda's default is x86_64."""
    _on_path(name)


def bad_edge_duration_1(name: str) -> None:
    _at_edge(name, timeout=31)


def bad_edge_duration_2(name: str) -> None:
    _on_path(name, timeout=900)


def good_edge_duration_1(name: str) -> None:
    _at_edge(name, timeout=30)


def good_edge_duration_2(name: str) -> None:
    """Lambda's default is 3 s."""
    _on_path(name, timeout=None)


def bad_edge_features_1(name: str) -> None:
    _at_edge(name, layers=["arn:aws:lambda:us-east-1:000000000000:layer:numpy:1"])


def bad_edge_features_2(name: str) -> None:
    """Subnets that are not made yet."""
    subnet = aws.ec2.Subnet(f"{name}-subnet", vpc_id="vpc-1", cidr_block="10.0.0.0/24")
    _on_path(name, vpc_config={"subnet_ids": [subnet.id], "security_group_ids": ["sg-1"]})


def bad_edge_features_3(name: str) -> None:
    _at_edge(name, tracing_config={"mode": "Active"}, ephemeral_storage={"size": 2048})


def bad_edge_features_4(name: str) -> None:
    queue = aws.sqs.Queue(f"{name}-queue")
    _at_edge(name, dead_letter_config={"target_arn": queue.arn})


def good_edge_features_1(name: str) -> None:
    _at_edge(name, tracing_config={"mode": "PassThrough"}, ephemeral_storage={"size": 512})


def good_edge_features_2(name: str) -> None:
    _on_path(name)


def bad_edge_trust_1(name: str) -> None:
    """Lambda's own trust only, as every tutorial writes it."""
    _at_edge(name, role=_role(name, "lambda.amazonaws.com"))


def bad_edge_trust_2(name: str) -> None:
    statement = {"Effect": "Deny", "Principal": {"Service": list(BOTH)}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps({"Statement": statement}))
    _on_path(name, role=role)


def good_edge_trust_1(name: str) -> None:
    _at_edge(name)


def good_edge_trust_2(name: str) -> None:
    """One statement a service."""
    statements = [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": ["sts:AssumeRole"]} for service in BOTH
    ]
    role = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps({"Statement": statements}))
    _on_path(name, role=role)


def bad_edge_body_1(name: str) -> None:
    """The path of the contract, and a function that is given no body."""
    arn = _function(name).qualified_arn
    _distribution(name, paths=[_behaviour(_runs(arn, body=False), path_pattern="/v1/face-match/*")])


def bad_edge_body_2(name: str) -> None:
    """A body on a response."""
    _distribution(name, _behaviour(_runs(_function(name).qualified_arn, "origin-response")))


def good_edge_body_1(name: str) -> None:
    _on_path(name)


def good_edge_body_2(name: str) -> None:
    """A rewrite of a site's headers needs no body."""
    _distribution(name, _behaviour(_runs(_function(name).qualified_arn, "viewer-response", body=False)))


def _gate(name: str) -> aws.cloudfront.Function:
    code = "function handler(event) { return event.request; }"
    return aws.cloudfront.Function(f"{name}-gate", name=f"{name}-gate", runtime="cloudfront-js-2.0", code=code)


def bad_edge_events_1(name: str) -> None:
    """A gate and Lambda@Edge, both on the viewer's side."""
    gate = {"event_type": "viewer-request", "function_arn": _gate(name).arn}
    arn = _function(name).qualified_arn
    _distribution(name, _behaviour(_runs(arn, "viewer-response", body=False), function_associations=[gate]))


def bad_edge_events_2(name: str) -> None:
    """Two functions on one event."""
    arn = _function(name).qualified_arn
    _distribution(name, paths=[_behaviour(_runs(arn), _runs(arn), path_pattern="/v1/*")])


def good_edge_events_1(name: str) -> None:
    """A gate before Lambda@Edge on the origin's side."""
    gate = {"event_type": "viewer-request", "function_arn": _gate(name).arn}
    _distribution(name, _behaviour(_runs(_function(name).qualified_arn), function_associations=[gate]))


def good_edge_events_2(name: str) -> None:
    arn = _function(name).qualified_arn
    _distribution(name, _behaviour(_runs(arn), _runs(arn, "origin-response", body=False)))


def _log_groups(function: str, regions: Sequence[str], name: str) -> None:
    for region in regions:
        aws.cloudwatch.LogGroup(
            f"{name}-logs-{region}", name=f"/aws/lambda/us-east-1.{function}", region=region, retention_in_days=30
        )


def bad_edge_log_groups_1(name: str) -> None:
    """None at all."""
    _at_edge(name, name="quiet")


def bad_edge_log_groups_2(name: str) -> None:
    """In the function's own Region only, and one where it never logs."""
    aws.cloudwatch.LogGroup(f"{name}-logs", name="/aws/lambda/lonely", retention_in_days=30)
    _log_groups("lonely", ["us-east-1"], name)
    _on_path(name, name="lonely")


def good_edge_log_groups_1(name: str) -> None:
    _log_groups("everywhere", EDGE_REGIONS, name)
    _at_edge(name, name="everywhere")


def good_edge_log_groups_2(name: str) -> None:
    _log_groups("on-its-path", EDGE_REGIONS, name)
    _on_path(name, name="on-its-path")


def bad_edge_destroy_1(name: str) -> None:
    _at_edge(name, skip_destroy=False)


def bad_edge_destroy_2(name: str) -> None:
    _on_path(name, skip_destroy=None)


def good_edge_destroy_1(name: str) -> None:
    _at_edge(name)


def good_edge_destroy_2(name: str) -> None:
    _on_path(name)
