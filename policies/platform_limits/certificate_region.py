"""A distribution's certificate lies in us-east-1, and own host names have one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import DISTRIBUTION
from policies.core.regions import HOME_REGION
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._edge import region_of

_ARN: Final = ("viewerCertificate", "acmCertificateArn")


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(DISTRIBUTION) if each.known("aliases") or _named(each)]


def _named(distribution: Resource) -> bool:
    certificate = distribution.props.get("viewerCertificate")
    return isinstance(certificate, dict) and certificate.get("acmCertificateArn") is not None


def _check(distribution: Resource, _: Config) -> Iterator[Violation]:
    if not _named(distribution) and not distribution.known("viewerCertificate", "iamCertificateId"):
        yield Violation(distribution, f"aliases {', '.join(distribution.get('aliases'))} with CloudFront's certificate")
        return
    arn = distribution.known(*_ARN)
    if isinstance(arn, str):
        region = arn.split(":")[3] if arn.count(":") >= 5 else arn
        if region != HOME_REGION:
            yield Violation(distribution, f"the certificate's region is {region}, not {HOME_REGION}")
        return
    for each in distribution.links.get("viewerCertificate", ()):
        if each.type.startswith("aws:acm/") and region_of(each) != HOME_REGION:
            yield Violation(distribution, f"the region of {each.name} is {region_of(each)}, not {HOME_REGION}")


RULE: Final = Rule(
    id="certificate-region",
    what=f"A distribution with its own host name has a certificate, one of {HOME_REGION}.",
    why="CloudFront refuses any other with InvalidViewerCertificate, after the certificate was made and validated.",
    source="Amazon CloudFront Developer Guide, Requirements for using SSL/TLS certificates; stelvio#146",
    fix=f"make the acm.Certificate with region='{HOME_REGION}' and set viewer_certificate={{'acm_certificate_arn': …, "
    "'ssl_support_method': 'sni-only'}",
    subjects=_subjects,
    check=_check,
)
