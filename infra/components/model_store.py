"""One private, versioned bucket a stack; models lie in it by digest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import s3

from edgewise.cost.bound.declared import model_tags
from inference.contract import model_path
from infra.components.component import Component, Customize
from infra.components.private_bucket import CHILDREN as BUCKET_CHILDREN
from infra.components.private_bucket import private_bucket, refuse_plain_http
from infra.components.statements import document
from infra.models import PinnedModel

CHILDREN: Final = (*BUCKET_CHILDREN, "versioning", "lifecycle", "model", "policy")

# A model never changes under its digest, so it may be cached for a year, the longest that RFC 9111 caches honour.
CACHE_CONTROL: Final = "public, max-age=31536000, immutable"
NONCURRENT_DAYS: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelStoreArgs:
    """Inputs.

    Attributes
    ----------
    models : mapping of str to PinnedModel
        By digest (``sha256:…``).
    tags : mapping of str to str
    protect : bool
        Keep the bucket when the program forgets it.
    customize : mapping
        See `Component`.
    """

    models: Mapping[str, PinnedModel]
    tags: Mapping[str, str]
    protect: bool
    customize: Customize = field(default_factory=dict)


class ModelStore(Component):
    """The origin of every endpoint's model cache.

    Attributes
    ----------
    bucket : pulumi_aws.s3.Bucket
        Its policy names the distributions, which come later: see `let_read`.
    """

    def __init__(self, name: str, args: ModelStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:ModelStore", name, children=CHILDREN, customize=args.customize, opts=opts)
        self._args = args
        self.bucket, private = private_bucket(self, tags=dict(args.tags), protect=args.protect)
        self.settled = self._keep_versions(private)
        for digest, model in args.models.items():
            self._put(digest, model)
        self.register_outputs({"bucket": self.bucket.bucket})

    def _keep_versions(self, private: pulumi.CustomResource) -> pulumi.CustomResource:
        """Keep overwritten models for a while, one setting after the other."""
        versioning = self.child(
            s3.BucketVersioning,
            "versioning",
            bucket=self.bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=pulumi.ResourceOptions(depends_on=[private]),
        )
        return self.child(
            s3.BucketLifecycleConfiguration,
            "lifecycle",
            bucket=self.bucket.bucket,
            rules=[
                {
                    "id": "forget-overwritten-versions",
                    "status": "Enabled",
                    # An empty filter is read back as a diff; a prefix of nothing means all objects.
                    "filter": {"prefix": ""},
                    "noncurrent_version_expiration": {"noncurrent_days": NONCURRENT_DAYS},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
                }
            ],
            opts=pulumi.ResourceOptions(depends_on=[versioning]),
        )

    def _put(self, digest: str, model: PinnedModel) -> None:
        """Upload a model; the object outlives its resource, so that the previous digest stays for a rollback."""
        self.child(
            s3.BucketObjectv2,
            "model",
            suffix=digest.removeprefix("sha256:")[:12],
            bucket=self.bucket.bucket,
            key=model_path(digest).lstrip("/"),
            source=pulumi.FileAsset(str(model.path)),
            content_type="application/octet-stream",
            cache_control=CACHE_CONTROL,
            tags={**self._args.tags, **model_tags(model.manifest.bytes)},
            opts=pulumi.ResourceOptions(depends_on=[self.settled], retain_on_delete=True),
        )

    def let_read(self, distribution_arns: Sequence[pulumi.Input[str]]) -> s3.BucketPolicy:
        """Let these distributions, and nobody else, read models through their origin access control.

        Only ``s3:GetObject``: a request that slips past the edge function can't write.
        """
        return self.child(
            s3.BucketPolicy,
            "policy",
            bucket=self.bucket.bucket,
            policy=document(
                {
                    "Sid": "DistributionsReadModels",
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudfront.amazonaws.com"},
                    "Action": "s3:GetObject",
                    "Resource": pulumi.Output.concat(self.bucket.arn, "/models/*"),
                    "Condition": {"StringEquals": {"AWS:SourceArn": list(distribution_arns)}},
                },
                refuse_plain_http(self.bucket),
            ),
            opts=pulumi.ResourceOptions(depends_on=[self.settled]),
        )
