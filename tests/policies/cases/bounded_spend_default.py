"""The firewall's default action."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pulumi_aws as aws


def _distribution(name: str, web_acl_id: pulumi.Input[str] | None) -> None:
    role = aws.iam.Role(f"{name}-role", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    function = aws.lambda_.Function(
        f"{name}-function",
        role=role.arn,
        runtime="python3.13",
        handler="handler.answer",
        publish=True,
        code=pulumi.AssetArchive({"handler.py": pulumi.StringAsset("def answer(event, context): ...")}),
    )
    origin: dict[str, Any] = {"domain_name": "example.com", "origin_id": "origin"}
    behaviour: dict[str, Any] = {
        "target_origin_id": "origin",
        "viewer_protocol_policy": "https-only",
        "allowed_methods": ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"],
        "cached_methods": ["GET", "HEAD"],
        "lambda_function_associations": [
            {"event_type": "viewer-request", "lambda_arn": function.qualified_arn, "include_body": True}
        ],
    }
    settings: dict[str, Any] = {
        "enabled": True,
        "web_acl_id": web_acl_id,
        "origins": [{**origin, "custom_origin_config": _https()}],
        "default_cache_behavior": behaviour,
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    aws.cloudfront.Distribution(f"{name}-distribution", **settings)


def _https() -> dict[str, Any]:
    return {
        "http_port": 80,
        "https_port": 443,
        "origin_protocol_policy": "https-only",
        "origin_ssl_protocols": ["TLSv1.2"],
    }


def _acl(name: str, action: str) -> aws.wafv2.WebAcl:
    seen: Any = {"cloudwatch_metrics_enabled": True, "metric_name": "acl", "sampled_requests_enabled": False}
    default: Any = {action: {}}
    return aws.wafv2.WebAcl(f"{name}-acl", scope="CLOUDFRONT", default_action=default, visibility_config=seen, rules=[])


def bad_default_block_1(name: str) -> None:
    """The ACL lets through what no rule names."""
    _distribution(name, _acl(name, "allow").arn)


def bad_default_block_2(name: str) -> None:
    """A good ACL that nobody associated."""
    _acl(name, "block")
    _distribution(name, None)


def bad_default_block_3(name: str) -> None:
    """An ACL that this program does not show."""
    _distribution(name, "arn:aws:wafv2:us-east-1:000000000000:global/webacl/elsewhere/a")


def good_default_block_1(name: str) -> None:
    """The ACL's ARN is known after the update only."""
    _distribution(name, _acl(name, "block").arn)


def good_default_block_2(name: str) -> None:
    """Through one more output."""
    _distribution(name, pulumi.Output.concat(_acl(name, "block").arn))


def aside_default_block_1(name: str) -> None:
    """No inference at all."""
    aws.sns.Topic(f"{name}-topic")
