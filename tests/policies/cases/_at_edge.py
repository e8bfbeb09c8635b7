"""What the cases about ways to a function are made of: the edge alone, and a distribution before it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making


def edge_alone(name: str, without: Collection[str] = (), **changes: Mapping[str, Any]) -> dict[str, Any]:
    """Declare what stands at the edge, and nothing behind it: these rules look no further."""
    making = Making(name, ("log_group", "bucket", "access", "closed", "key", *without), changes)
    edge(making)
    return making.finish()


def distribution(name: str, made: Mapping[str, Any], **changes: Any) -> aws.cloudfront.Distribution:
    """Declare a distribution before what was made."""
    args: dict[str, Any] = {
        "enabled": True,
        "web_acl_id": made["acl"].arn,
        "origins": [origin("models"), origin("spare")],
        "default_cache_behavior": raw.behaviour(None, raw.READ, raw.CACHING_DISABLED, made["gate"]),
        "ordered_cache_behaviors": behaviours_of(name, made),
        "restrictions": {"geo_restriction": {"restriction_type": "none"}},
        "viewer_certificate": {"cloudfront_default_certificate": True},
    }
    return aws.cloudfront.Distribution(f"{name}-distribution", **{**args, **changes})


def origin(name: str) -> dict[str, Any]:
    https = {"http_port": 80, "https_port": 443, "origin_protocol_policy": "https-only"}
    return {
        "origin_id": name,
        "domain_name": f"{name}.example.com",
        "custom_origin_config": {**https, "origin_ssl_protocols": ["TLSv1.2"]},
    }


def behaviours_of(name: str, made: Mapping[str, Any], *more: dict[str, Any], **first: Any) -> list[dict[str, Any]]:
    """Return a good distribution's behaviours, the one that runs the function changed and others behind."""
    running, models = raw.behaviours(name, made["gate"], made["function"])
    return [{**running, **first}, models, *more]
