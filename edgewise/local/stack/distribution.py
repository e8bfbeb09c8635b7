"""Read a distribution and the policies that it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from edgewise.local.stack.imitated import BLOCKS
from edgewise.local.stack.model import (
    Behaviour,
    CachePolicy,
    Distribution,
    LocalEdgeError,
    Origin,
    OriginRequestPolicy,
    PolicyHeader,
    ResponseHeadersPolicy,
)

# Managed policies, by id: AWS, Amazon CloudFront Developer Guide, "Use managed cache policies" and
# "Use managed origin request policies".
CACHE_POLICIES: Final[Mapping[str, CachePolicy]] = {
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy(
        name="CachingDisabled", min_ttl_s=0, default_ttl_s=0, max_ttl_s=0, encodings_in_key=False
    ),
    "658327ea-f89d-4fab-a63d-7e88639e58f6": CachePolicy(
        name="CachingOptimized",
        min_ttl_s=1,
        default_ttl_s=86_400,
        max_ttl_s=31_536_000,
        encodings_in_key=True,
    ),
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": CachePolicy(
        name="CachingOptimizedForUncompressedObjects",
        min_ttl_s=1,
        default_ttl_s=86_400,
        max_ttl_s=31_536_000,
        encodings_in_key=False,
    ),
}

ORIGIN_REQUEST_POLICIES: Final[Mapping[str, OriginRequestPolicy]] = {
    "": OriginRequestPolicy(name="none"),
    "216adef6-5c7f-47e4-b989-5492eafa07d3": OriginRequestPolicy(
        name="AllViewer", viewer_headers=True, host_header=True, query_strings=True, cookies=True
    ),
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": OriginRequestPolicy(
        name="AllViewerExceptHostHeader", viewer_headers=True, query_strings=True, cookies=True
    ),
    "bf0718e1-ba1e-49d1-88b1-f726733018ae": OriginRequestPolicy(name="HostHeaderOnly", host_header=True),
}

Policy = TypeVar("Policy", CachePolicy, OriginRequestPolicy)

_NO_HEADERS: Final = ResponseHeadersPolicy()


def read(
    inputs: Mapping[str, object],
    *,
    where: str,
    name: str,
    distribution_id: str,
    arn: str,
    domain_name: str,
    policies: Mapping[str, ResponseHeadersPolicy],
) -> Distribution:
    """Read a distribution's inputs.

    Raises
    ------
    LocalEdgeError
        For whatever of it the local edge does not imitate, by name.
    """
    origins = [_origin(origin, where=where) for origin in _blocks(inputs, "origins")]
    ordered = [*_blocks(inputs, "orderedCacheBehaviors"), _default(inputs, where=where)]
    tags = inputs.get("tags") or {}
    assert isinstance(tags, Mapping)
    result = Distribution(
        name=name,
        distribution_id=distribution_id,
        arn=arn,
        domain_name=domain_name,
        enabled=bool(inputs.get("enabled")),
        behaviours=tuple(_behaviour(block, where=where, policies=policies) for block in ordered),
        origins={origin.origin_id: origin for origin in origins},
        tags={str(key): str(value) for key, value in tags.items()},
        web_acl_arn=str(inputs.get("webAclId") or "") or None,
        config=inputs,
    )
    for behaviour in result.behaviours:
        if behaviour.origin_id not in result.origins:
            raise LocalEdgeError(
                f"{where}: behaviour {behaviour.path_pattern!r} has targetOriginId "
                f"{behaviour.origin_id!r}, but the origins are {sorted(result.origins)}"
            )
    return result


def _blocks(inputs: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    blocks = inputs.get(key) or []
    assert isinstance(blocks, list)
    return blocks


def _default(inputs: Mapping[str, object], *, where: str) -> Mapping[str, object]:
    block = inputs.get("defaultCacheBehavior")
    if not isinstance(block, Mapping):
        raise LocalEdgeError(f"{where}: defaultCacheBehavior is missing")
    return {**block, "pathPattern": "*"}


def _origin(block: Mapping[str, object], *, where: str) -> Origin:
    BLOCKS["origin"].check(f"{where} origin {block.get('originId')!r}", block)
    custom = block.get("customHeaders") or []
    assert isinstance(custom, list)
    return Origin(
        origin_id=str(block["originId"]),
        domain_name=str(block["domainName"]),
        origin_path=str(block.get("originPath") or ""),
        signed=bool(block.get("originAccessControlId")),
        custom_headers={str(header["name"]): str(header["value"]) for header in custom},
    )


def _behaviour(block: Mapping[str, object], *, where: str, policies: Mapping[str, ResponseHeadersPolicy]) -> Behaviour:
    pattern = str(block["pathPattern"])
    where = f"{where} behaviour {pattern!r}"
    BLOCKS["cache behaviour"].check(where, block)
    gate = _only_association(block, "functionAssociations", "function association", where=where)
    function = _only_association(block, "lambdaFunctionAssociations", "lambda association", where=where)
    methods = block["allowedMethods"]
    assert isinstance(methods, list)
    headers_id = str(block.get("responseHeadersPolicyId") or "")
    if headers_id and headers_id not in policies:
        raise LocalEdgeError(f"{where}: responseHeadersPolicyId {headers_id} is no policy of the stack")
    return Behaviour(
        path_pattern=pattern,
        allowed_methods=frozenset(str(method) for method in methods),
        origin_id=str(block["targetOriginId"]),
        cache_policy=_managed(CACHE_POLICIES, block, "cachePolicyId", where=where),
        origin_request_policy=_managed(ORIGIN_REQUEST_POLICIES, block, "originRequestPolicyId", where=where),
        response_headers_policy=policies.get(headers_id, _NO_HEADERS),
        gate_arn=str(gate["functionArn"]) if gate else None,
        lambda_arn=str(function["lambdaArn"]) if function else None,
        include_body=bool(function and function.get("includeBody")),
    )


def _only_association(block: Mapping[str, object], key: str, kind: str, *, where: str) -> Mapping[str, object] | None:
    associations = _blocks(block, key)
    for association in associations:
        BLOCKS[kind].check(f"{where} {kind}", association)
    if len(associations) > 1:
        raise LocalEdgeError(f"{where}: {key} has {len(associations)} entries, the local edge imitates one")
    return associations[0] if associations else None


def _managed(known: Mapping[str, Policy], block: Mapping[str, object], key: str, *, where: str) -> Policy:
    policy_id = str(block.get(key) or "")
    if policy_id not in known:
        raise LocalEdgeError(
            f"{where}: {key} {policy_id!r} is not imitated by the local edge; "
            f"it knows AWS's managed policies {', '.join(filter(None, known))}"
        )
    return known[policy_id]


def response_headers_policy(inputs: Mapping[str, object], *, where: str) -> ResponseHeadersPolicy:
    """Read a response headers policy.

    Raises
    ------
    LocalEdgeError
        For a security header that is not known.
    """
    sets = [
        PolicyHeader(name=str(item["header"]), value=str(item["value"]), override=bool(item.get("override")))
        for item in _items(inputs, "customHeadersConfig")
    ]
    security = inputs.get("securityHeadersConfig") or {}
    assert isinstance(security, Mapping)
    for key, block in security.items():
        if block:
            sets.append(_security_header(key, block, where=where))
    removes = tuple(str(item["header"]) for item in _items(inputs, "removeHeadersConfig"))
    return ResponseHeadersPolicy(sets=tuple(sets), removes=removes)


def _items(inputs: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    config = inputs.get(key) or {}
    assert isinstance(config, Mapping)
    return _blocks(config, "items")


def _security_header(key: str, block: Mapping[str, object], *, where: str) -> PolicyHeader:
    """Spell one security header as CloudFront sends it."""
    hsts = [f"max-age={int(str(block.get('accessControlMaxAgeSec') or 0).split('.')[0])}"]
    hsts += ["includeSubDomains"] if block.get("includeSubdomains") else []
    hsts += ["preload"] if block.get("preload") else []
    known = {
        "contentSecurityPolicy": ("Content-Security-Policy", str(block.get("contentSecurityPolicy"))),
        "contentTypeOptions": ("X-Content-Type-Options", "nosniff"),
        "frameOptions": ("X-Frame-Options", str(block.get("frameOption"))),
        "referrerPolicy": ("Referrer-Policy", str(block.get("referrerPolicy"))),
        "strictTransportSecurity": ("Strict-Transport-Security", "; ".join(hsts)),
    }
    if key not in known:
        raise LocalEdgeError(f"{where}: securityHeadersConfig.{key} is not imitated by the local edge")
    name, value = known[key]
    return PolicyHeader(name=name, value=value, override=bool(block.get("override")))
