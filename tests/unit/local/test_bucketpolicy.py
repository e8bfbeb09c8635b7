"""Who may read a bucket."""

from __future__ import annotations

from typing import Any

import pytest

from edgewise.local.stack.bucketpolicy import grants
from edgewise.local.stack.model import Bucket, LocalEdgeError

ARN = "arn:aws:cloudfront::000000000000:distribution/EAAAAAAAAAAAAA"
ALLOWED: dict[str, Any] = {
    "Effect": "Allow",
    "Principal": {"Service": "cloudfront.amazonaws.com"},
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::models/models/*",
    "Condition": {"StringEquals": {"AWS:SourceArn": [ARN]}},
}


def readable(statement: dict[str, Any], key: str = "models/a.onnx", arn: str = ARN) -> bool:
    found = grants([{"Statement": [statement]}], bucket="models", where="bucket")
    return Bucket(name="models", domain_name="models.s3", grants=found).readable(arn, key)


def test_the_form_that_aws_gives_is_a_grant() -> None:
    assert readable(ALLOWED)


@pytest.mark.parametrize(
    "change",
    [
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Principal": "*"},
        {"Action": "s3:PutObject"},
        {"Resource": "arn:aws:s3:::other/*"},
        {"Resource": "arn:aws:s3:::models/private/*"},
        {"Condition": {"StringEquals": {"AWS:SourceArn": f"{ARN}B"}}},
        {"Condition": {}},
    ],
)
def test_anything_else_is_none(change: dict[str, Any]) -> None:
    assert not readable(ALLOWED | change)


def test_a_key_outside_the_pattern_is_not_readable() -> None:
    assert not readable(ALLOWED, key="secrets/a")


def test_a_refusal_is_refused_unless_it_is_about_tls() -> None:
    tls = {"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    assert grants([{"Statement": tls}], bucket="models", where="bucket") == ()

    with pytest.raises(LocalEdgeError, match="'NotHere'"):
        grants([{"Statement": {"Effect": "Deny", "Sid": "NotHere"}}], bucket="models", where="bucket")
