"""Ways to an inference function: a gate before each, one path, one origin, a token."""

from __future__ import annotations

from typing import Any, Final

import pulumi_aws as aws

from tests.policies import raw
from tests.policies.cases._at_edge import behaviours_of, distribution, edge_alone

_GROUP: Final = "pair"


def _group(of: str) -> list[dict[str, Any]]:
    members = [{"origin_id": each} for each in ("models", "spare")]
    return [{"origin_id": of, "failover_criteria": {"status_codes": [500, 503]}, "members": members}]


def bad_behaviours_gated_1(name: str) -> None:
    """The function runs for whoever asks."""
    made = edge_alone(name, ["distribution"])
    distribution(name, made, ordered_cache_behaviors=behaviours_of(name, made, function_associations=[]))


def bad_behaviours_gated_2(name: str) -> None:
    """A second behaviour has no gate."""
    made = edge_alone(name, ["distribution"])
    site = raw.behaviour("/site/*", raw.READ, raw.CACHING_OPTIMIZED, None)
    distribution(name, made, ordered_cache_behaviors=behaviours_of(name, made, site))


def good_behaviours_gated_1(name: str) -> None:
    edge_alone(name)


def good_behaviours_gated_2(name: str) -> None:
    """Another gate before what is left over."""
    made = edge_alone(name, ["distribution"])
    other = aws.cloudfront.Function(f"{name}-other", name=f"{name}-other", runtime="cloudfront-js-2.0", code="// none")
    distribution(name, made, default_cache_behavior=raw.behaviour(None, raw.READ, raw.CACHING_DISABLED, other))


def bad_wildcard_path_1(name: str) -> None:
    made = edge_alone(name, ["distribution"])
    distribution(name, made, ordered_cache_behaviors=behaviours_of(name, made, path_pattern="/v1/*"))


def bad_wildcard_path_2(name: str) -> None:
    """The default behaviour runs the function."""
    made = edge_alone(name, ["distribution"])
    everything = raw.behaviour(None, raw.EVERY_METHOD, raw.CACHING_DISABLED, made["gate"], made["function"])
    distribution(name, made, default_cache_behavior=everything)


def good_wildcard_path_1(name: str) -> None:
    edge_alone(name)


def good_wildcard_path_2(name: str) -> None:
    """A wildcard that runs no function."""
    made = edge_alone(name, ["distribution"])
    site = raw.behaviour("/v1/*", raw.READ, raw.CACHING_DISABLED, made["gate"])
    distribution(name, made, ordered_cache_behaviors=behaviours_of(name, made, site))


def bad_origin_group_retry_1(name: str) -> None:
    made = edge_alone(name, ["distribution"])
    behaviours = behaviours_of(name, made, target_origin_id=_GROUP)
    distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def bad_origin_group_retry_2(name: str) -> None:
    """Everything goes to the group."""
    made = edge_alone(name, ["distribution"])
    behaviours = [{**each, "target_origin_id": _GROUP} for each in behaviours_of(name, made)]
    distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def good_origin_group_retry_1(name: str) -> None:
    edge_alone(name)


def good_origin_group_retry_2(name: str) -> None:
    """Only models come from the group."""
    made = edge_alone(name, ["distribution"])
    running, models = behaviours_of(name, made)
    behaviours = [running, {**models, "target_origin_id": _GROUP}]
    distribution(name, made, origin_groups=_group(_GROUP), ordered_cache_behaviors=behaviours)


def bad_model_token_1(name: str) -> None:
    edge_alone(name, ["token"])


def bad_model_token_2(name: str) -> None:
    """The models' behaviour has no gate."""
    made = edge_alone(name, ["distribution"])
    running, models = behaviours_of(name, made)
    distribution(name, made, ordered_cache_behaviors=[running, {**models, "function_associations": []}])


def good_model_token_1(name: str) -> None:
    edge_alone(name)


def good_model_token_2(name: str) -> None:
    """Signed addresses instead of a token."""
    made = edge_alone(name, ["token", "distribution"])
    key = aws.cloudfront.PublicKey(f"{name}-key", encoded_key="a key")
    group = aws.cloudfront.KeyGroup(f"{name}-group", items=[key.id])
    running, models = behaviours_of(name, made)
    distribution(name, made, ordered_cache_behaviors=[running, {**models, "trusted_key_groups": [group.id]}])


def aside_model_token_1(name: str) -> None:
    """No models here."""
    made = edge_alone(name, ["token", "distribution"])
    distribution(name, made, ordered_cache_behaviors=behaviours_of(name, made)[:1])
