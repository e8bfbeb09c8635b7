"""No distribution answers without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import DISTRIBUTION, runs_inference
from policies.core.resource import Resource, Stack, behaviours
from policies.core.rule import Config, Rule, Violation
from policies.security._limits import MINIMUM_TLS


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from stack.of(DISTRIBUTION)


def _check(distribution: Resource, _: Config) -> Iterator[Violation]:
    for behaviour in behaviours(distribution):
        found = behaviour.settings.get("viewerProtocolPolicy")
        # A redirect comes after the body and the signature have crossed the wire in plain.
        allowed = ("https-only",) if runs_inference(behaviour) else ("https-only", "redirect-to-https")
        if found not in allowed:
            yield Violation(
                distribution, f"viewerProtocolPolicy of {behaviour.path} is {found}, not {' or '.join(allowed)}"
            )
    certificate = distribution.get("viewerCertificate", default={})
    lowest = str(distribution.get("viewerCertificate", "minimumProtocolVersion", default="TLSv1"))
    if certificate.get("cloudfrontDefaultCertificate") is not True and not lowest.startswith(MINIMUM_TLS):
        yield Violation(
            distribution,
            f"viewerCertificate.minimumProtocolVersion is {lowest}, not TLSv1.2_2021 or later",
            "set minimum_protocol_version='TLSv1.2_2021' in viewer_certificate",
        )


RULE: Final = Rule(
    id="viewer-tls",
    what="Every behaviour asks for HTTPS, inference without a redirect, and an own certificate for TLS 1.2 or later.",
    why="A signed request that is sent in plain can be read and repeated until it expires; redirected, a POST arrives "
    "as a GET at many clients.",
    source="AWS Security Hub control CloudFront.3; Amazon CloudFront Developer Guide, Supported protocols and ciphers. "
    "With CloudFront's own certificate AWS fixes TLSv1 itself",
    fix="set viewer_protocol_policy='https-only' in the behaviour",
    subjects=_subjects,
    check=_check,
)
