"""The good endpoint's edge."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from edgewise.cost.bound import Assumed
from edgewise.cost.bound.declared import distribution_tags, model_tags
from tests.policies.raw.firewall import acl_rules, seen
from tests.policies.raw.making import Making, arn, code, tags, trust
from tests.policies.raw.names import (
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    DIGEST,
    EDGE_REGIONS,
    EVERY_METHOD,
    GATE_CODE,
    MODEL_BYTES,
    READ,
)


def behaviour(path: str | None, methods: list[str], cache: str, gate: Any, function: Any = None) -> dict[str, Any]:
    """Return a cache behaviour; without a path it is the default one."""
    made: dict[str, Any] = {
        "allowed_methods": methods,
        "cached_methods": READ,
        "cache_policy_id": cache,
        "target_origin_id": "models",
        "viewer_protocol_policy": "https-only",
    }
    if path:
        made["path_pattern"] = path
    if gate is not None:
        made["function_associations"] = [{"event_type": "viewer-request", "function_arn": gate.arn}]
    if function is not None:
        made["lambda_function_associations"] = [
            {"event_type": "origin-request", "include_body": True, "lambda_arn": function.qualified_arn}
        ]
    return made


def behaviours(name: str, gate: Any, function: Any) -> list[dict[str, Any]]:
    """Return the ordered behaviours of a good distribution."""
    return [
        behaviour(f"/v1/{name}/*", EVERY_METHOD, CACHING_DISABLED, gate, function),
        behaviour("/models/*", READ, CACHING_OPTIMIZED, gate),
    ]


def edge(making: Making) -> None:
    """Declare distribution, firewall, gate, function, store and bucket."""
    name = making.name
    made = making.made
    making.make(
        "acl",
        aws.wafv2.WebAcl,
        name=name,
        scope="CLOUDFRONT",
        default_action={"block": {}},
        rules=acl_rules(name),
        visibility_config=seen(name),
        tags=tags(making),
    )
    _function(making)
    store = making.make("store", aws.cloudfront.KeyValueStore, name=name)
    if store is not None:
        entry, of = aws.cloudfront.KeyvaluestoreKey, store.arn
        making.make("closed", entry, key_value_store_arn=of, key="closed_until", value="0")
        making.make("key", entry, key_value_store_arn=of, key="key:k1", value=pulumi.Output.secret("0" * 64))
        making.make("token", entry, key_value_store_arn=of, key="fetch:k1", value=pulumi.Output.secret("1" * 64))
    gate = making.make(
        "gate",
        aws.cloudfront.Function,
        name=name,
        runtime="cloudfront-js-2.0",
        publish=True,
        code=GATE_CODE,
        key_value_store_associations=[store.arn] if store is not None else None,
    )
    _bucket(making)
    making.make(
        "access",
        aws.cloudfront.OriginAccessControl,
        name=name,
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
    )
    bucket, access = made.get("bucket"), made.get("access")
    making.make(
        "distribution",
        aws.cloudfront.Distribution,
        enabled=True,
        http_version="http2and3",
        price_class="PriceClass_100",
        web_acl_id=arn(made.get("acl")),
        aliases=[f"{name}.example.com"],
        origins=[
            {
                "origin_id": "models",
                "domain_name": bucket.bucket_regional_domain_name if bucket is not None else "models.example.com",
                "origin_access_control_id": access.id if access is not None else None,
            }
        ],
        default_cache_behavior=behaviour(None, READ, CACHING_DISABLED, gate),
        ordered_cache_behaviors=behaviours(name, gate, made.get("function")),
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate={
            "acm_certificate_arn": "arn:aws:acm:us-east-1:000000000000:certificate/cases",
            "minimum_protocol_version": "TLSv1.2_2021",
            "ssl_support_method": "sni-only",
        },
        tags=tags(making) | distribution_tags("pro", Assumed()),
    )
    _bucket_policy(making)


def _function(making: Making) -> None:
    name = making.name
    role = making.make(
        "role",
        aws.iam.Role,
        name=name,
        assume_role_policy=trust("lambda.amazonaws.com", "edgelambda.amazonaws.com"),
        tags=tags(making),
    )
    for region in EDGE_REGIONS:
        making.make(
            "log_group",
            aws.cloudwatch.LogGroup,
            suffix=region,
            region=region,
            retention_in_days=14,
            name=f"/aws/lambda/us-east-1.{name}",
            tags=tags(making),
        )
    making.make(
        "function",
        aws.lambda_.Function,
        name=name,
        role=arn(role),
        runtime="python3.13",
        handler="handler.handler",
        code=code(),
        architectures=["x86_64"],
        memory_size=512,
        timeout=3,
        publish=True,
        skip_destroy=True,
        tags=tags(making),
        opts=pulumi.ResourceOptions(depends_on=[*making.groups]),
    )


def _bucket(making: Making) -> None:
    bucket = making.make("bucket", aws.s3.Bucket, tags=tags(making))
    if bucket is None:
        return
    name = bucket.bucket
    making.make(
        "public_access",
        aws.s3.BucketPublicAccessBlock,
        bucket=name,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    making.make(
        "ownership", aws.s3.BucketOwnershipControls, bucket=name, rule={"object_ownership": "BucketOwnerEnforced"}
    )
    making.make(
        "encryption",
        aws.s3.BucketServerSideEncryptionConfiguration,
        bucket=name,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
    )
    making.make(
        "model",
        aws.s3.BucketObjectv2,
        bucket=name,
        key=f"models/{DIGEST}.onnx",
        source=pulumi.StringAsset("a model"),
        tags=tags(making) | model_tags(MODEL_BYTES),
    )


def _bucket_policy(making: Making) -> None:
    bucket, distribution = making.made.get("bucket"), making.made.get("distribution")
    if bucket is None or distribution is None:
        return
    everything = pulumi.Output.concat(bucket.arn, "/*")
    reads = {
        "Sid": "OnlyTheDistribution",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": everything,
        "Condition": {"StringEquals": {"AWS:SourceArn": distribution.arn}},
    }
    tls = {
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, everything],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [reads, tls]})
    making.make("bucket_policy", aws.s3.BucketPolicy, bucket=bucket.bucket, policy=policy)
