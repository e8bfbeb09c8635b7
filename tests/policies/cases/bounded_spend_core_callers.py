"""One distribution, and nobody else who calls an inference function."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making


def _edge(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare what stands at the edge, and nothing behind it: these rules look no further."""
    making = Making(name, ("log_group", "bucket", "access", "closed", "key", *without), changes)
    edge(making)
    return making.finish()


def _distribution(name: str, made: Mapping[str, Any], **changes: Any) -> aws.cloudfront.Distribution:
    """Declare a distribution before what was made."""
    args: dict[str, Any] = {
        "enabled": True,
        "web_acl_id": made["acl"].arn,
        "origins": [_origin("models"), _origin("spare")],
        "default_cache_behavior": raw.behaviour(None, raw.READ, raw.CACHING_DISABLED, made["gate"]),
        "ordered_cache_behaviors": _behaviours(name, made),
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    return aws.cloudfront.Distribution(f"{name}-distribution", **{**args, **changes})


def _origin(name: str) -> dict[str, Any]:
    https = {"http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only"}
    return {
        "origin_id": name,
        "domain_name": f"{name}.example.com",
        "custom_origin_config": {**https, "origin_ssl_protocols": ["TLSv1.2"]},
    }


def _behaviours(name: str, made: Mapping[str, Any], *more: dict[str, Any], **first: Any) -> list[dict[str, Any]]:
    """Return a good distribution's behaviours, the one that runs the function changed and others behind."""
    running, models = raw.behaviours(name, made["gate"], made["function"])
    return [{**running, **first}, models, *more]


def bad_function_url_1(name: str) -> None:
    made = _edge(name)
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=made["function"].name, authorization_type="NONE")


def bad_function_url_2(name: str) -> None:
    """Named in plain text."""
    _edge(name)
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=name, authorization_type="AWS_IAM")


def bad_function_url_3(name: str) -> None:
    """An API may call it."""
    made = _edge(name)
    aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:InvokeFunction",
        function=made["function"].arn,
        principal="apigateway.amazonaws.com",
    )


def good_function_url_1(name: str) -> None:
    _edge(name)


def good_function_url_2(name: str) -> None:
    """CloudFront's own permission, and the URL of another function."""
    made = _edge(name)
    aws.lambda_.Permission(
        f"{name}-permission",
        action="lambda:GetFunction",
        function=made["function"].arn,
        principal="edgelambda.amazonaws.com",
    )
    other = aws.lambda_.Function(
        f"{name}-other", role=made["role"].arn, runtime="python3.13", handler="handler.handler", code=raw.code()
    )
    aws.lambda_.FunctionUrl(f"{name}-url", function_name=other.name, authorization_type="AWS_IAM")


def bad_one_distribution_1(name: str) -> None:
    _distribution(f"{name}-second", _edge(name))


def bad_one_distribution_2(name: str) -> None:
    """A staging distribution runs it too."""
    made = _edge(name, ["distribution"])
    _distribution(name, made, continuous_deployment_policy_id="00000000-0000-0000-0000-000000000000")


def good_one_distribution_1(name: str) -> None:
    _edge(name)


def good_one_distribution_2(name: str) -> None:
    """A second distribution of something else."""
    _distribution(f"{name}-site", _edge(name), ordered_cache_behaviors=[])
