"""TLS between viewers and CloudFront."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.security.viewer_tls import RULE
from tests.unit.policies.build import Parts, resource
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import good


def _with(policy: Any, index: int) -> Parts:
    """Return the endpoint with another viewer protocol policy in one ordered behaviour."""
    ordered = [dict(each) for each in resource(good().stack(), "distribution").get("orderedCacheBehaviors")]
    ordered[index]["viewerProtocolPolicy"] = policy
    return good().changed("distribution", orderedCacheBehaviors=ordered)


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good().stack()).answer is Answer.COMPLIANT


def test_plain_http() -> None:
    stack = _with("allow-all", 1).stack()
    assert names(RULE, stack) == ["distribution"]
    assert figures(RULE, stack) == [
        "viewerProtocolPolicy of /models/* is allow-all, not https-only or redirect-to-https"
    ]


def test_a_redirect_is_too_late_for_a_signature_but_not_for_a_page() -> None:
    assert figures(RULE, _with("redirect-to-https", 0).stack()) == [
        "viewerProtocolPolicy of /v1/face-match/* is redirect-to-https, not https-only"
    ]
    assert RULE.judge(_with("redirect-to-https", 1).stack()).answer is Answer.COMPLIANT


def test_the_default_behaviour_is_asked_too() -> None:
    default = dict(resource(good().stack(), "distribution").get("defaultCacheBehavior"))
    stack = good().changed("distribution", defaultCacheBehavior=default | {"viewerProtocolPolicy": "allow-all"}).stack()
    assert figures(RULE, stack)[0].startswith("viewerProtocolPolicy of * is allow-all")


@pytest.mark.parametrize("lowest", ["TLSv1", "TLSv1.1_2016", "SSLv3", None])
def test_an_own_certificate_with_old_versions(lowest: str | None) -> None:
    certificate = {"acmCertificateArn": "arn", "sslSupportMethod": "sni-only", "minimumProtocolVersion": lowest}
    stack = good().changed("distribution", viewerCertificate=certificate).stack()
    assert "is TLSv1" in figures(RULE, stack)[0] or "is SSLv3" in figures(RULE, stack)[0]


def test_cloudfronts_own_certificate_leaves_no_choice() -> None:
    stack = good().changed("distribution", viewerCertificate={"cloudfrontDefaultCertificate": True}).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_behaviours_that_are_not_known() -> None:
    stack = good().changed("distribution", orderedCacheBehaviors=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_no_distribution() -> None:
    assert RULE.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE
