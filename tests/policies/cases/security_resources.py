"""Buckets, distributions, rights and secrets of programs of any kind."""

from __future__ import annotations

import json
from typing import Any, Final

import pulumi
import pulumi_aws as aws
import pulumi_random as random

_TABLE: Final = "arn:aws:dynamodb:us-east-1:000000000000:table/orders"
_CLOSED: Final = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _allow(action: str | list[str], resource: str | list[str]) -> str:
    return _document({"Effect": "Allow", "Action": action, "Resource": resource})


def _bucket(name: str, **flags: bool) -> aws.s3.Bucket:
    bucket = aws.s3.Bucket(f"{name}-bucket", bucket=name)
    settings: Any = dict.fromkeys(_CLOSED, True) | flags
    aws.s3.BucketPublicAccessBlock(f"{name}-block", bucket=bucket.bucket, **settings)
    return bucket


def bad_private_bucket_1(name: str) -> None:
    aws.s3.Bucket(f"{name}-bucket")


def bad_private_bucket_2(name: str) -> None:
    _bucket(name, block_public_policy=False)


def bad_private_bucket_3(name: str) -> None:
    """What is left out is off."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    aws.s3.BucketPublicAccessBlock(f"{name}-block", bucket=bucket.id, block_public_acls=True)


def good_private_bucket_1(name: str) -> None:
    _bucket(name)


def good_private_bucket_2(name: str) -> None:
    """The block writes the bucket's name."""
    aws.s3.Bucket(f"{name}-bucket", bucket=name)
    settings: Any = dict.fromkeys(_CLOSED, True)
    aws.s3.BucketPublicAccessBlock(f"{name}-block", bucket=name, **settings)


def _refuses_http(bucket: str, **change: Any) -> str:
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return _document(statement | change)


def bad_bucket_tls_1(name: str) -> None:
    aws.s3.Bucket(f"{name}-bucket")


def bad_bucket_tls_2(name: str) -> None:
    """Reading only."""
    bucket = aws.s3.Bucket(f"{name}-bucket", bucket=name)
    policy = _refuses_http(name, Action="s3:GetObject")
    aws.s3.BucketPolicy(f"{name}-policy", bucket=bucket.bucket, policy=policy)


def good_bucket_tls_1(name: str) -> None:
    bucket = aws.s3.Bucket(f"{name}-bucket", bucket=name)
    aws.s3.BucketPolicy(f"{name}-policy", bucket=bucket.bucket, policy=_refuses_http(name))


def good_bucket_tls_2(name: str) -> None:
    """By the bucket's own ARN, which is known after the update only."""
    bucket = aws.s3.Bucket(f"{name}-bucket")
    resources = [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")]
    statement = json.loads(_refuses_http(name))["Statement"][0] | {"Resource": resources}
    aws.s3.BucketPolicy(f"{name}-policy", bucket=bucket.id, policy=pulumi.Output.json_dumps({"Statement": [statement]}))


def _site(name: str, viewers: str, **own: Any) -> None:
    certificate: Any = own or {"cloudfront_default_certificate": True}
    origins: Any = [{"domain_name": "www.example.com", "origin_id": "site", "custom_origin_config": _https()}]
    aws.cloudfront.Distribution(
        f"{name}-distribution",
        enabled=True,
        origins=origins,
        default_cache_behavior={
            "target_origin_id": "site",
            "viewer_protocol_policy": viewers,
            "allowed_methods": ["GET", "HEAD"],
            "cached_methods": ["GET", "HEAD"],
        },
        restrictions={"geo_restriction": {"restriction_type": "none"}},
        viewer_certificate=certificate,
    )


def _https() -> dict[str, Any]:
    return {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
    }


def _own(lowest: str) -> dict[str, Any]:
    arn = "arn:aws:acm:us-east-1:000000000000:certificate/a"
    return {"acm_certificate_arn": arn, "ssl_support_method": "sni-only", "minimum_protocol_version": lowest}


def bad_viewer_tls_1(name: str) -> None:
    _site(name, "allow-all")


def bad_viewer_tls_2(name: str) -> None:
    _site(name, "https-only", **_own("TLSv1.1_2016"))


def good_viewer_tls_1(name: str) -> None:
    _site(name, "redirect-to-https")


def good_viewer_tls_2(name: str) -> None:
    _site(name, "https-only", **_own("TLSv1.2_2021"))


def _role(name: str, principal: Any = None, **more: Any) -> aws.iam.Role:
    statement = {"Effect": "Allow", "Principal": principal or {"Service": "lambda.amazonaws.com"}}
    trust = _document({**statement, "Action": "sts:AssumeRole", **more})
    return aws.iam.Role(f"{name}-role", assume_role_policy=trust)


def bad_least_privilege_1(name: str) -> None:
    aws.iam.RolePolicy(f"{name}-policy", role=_role(name).name, policy=_allow("dynamodb:*", _TABLE))


def bad_least_privilege_2(name: str) -> None:
    aws.iam.RolePolicy(f"{name}-policy", role=_role(name).name, policy=_allow("dynamodb:PutItem", "*"))


def bad_least_privilege_3(name: str) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    aws.iam.RolePolicyAttachment(f"{name}-attachment", role=_role(name).name, policy_arn=arn)


def good_least_privilege_1(name: str) -> None:
    policy = _allow(["dynamodb:GetItem", "dynamodb:PutItem"], _TABLE)
    aws.iam.RolePolicy(f"{name}-policy", role=_role(name).name, policy=policy)


def good_least_privilege_2(name: str) -> None:
    """On a resource of the program; and an action that AWS grants on everything or not at all."""
    queue = aws.sqs.Queue(f"{name}-queue")
    role = _role(name)
    document = {"Version": "2012-10-17", "Statement": [_may("sqs:SendMessage", queue.arn)]}
    aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=pulumi.Output.json_dumps(document))
    aws.iam.RolePolicy(f"{name}-metrics", role=role.name, policy=_allow("cloudwatch:PutMetricData", "*"))


def _may(action: str, resource: pulumi.Input[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


def bad_open_trust_1(name: str) -> None:
    _role(name, {"AWS": "*"})


def bad_open_trust_2(name: str) -> None:
    aws.lambda_.Permission(f"{name}-call", action="lambda:InvokeFunction", function="orders", principal="*")


def good_open_trust_1(name: str) -> None:
    _role(name)


def good_open_trust_2(name: str) -> None:
    """Everybody, narrowed to one topic of this program."""
    topic = aws.sns.Topic(f"{name}-topic")
    aws.lambda_.Permission(
        f"{name}-call", action="lambda:InvokeFunction", function="orders", principal="*", source_arn=topic.arn
    )


def _function(name: str, **variables: pulumi.Input[str]) -> None:
    aws.lambda_.Function(
        f"{name}-function",
        role=_role(name).arn,
        runtime="python3.13",
        handler="handler.answer",
        code=pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def answer(event, context): ...")}),
        environment={"variables": variables},
    )


def _store(name: str) -> aws.cloudfront.KeyValueStore:
    return aws.cloudfront.KeyValueStore(f"{name}-store", name=name)


def bad_secrets_wrapped_1(name: str) -> None:
    """Wrapped for Pulumi, but plain to whoever may look at the function."""
    _function(name, SIGNING_KEY=pulumi.Output.secret("0" * 64))


def bad_secrets_wrapped_2(name: str) -> None:
    """Its id is the key itself, and ids stand in plain in every state."""
    drawn = random.RandomBytes(f"{name}-bytes", length=32)
    aws.cloudfront.KeyvaluestoreKey(f"{name}-key", key_value_store_arn=_store(name).arn, key="key:k1", value=drawn.hex)


def bad_secrets_wrapped_3(name: str) -> None:
    aws.ssm.Parameter(f"{name}-parameter", name=f"/{name}/signing-key", type="String", value="0" * 64)


def good_secrets_wrapped_1(name: str) -> None:
    """What only points at a secret."""
    _function(name, SIGNING_KEY_ARN="arn:aws:secretsmanager:us-east-1:000000000000:secret:signing-key")


def good_secrets_wrapped_2(name: str) -> None:
    drawn = random.RandomPassword(f"{name}-password", length=64)
    aws.cloudfront.KeyvaluestoreKey(
        f"{name}-key", key_value_store_arn=_store(name).arn, key="key:k1", value=drawn.result
    )
