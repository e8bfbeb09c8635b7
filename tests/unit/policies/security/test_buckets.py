"""Buckets: closed to the public, and to plain HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.endpoint import BUCKET
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.security import bucket_tls, private_bucket
from tests.unit.policies.build import Parts
from tests.unit.policies.security.judged import figures, names
from tests.unit.policies.security.program import BLOCK, BUCKET_POLICY, CLOSED, REFUSE_HTTP, document, good

PRIVATE, TLS = private_bucket.RULE, bucket_tls.RULE


@pytest.mark.parametrize("rule", [PRIVATE, TLS])
def test_a_good_bucket_is_compliant(rule: Any) -> None:
    assert rule.judge(good().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("rule", [PRIVATE, TLS])
def test_no_bucket(rule: Any) -> None:
    assert rule.judge(Parts().put("topic", "aws:sns/topic:Topic").stack()).answer is Answer.NOT_APPLICABLE


def test_no_block() -> None:
    stack = good().without("block").stack()
    assert names(PRIVATE, stack) == ["bucket"]
    assert figures(PRIVATE, stack) == ["0 of 4 public access blocks are declared for it"]


@pytest.mark.parametrize("flag", sorted(CLOSED))
@pytest.mark.parametrize("value", [False, None])
def test_a_block_that_is_off_or_left_out(flag: str, value: bool | None) -> None:
    changes: dict[str, Any] = {flag: value}
    stack = good().changed("block", **changes).stack()
    assert names(PRIVATE, stack) == ["block"]
    assert figures(PRIVATE, stack) == [f"1 of 4 public access blocks are off: {flag}"]


def test_a_block_of_another_bucket_does_not_count() -> None:
    stack = good().put("block", BLOCK, bucket="other", **CLOSED).stack()
    assert names(PRIVATE, stack) == ["bucket"]


def test_settings_that_write_the_buckets_name_count() -> None:
    parts = good().changed("block", links={"bucket": ()})
    parts = parts.changed("bucket-policy", links={"bucket": ()}, bucket="edgewise-test-models")
    assert PRIVATE.judge(parts.stack()).answer is Answer.COMPLIANT
    assert TLS.judge(parts.stack()).answer is Answer.COMPLIANT


def test_a_bucket_that_is_public_on_purpose() -> None:
    stack = Parts().put("site", BUCKET, bucket="site").stack()
    assert PRIVATE.judge(stack).answer is Answer.VIOLATION
    assert PRIVATE.judge(stack, {"public": ["site"]}).answer is Answer.COMPLIANT


def test_a_block_that_is_not_known() -> None:
    assert PRIVATE.judge(good().changed("block", blockPublicAcls=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_no_policy() -> None:
    stack = good().without("bucket-policy").stack()
    assert names(TLS, stack) == ["bucket"]


@pytest.mark.parametrize(
    "change",
    [
        {"Effect": "Allow"},
        {"Principal": {"AWS": "arn:aws:iam::000000000000:root"}},
        {"Action": "s3:GetObject"},
        {"Condition": {"Bool": {"aws:SecureTransport": "true"}}},
        {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
        {"Condition": {"StringEquals": {"aws:SecureTransport": "false"}}},
        {"Condition": {}},
    ],
)
def test_a_policy_that_does_not_refuse_plain_http(change: dict[str, Any]) -> None:
    stack = good().changed("bucket-policy", policy=document(REFUSE_HTTP | change)).stack()
    assert names(TLS, stack) == ["bucket-policy"]
    assert figures(TLS, stack) == ["0 of its statements deny requests whose aws:SecureTransport is false"]


def test_other_spellings_of_the_same_policy() -> None:
    change = {
        "Principal": {"AWS": "*"},
        "Action": ["*"],
        "Condition": {"BoolIfExists": {"aws:securetransport": [False]}},
    }
    stack = good().changed("bucket-policy", policy={"Statement": REFUSE_HTTP | change}).stack()
    assert TLS.judge(stack).answer is Answer.COMPLIANT


def test_a_policy_that_is_not_yet_known_is_judged_at_the_next_preview() -> None:
    stack = good().changed("bucket-policy", {"policy": "bucket"}, policy=UNKNOWN).stack()
    assert TLS.judge(stack).answer is Answer.COMPLIANT


def test_a_policy_that_is_no_json() -> None:
    stack = good().put("bucket-policy", BUCKET_POLICY, {"bucket": "bucket"}, policy="none").stack()
    assert TLS.judge(stack).answer is Answer.CANT_TELL
