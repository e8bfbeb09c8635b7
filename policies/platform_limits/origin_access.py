"""An origin access control signs for a bucket's REST endpoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import DISTRIBUTION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation

_WEBSITES: Final = (
    "aws:s3/bucketWebsiteConfiguration:BucketWebsiteConfiguration",
    "aws:s3/bucketWebsiteConfigurationV2:BucketWebsiteConfigurationV2",
)


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(DISTRIBUTION) if any(_controlled(one) for one in each.get("origins", default=()))]


def _controlled(origin: Any) -> bool:
    return isinstance(origin, dict) and bool(origin.get("originAccessControlId"))


def _check(distribution: Resource, _: Config) -> Iterator[Violation]:
    controls = distribution.linked("origins", ":OriginAccessControl")
    kinds = {each.get("originAccessControlOriginType") for each in controls}
    for origin in filter(_controlled, distribution.get("origins")):
        where, host = f"origin {origin.get('originId')}", origin.get("domainName")
        if isinstance(host, str):
            website = "s3-website" in host
        else:
            website = any(each.type in _WEBSITES for each in distribution.links.get("origins", ()))
        if website:
            yield Violation(distribution, f"{where}: an access control on a website endpoint")
        elif kinds == {"s3"} and origin.get("customOriginConfig"):
            yield Violation(distribution, f"{where}: an access control for S3 beside custom_origin_config")
        if (origin.get("s3OriginConfig") or {}).get("originAccessIdentity"):
            yield Violation(distribution, f"{where}: an access control beside an origin access identity")


RULE: Final = Rule(
    id="origin-access",
    what="An origin with an access control is a bucket's REST endpoint, and has no other way in.",
    why="A website endpoint does not take signed requests: CloudFront refuses the origin, or each answer is a 403.",
    source="Amazon CloudFront Developer Guide, Restrict access to an Amazon S3 origin",
    fix="set domain_name=bucket.bucket_regional_domain_name, and leave custom_origin_config and "
    "origin_access_identity out",
    subjects=_subjects,
    check=_check,
)
