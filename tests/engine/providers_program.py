"""One POST endpoint, whole, in pulumi_aws's own classes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

NAME = "edgewise-local-face-match"
TABLE = "edgewise-local-ledger"
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
READ = ["GET", "HEAD"]
ALL = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
REGIONS = ("us-east-1", "eu-central-1", "ap-northeast-1")
HEX_DIGITS: dict[str, Any] = {
    "length": 64,
    "lower": False,
    "upper": False,
    "numeric": False,
    "special": True,
    "override_special": "0123456789abcdef",
}


@dataclass(kw_only=True)
class Knobs:
    """What the tests turn between two runs."""

    edge_zip: Path
    model: Path
    store: str = NAME
    memory_mb: int = 512
    closed_until: str = "0"
    qualified: bool = True


def trust(*services: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": list(services)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def model_store(knobs: Knobs) -> tuple[aws.s3.Bucket, aws.s3.BucketPublicAccessBlock]:
    bucket = aws.s3.Bucket("models")
    aws.s3.BucketVersioning("versioning", bucket=bucket.id, versioning_configuration={"status": "Enabled"})
    aws.s3.BucketOwnershipControls("ownership", bucket=bucket.id, rule={"object_ownership": "BucketOwnerEnforced"})
    aws.s3.BucketServerSideEncryptionConfiguration(
        "encryption",
        bucket=bucket.id,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    )
    aws.s3.BucketLifecycleConfiguration(
        "lifecycle",
        bucket=bucket.id,
        rules=[
            {
                "id": "old",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "noncurrent_version_expiration": {"noncurrent_days": 30},
            }
        ],
    )
    block = aws.s3.BucketPublicAccessBlock(
        "block",
        bucket=bucket.id,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    aws.s3.BucketObjectv2(
        "model",
        bucket=bucket.id,
        key="models/00.onnx",
        source=pulumi.FileAsset(str(knobs.model)),
        cache_control="public, max-age=31536000, immutable",
    )
    return bucket, block


def edge_function(knobs: Knobs, table: aws.dynamodb.Table) -> aws.lambda_.Function:
    role = aws.iam.Role("role", name=NAME, assume_role_policy=trust("lambda.amazonaws.com", "edgelambda.amazonaws.com"))
    policy = aws.iam.RolePolicy(
        "permissions",
        role=role.name,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [{"Resource": table.arn}]}),
    )
    logs = [
        aws.cloudwatch.LogGroup(
            f"logs-{region}", name=f"/aws/lambda/us-east-1.{NAME}", region=region, retention_in_days=14
        )
        for region in REGIONS
    ]
    return aws.lambda_.Function(
        "edge",
        name=NAME,
        region="us-east-1",
        role=role.arn,
        runtime="python3.13",
        handler="inference.handler.handler",
        code=pulumi.FileArchive(str(knobs.edge_zip)),
        architectures=["x86_64"],
        memory_size=knobs.memory_mb,
        timeout=3,
        publish=True,
        skip_destroy=True,
        opts=pulumi.ResourceOptions(depends_on=[policy, *logs]),
    )


def gate_of(knobs: Knobs) -> tuple[aws.cloudfront.Function, random.RandomPassword]:
    key = random.RandomPassword("signing-key", **HEX_DIGITS)
    store = aws.cloudfront.KeyValueStore("store", name=knobs.store)
    aws.cloudfront.KeyvaluestoreKey("key-k1", key_value_store_arn=store.arn, key="key:k1", value=key.result)
    aws.cloudfront.KeyvaluestoreKey(
        "closed-until",
        key_value_store_arn=store.arn,
        key="closed_until",
        value=knobs.closed_until,
        opts=pulumi.ResourceOptions(ignore_changes=["value"]),
    )
    gate = aws.cloudfront.Function(
        "gate",
        name=NAME,
        runtime="cloudfront-js-2.0",
        code="function handler(event) { return event.request; }",
        key_value_store_associations=[store.arn],
    )
    return gate, key


def endpoint(knobs: Knobs) -> None:
    """Declare the chain of one POST endpoint (facts/resources.md)."""
    caller = aws.get_caller_identity()
    bucket, block = model_store(knobs)
    table = aws.dynamodb.Table(
        "ledger",
        name=TABLE,
        billing_mode="PAY_PER_REQUEST",
        hash_key="pk",
        attributes=[{"name": "pk", "type": "S"}],
        point_in_time_recovery={"enabled": True},
    )
    function = edge_function(knobs, table)
    gate, key = gate_of(knobs)
    access = aws.cloudfront.OriginAccessControl(
        "access", name=NAME, origin_access_control_origin_type="s3", signing_behavior="always", signing_protocol="sigv4"
    )
    headers = aws.cloudfront.ResponseHeadersPolicy(
        "headers", name=NAME, security_headers_config={"content_type_options": {"override": True}}
    )

    def behaviour(policy: str, **more: Any) -> Any:
        return {
            "target_origin_id": "models",
            "viewer_protocol_policy": "https-only",
            "allowed_methods": READ,
            "cached_methods": READ,
            "cache_policy_id": policy,
            "response_headers_policy_id": headers.id,
            "function_associations": [{"event_type": "viewer-request", "function_arn": gate.arn}],
            **more,
        }

    edge: dict[str, Any] = {
        "event_type": "origin-request",
        "lambda_arn": function.qualified_arn if knobs.qualified else pulumi.Output.concat(function.arn, ":$LATEST"),
        "include_body": True,
    }
    origin: Any = {
        "origin_id": "models",
        "domain_name": bucket.bucket_regional_domain_name,
        "origin_access_control_id": access.id,
    }
    distribution = aws.cloudfront.Distribution(
        "distribution",
        enabled=True,
        origins=[origin],
        default_cache_behavior=behaviour(CACHING_DISABLED),
        ordered_cache_behaviors=[
            behaviour(
                CACHING_DISABLED,
                path_pattern="/v1/face-match/*",
                allowed_methods=ALL,
                lambda_function_associations=[edge],
            ),
            behaviour(CACHING_OPTIMIZED, path_pattern="/models/*"),
        ],
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={"cloudfront_default_certificate": True},
    )
    aws.s3.BucketPolicy(
        "read",
        bucket=bucket.id,
        policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Condition": {"StringEquals": {"AWS:SourceArn": distribution.arn}}}],
            }
        ),
        opts=pulumi.ResourceOptions(depends_on=[block]),
    )
    item = pulumi.Output.json_dumps({"pk": {"S": "limits#face-match"}, "fetch_token": {"S": key.result}})
    aws.dynamodb.TableItem(
        "limits",
        table_name=table.name,
        hash_key="pk",
        item=item,  # secret, because the key in it is
    )
    pulumi.export("account", caller.account_id)
    pulumi.export("host", distribution.domain_name)
    pulumi.export("version", function.version)
    pulumi.export("key", key.result)
