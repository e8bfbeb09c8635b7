"""No bucket answers without TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.security._documents import is_anybody, statements, texts
from policies.security.private_bucket import BUCKETS, settings_of

POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"


@dataclass(frozen=True)
class _Subject:
    stack: Stack
    bucket: Resource


def _subjects(stack: Stack) -> Iterator[_Subject]:
    for bucket in stack.of(*BUCKETS):
        yield _Subject(stack, bucket)


def _check(subject: _Subject, _: Config) -> Iterator[Violation]:
    policies = settings_of(subject.stack, subject.bucket, POLICY)
    if not policies:
        yield Violation(subject.bucket, "it has 0 bucket policies, so plain HTTP is answered")
    for policy in policies:
        if policy.known("policy") is not None and not any(map(_refuses_http, statements(policy, "policy"))):
            yield Violation(policy, "0 of its statements deny requests whose aws:SecureTransport is false")


def _refuses_http(statement: dict[str, Any]) -> bool:
    plain = {
        str(value).lower()
        for operator, conditions in (statement.get("Condition") or {}).items()
        if operator.removesuffix("IfExists") == "Bool"
        for key, found in conditions.items()
        if key.lower() == "aws:securetransport"
        for value in texts(found if isinstance(found, list) else str(found))
    }
    return (
        statement.get("Effect") == "Deny"
        and is_anybody(statement.get("Principal"))
        and bool({"*", "s3:*"} & set(texts(statement.get("Action"))))
        and plain == {"false"}
    )


RULE: Final = Rule(
    id="bucket-tls",
    what="Every bucket's policy denies requests that come without TLS.",
    why="S3 answers plain HTTP as well: models, receipts and the signatures of requests can be read on the way.",
    source="AWS Security Hub control S3.5. A policy that names a resource not yet made is judged at the next preview",
    fix="add {'Effect': 'Deny', 'Principal': '*', 'Action': 's3:*', 'Resource': [bucket.arn, bucket.arn + '/*'], "
    "'Condition': {'Bool': {'aws:SecureTransport': 'false'}}} to the s3.BucketPolicy",
    subjects=_subjects,
    check=_check,
)
