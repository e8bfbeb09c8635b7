"""What every bucket of a stack has: closed to the public, owned by its account, encrypted."""

from __future__ import annotations

from typing import Any, Final

import pulumi
from pulumi_aws import s3

from infra.components.component import Component

CHILDREN: Final = ("bucket", "public-access-block", "ownership", "encryption")


def private_bucket(
    component: Component, *, tags: dict[str, str], protect: bool, force_destroy: bool = False
) -> tuple[s3.Bucket, pulumi.CustomResource]:
    """Declare a private bucket as children of a component.

    Parameters
    ----------
    component : Component
        Its ``children`` must hold `CHILDREN`.
    tags : dict of str to str
    protect : bool
        Keep the bucket when the program forgets it.
    force_destroy : bool
        Delete what lies in it with the bucket.

    Returns
    -------
    pulumi_aws.s3.Bucket, pulumi.CustomResource
        The bucket, and the last of its settings: further ones must depend on it, since S3 answers parallel ones
        with 409.
    """
    bucket = component.child(
        s3.Bucket,
        "bucket",
        tags=tags,
        force_destroy=force_destroy,
        opts=pulumi.ResourceOptions(protect=protect, retain_on_delete=protect),
    )
    block = component.child(
        s3.BucketPublicAccessBlock,
        "public-access-block",
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
    )
    ownership = component.child(
        s3.BucketOwnershipControls,
        "ownership",
        bucket=bucket.bucket,
        rule={"object_ownership": "BucketOwnerEnforced"},
        opts=pulumi.ResourceOptions(depends_on=[block]),
    )
    encryption = component.child(
        s3.BucketServerSideEncryptionConfiguration,
        "encryption",
        bucket=bucket.bucket,
        rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
        opts=pulumi.ResourceOptions(depends_on=[ownership]),
    )
    return bucket, encryption


def refuse_plain_http(bucket: s3.Bucket) -> dict[str, Any]:
    """Return the statement of a bucket's policy that refuses whoever does not speak TLS."""
    return {
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket.arn, pulumi.Output.concat(bucket.arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
