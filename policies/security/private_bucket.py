"""No bucket is public."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from policies.core.endpoint import BUCKET
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation

BUCKETS: Final = (BUCKET, "aws:s3/bucketV2:BucketV2")
BLOCK: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
FLAGS: Final = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@dataclass(frozen=True)
class _Subject:
    stack: Stack
    bucket: Resource


def _subjects(stack: Stack) -> Iterator[_Subject]:
    for bucket in stack.of(*BUCKETS):
        yield _Subject(stack, bucket)


def _check(subject: _Subject, config: Config) -> Iterator[Violation]:
    bucket = subject.bucket
    if bucket.name in config["public"]:
        return
    blocks = settings_of(subject.stack, bucket, BLOCK)
    if not blocks:
        yield Violation(bucket, "0 of 4 public access blocks are declared for it")
    for block in blocks:
        off = [flag for flag in FLAGS if block.get(flag) is not True]
        if off:
            yield Violation(block, f"{len(off)} of 4 public access blocks are off: {', '.join(off)}")


def settings_of(stack: Stack, bucket: Resource, kind: str) -> list[Resource]:
    """Return a bucket's settings of one type: those that its output went into, and those that write its name."""
    linked = stack.users(bucket, kind, key="bucket")
    named = stack.having(kind, "bucket", bucket.known("bucket"))
    return list({id(each): each for each in (*linked, *named)}.values())


RULE: Final = Rule(
    id="private-bucket",
    what="Every bucket has all four public access blocks on.",
    why="A model, a receipt or a log that anybody can read is data that left; each read is billed as well. AWS closes "
    "new buckets by itself, but a setting taken out of a program is deleted, and the bucket is open again.",
    source="AWS Security Hub control S3.8; Amazon S3 User Guide, Blocking public access to your Amazon S3 storage",
    fix="declare s3.BucketPublicAccessBlock(bucket=bucket.bucket, block_public_acls=True, block_public_policy=True, "
    "ignore_public_acls=True, restrict_public_buckets=True)",
    subjects=_subjects,
    check=_check,
    config={
        "public": Setting(
            {"type": "array", "items": {"type": "string"}}, [], "Logical names of buckets that are public on purpose."
        )
    },
)
