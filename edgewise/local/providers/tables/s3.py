"""S3: the bucket, its satellites, and objects (facts/resources.md, 2)."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from edgewise.local.providers.behaviour import AutoName, Behaviour, Facts, Limit, Output, known, one_of
from edgewise.local.providers.schema import Failure
from edgewise.local.providers.wire import Json

S3_ZONES = {"us-east-1": "Z3AQBSTGFYJSTF"}  # AWS general reference: S3 website endpoints
OBJECT_MAX_TAGS = 10  # S3: tags an object (u)
STORAGE_CLASSES = ("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR")  # B


def _one_content(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    yield from one_of("content", inputs, ("source", "content", "contentBase64"), may_lack=True)


def _few_tags(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    tags = inputs.get("tagsAll")
    if isinstance(tags, Mapping) and len(tags) > OBJECT_MAX_TAGS:
        reason = f"{len(tags)} tags with the provider's default tags, S3 takes {OBJECT_MAX_TAGS} on an object"
        yield Failure(path="tags", reason=reason)


def _no_zone_suffix(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    if known(inputs, "bucket") and inputs["bucket"].endswith("--x-s3"):
        yield Failure(path="bucket", reason=f"{inputs['bucket']!r}: names that end in --x-s3 are directory buckets'")


def _filtered_rules(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    for index, rule in enumerate(inputs["rules"] if isinstance(inputs.get("rules"), list) else []):
        if isinstance(rule, Mapping) and rule.get("filter") is None and rule.get("prefix") is None:
            reason = "a rule needs a filter; write one with prefix '' for all objects (T #41335: it drifts without)"
            yield Failure(path=f"rules[{index}].filter", reason=reason)


def _local_source(inputs: Mapping[str, Json]) -> Iterator[Failure]:
    """Refuse what can't be read here: an asset behind an address, and an archive."""
    source = inputs.get("source")
    if isinstance(source, Mapping) and not {"path", "text", "hash"} & source.keys():
        yield Failure(path="source", reason="the stand-in reads local assets only; give a FileAsset or StringAsset")


def _bytes(facts: Facts) -> bytes | None:
    """Return an object's bytes, or None where they are not at hand."""
    source = facts.get("source") or {}
    for text in (facts.get("content"), source.get("text")):
        if text is not None:
            return str(text).encode()
    if facts.get("contentBase64") is not None:
        return base64.b64decode(facts.get("contentBase64"))
    path = Path(source.get("path", ""))
    return path.read_bytes() if path.is_file() else None


def _etag(facts: Facts) -> str:
    """Return the etag of a small object that is not encrypted by KMS, the MD5 of its bytes; else an opaque one."""
    content = _bytes(facts)
    if content is None or facts.get("kmsKeyId") is not None:
        return str(facts["token"])
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _zone(facts: Facts) -> str | None:
    return S3_ZONES.get(facts["region"])


def _satellite(**more: Json) -> Behaviour:
    """Describe a setting of a bucket: its id is the bucket's name, another bucket is another resource (u)."""
    return Behaviour(id="{bucket}", replaces=frozenset({"bucket", "region"}), **more)


TABLE: Mapping[str, Behaviour] = {
    "aws:s3/bucket:Bucket": Behaviour(
        id="{bucket}",
        auto_name=AutoName(prop="bucket", max_length=63, lower=True),
        defaults={"forceDestroy": False},
        outputs={
            "arn": Output(make="arn:aws:s3:::{bucket}"),
            "bucketDomainName": Output(make="{bucket}.s3.amazonaws.com"),
            "bucketRegion": Output(make="{region}"),
            "bucketRegionalDomainName": Output(make="{bucket}.s3.{region}.amazonaws.com"),  # T: s3/bucket.go
            "hostedZoneId": Output(make=_zone),
            "requestPayer": Output(make="BucketOwner"),
            "objectLockEnabled": Output(make=False),
        },
        unset=frozenset({"websiteDomain", "websiteEndpoint"}),
        replaces=frozenset({"bucket", "bucketNamespace", "objectLockEnabled", "region"}),
        documents=frozenset({"policy"}),
        limits=(
            Limit(path="bucket", min_length=3, max_length=63, source="AWS: bucket naming rules"),
            Limit(path="bucket", pattern=r"[a-z0-9][a-z0-9.-]*[a-z0-9]", source="AWS: bucket naming rules"),
            Limit(path="bucketNamespace", one_of=("account-regional", "global"), source="S"),
        ),
        rules=(_no_zone_suffix,),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _satellite(
        limits=(
            Limit(
                path="versioningConfiguration.status", one_of=("Enabled", "Suspended", "Disabled"), source="T: schema"
            ),
        ),
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _satellite(
        # All four are off when left out, though AWS itself has them on for a new bucket.
        outputs={
            name: Output(make=False)
            for name in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
        },
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _satellite(
        limits=(
            Limit(
                path="rule.objectOwnership",
                one_of=("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter"),
                source="B: s3 ObjectOwnership",
            ),
        ),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _satellite(
        outputs={"transitionDefaultMinimumObjectSize": Output(make="all_storage_classes_128K")},
        limits=(
            Limit(path="rules[].id", min_length=1, max_length=255, source="B: s3 LifecycleRule"),
            Limit(path="rules[].status", one_of=("Enabled", "Disabled"), source="B: s3 ExpirationStatus"),
            Limit(path="rules[].transitions[].storageClass", one_of=STORAGE_CLASSES, source="B"),
            Limit(path="rules[].noncurrentVersionTransitions[].storageClass", one_of=STORAGE_CLASSES, source="B"),
        ),
        rules=(_filtered_rules,),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _satellite(
        documents=frozenset({"policy"}),
        limits=(
            Limit(path="policy", max_bytes=20 * 1024, source="AWS: bucket policies, 20 KB", error="PolicyTooLarge"),
        ),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _satellite(
        limits=(
            Limit(
                path="rules[].applyServerSideEncryptionByDefault.sseAlgorithm",
                one_of=("AES256", "aws:kms", "aws:kms:dsse", "aws:fsx"),
                source="B: s3 ServerSideEncryption",
            ),
        ),
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Behaviour(
        id="{bucket}/{key}",  # S imports by `bucket/key`
        auto_name=AutoName(prop="key", max_length=1024, form="logical"),
        defaults={"forceDestroy": False},
        outputs={
            "arn": Output(make="arn:aws:s3:::{bucket}/{key}"),
            "contentType": Output(make="application/octet-stream"),
            "storageClass": Output(make="STANDARD"),
            "serverSideEncryption": Output(make="AES256"),
            "etag": Output(
                make=_etag,
                renew_on=frozenset({"source", "content", "contentBase64", "sourceHash", "kmsKeyId"}),
                planned=True,  # T: s3/object.go sets etag and version anew in the plan when the content changes
            ),
        },
        unset=frozenset(
            {"checksumCrc32", "checksumCrc32c", "checksumCrc64nvme", "checksumSha1", "checksumSha256", "versionId"}
        ),
        replaces=frozenset({"bucket", "key", "region"}),
        limits=(
            Limit(path="key", min_length=1, max_length=1024, source="S3: object key length", error="KeyTooLongError"),
        ),
        rules=(_one_content, _local_source, _few_tags),
    ),
}
