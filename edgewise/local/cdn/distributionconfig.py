"""A distribution's configuration as CloudFront's own API has it, made from what the stack wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.parsers import ResponseParserError, create_parser  # type: ignore[import-untyped]  # botocore ships no types
from botocore.serialize import create_serializer  # type: ignore[import-untyped]  # botocore ships no types
from botocore.session import get_session  # type: ignore[import-untyped]  # botocore ships no types

if TYPE_CHECKING:
    from edgewise.local.stack.model import Distribution

Block = Mapping[str, Any]

_NONE: Final[Block] = {"Quantity": 0}
# CloudFront API Reference, CacheBehavior: what it returns for settings that the stack left alone.
_PLAIN_BEHAVIOUR: Final[Block] = {
    "TrustedSigners": {"Enabled": False, "Quantity": 0},
    "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    "SmoothStreaming": False,
    "FieldLevelEncryptionId": "",
}


def config_of(distribution: Distribution, *, enabled: bool) -> dict[str, Any]:
    """Return the ``DistributionConfig`` in botocore's form.

    Parameters
    ----------
    distribution : Distribution
        As the stack wrote it.
    enabled : bool
        As it is at run time.
    """
    said = distribution.config
    return {
        "CallerReference": distribution.distribution_id,
        "Aliases": _NONE,
        "DefaultRootObject": "",
        "Origins": _items([_origin(origin) for origin in _blocks(said, "origins")]),
        "OriginGroups": _NONE,
        "DefaultCacheBehavior": _behaviour(_block(said, "defaultCacheBehavior")),
        "CacheBehaviors": _items([_behaviour(block) for block in _blocks(said, "orderedCacheBehaviors")]),
        "CustomErrorResponses": _NONE,
        "Comment": str(said.get("comment") or ""),
        "Logging": {"Enabled": False, "IncludeCookies": False, "Bucket": "", "Prefix": ""},
        "PriceClass": str(said.get("priceClass") or "PriceClass_All"),
        "Enabled": enabled,
        "ViewerCertificate": {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"},
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": distribution.web_acl_arn or "",
        "HttpVersion": str(said.get("httpVersion") or "http2"),
        "IsIPV6Enabled": bool(said.get("isIpv6Enabled")),
        "ContinuousDeploymentPolicyId": "",
        "Staging": False,
    }


def to_xml(config: Block) -> bytes:
    """Write a ``DistributionConfig`` as botocore sends it, and as CloudFront answers it."""
    update = _model().operation_model("UpdateDistribution")
    request = _serializer().serialize_to_request({"DistributionConfig": config, "Id": "-", "IfMatch": "-"}, update)
    body = request["body"]
    return body if isinstance(body, bytes) else str(body).encode()


def from_xml(body: bytes) -> dict[str, Any]:
    """Read a ``DistributionConfig``.

    Raises
    ------
    ValueError
        When it is none.
    """
    shape = _model().operation_model("GetDistributionConfig").output_shape
    try:
        parsed = create_parser("rest-xml").parse({"status_code": 200, "headers": {}, "body": body}, shape)
    except ResponseParserError as error:
        raise ValueError("the body is no DistributionConfig in XML") from error
    config: dict[str, Any] = parsed.get("DistributionConfig") or {}
    if "CallerReference" not in config:
        raise ValueError("the body is no DistributionConfig in XML")
    return config


def differences(before: object, after: object, where: str = "DistributionConfig") -> list[str]:
    """Return the names of all that differs, ``DistributionConfig.Comment`` for instance."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        names = sorted(before.keys() | after.keys())
        return [name for key in names for name in differences(before.get(key), after.get(key), f"{where}.{key}")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [name for index, (old, new) in pairs for name in differences(old, new, f"{where}[{index}]")]
    return [] if before == after else [where]


def _origin(block: Block) -> dict[str, Any]:
    headers = [
        {"HeaderName": header["name"], "HeaderValue": header["value"]} for header in _blocks(block, "customHeaders")
    ]
    return {
        "Id": block["originId"],
        "DomainName": block["domainName"],
        "OriginPath": block.get("originPath") or "",
        "CustomHeaders": _items(headers),
        "S3OriginConfig": {"OriginAccessIdentity": ""},
        "ConnectionAttempts": int(block.get("connectionAttempts") or 3),
        "ConnectionTimeout": int(block.get("connectionTimeout") or 10),
        "OriginShield": {"Enabled": False},
        "OriginAccessControlId": block.get("originAccessControlId") or "",
    }


def _behaviour(block: Block) -> dict[str, Any]:
    functions = [
        {"FunctionARN": entry["functionArn"], "EventType": entry["eventType"]}
        for entry in _blocks(block, "functionAssociations")
    ]
    lambdas = [
        {
            "LambdaFunctionARN": entry["lambdaArn"],
            "EventType": entry["eventType"],
            "IncludeBody": bool(entry.get("includeBody")),
        }
        for entry in _blocks(block, "lambdaFunctionAssociations")
    ]
    optional = {
        "PathPattern": block.get("pathPattern"),
        "CachePolicyId": block.get("cachePolicyId"),
        "OriginRequestPolicyId": block.get("originRequestPolicyId"),
        "ResponseHeadersPolicyId": block.get("responseHeadersPolicyId"),
    }
    return {
        **_PLAIN_BEHAVIOUR,
        "TargetOriginId": block["targetOriginId"],
        "ViewerProtocolPolicy": block.get("viewerProtocolPolicy") or "allow-all",
        "AllowedMethods": {
            **_items(list(block["allowedMethods"])),
            "CachedMethods": _items(list(block.get("cachedMethods") or ["GET", "HEAD"])),
        },
        "Compress": bool(block.get("compress")),
        "FunctionAssociations": _items(functions),
        "LambdaFunctionAssociations": _items(lambdas),
        **{name: value for name, value in optional.items() if value},
    }


def _items(items: Sequence[object]) -> dict[str, Any]:
    return {"Quantity": len(items), "Items": list(items)} if items else dict(_NONE)


def _block(block: Block, key: str) -> Block:
    content = block.get(key) or {}
    assert isinstance(content, Mapping)
    return content


def _blocks(block: Block, key: str) -> list[Block]:
    return list(block.get(key) or [])


@cache
def _model() -> Any:
    return get_session().get_service_model("cloudfront")


@cache
def _serializer() -> Any:
    return create_serializer("rest-xml", include_validation=False)
