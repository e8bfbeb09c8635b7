"""Ways to an inference function: a gate before each, one path, one origin, a token."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.raw.edge import edge
from tests.policies.raw.making import Making

_GROUP: Final = "pair"


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


def _group(of: str) -> list[dict[str, Any]]:
    members = [{"origin_id": each} for each in ("models", "spare")]
    return [{"origin_id": of, "failover_criteria": {"status_codes": [500, 503]}, "members": members}]


def bad_behaviours_gated_1(name: str) -> None:
    """The function runs for whoever asks."""
    made = _edge(name, ["distribution"])
    _distribution(name, made, ordered_cache_behaviors=_behaviours(name, made, function_associations=[]))


def bad_behaviours_gated_2(name: str) -> None:
    """A second behaviour has no gate."""
    made = _edge(name, ["distribution"])
    site = raw.behaviour("/site/*", raw.READ, raw.CACHING_OPTIMIZED, None)
    _distribution(name, made, ordered_cache_behaviors=_behaviours(name, made, site))


def good_behaviours_gated_1(name: str) -> None:
    _edge(name)


def good_behaviours_gated_2(name: str) -> None:
    """Another gate before what is left over."""
    made = _edge(name, ["distribution"])
    other = aws.cloudfront.Function(f"{name}-other", name=f"{name}-other", runtime="cloudfront-js-2.0", code="// none")
    _distribution(name, made, default_cache_behavior=raw.behaviour(None, raw.READ, raw.CACHING_DISABLED, other))


def bad_wildcard_path_1(name: str) -> None:
    made = _edge(name, ["distribution"])
    _distribution(name, made, ordered_cache_behaviors=_behaviours(name, made, path_pattern="/v1/*"))


def bad_wildcard_path_2(name: str) -> None:
    """The default behaviour runs the function."""
    made = _edge(name, ["distribution"])
    everything = raw.behaviour(None, raw.EVERY_METHOD, raw.CACHING_DISABLED, made["gate"], made["function"])
    _distribution(name, made, default_cache_behavior=everything)


def good_wildcard_path_1(name: str) -> None:
    _edge(name)


def good_wildcard_path_2(name: str) -> None:
    """A wildcard that runs no function."""
    made = _edge(name, ["distribution"])
    site = raw.behaviour("/v1/*", raw.READ, raw.CACHING_DISABLED, made["gate"])
    _distribution(name, made, ordered_cache_behaviors=_behaviours(name, made, site))


def bad_origin_group_retry_1(name: str) -> None:
    made = _edge(name, ["distribution"])
    behaviours = _behaviours(name, made, target_origin_id=_GROUP)
    _distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def bad_origin_group_retry_2(name: str) -> None:
    """Everything goes to the group."""
    made = _edge(name, ["distribution"])
    behaviours = [{**each, "target_origin_id": _GROUP} for each in _behaviours(name, made)]
    _distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def good_origin_group_retry_1(name: str) -> None:
    _edge(name)


def good_origin_group_retry_2(name: str) -> None:
    """Only models come from the group."""
    made = _edge(name, ["distribution"])
    running, models = _behaviours(name, made)
    behaviours = [running, {**models, "target_origin_id": _GROUP}]
    _distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def bad_model_token_1(name: str) -> None:
    _edge(name, ["token"])


def bad_model_token_2(name: str) -> None:
    """The models' behaviour has no gate."""
    made = _edge(name, ["distribution"])
    running, models = _behaviours(name, made)
    _distribution(name, made, ordered_cache_behaviors=[running, {**models, "function_associations": []}])


def good_model_token_1(name: str) -> None:
    _edge(name)


def good_model_token_2(name: str) -> None:
    """Signed addresses instead of a token."""
    made = _edge(name, ["token", "distribution"])
    key = aws.cloudfront.PublicKey(f"{name}-key", encoded_key="a key")
    group = aws.cloudfront.KeyGroup(f"{name}-group", items=[key.id])
    running, models = _behaviours(name, made)
    _distribution(name, made, ordered_cache_behaviors=[running, {**models, "trusted_key_groups": [group.id]}])


def aside_model_token_1(name: str) -> None:
    """No models here."""
    made = _edge(name, ["token", "distribution"])
    _distribution(name, made, ordered_cache_behaviors=_behaviours(name, made)[:1])
