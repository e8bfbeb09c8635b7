"""The good endpoint's distribution, function, gate, store and bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from policies.core.resource import UNKNOWN
from tests.unit.policies.build_names import FUNCTION, tags, trust
from tests.unit.policies.parts import Parts

ENTRY: Final = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
GATE_CODE: Final = "import cf from 'cloudfront';\nconst MAX_REQUEST_BYTES = 1000000;\n"


def _behaviour(path: str | None, methods: Iterable[str], cache: str, *, runs: bool) -> dict[str, Any]:
    behaviour: dict[str, Any] = {
        "allowedMethods": list(methods),
        "cachedMethods": ["GET", "HEAD"],
        "cachePolicyId": cache,
        "compress": False,
        "functionAssociations": [{"eventType": "viewer-request", "functionArn": UNKNOWN}],
        "targetOriginId": "models",
        "viewerProtocolPolicy": "https-only",
    }
    if path:
        behaviour["pathPattern"] = path
    if runs:
        association = {"eventType": "origin-request", "includeBody": True, "lambdaArn": UNKNOWN}
        behaviour["lambdaFunctionAssociations"] = [association]
    return behaviour


def edge(parts: Parts) -> Parts:
    every = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
    read = ("GET", "HEAD")
    return (
        parts.put(
            "role", "aws:iam/role:Role", assumeRolePolicy=trust("lambda.amazonaws.com", "edgelambda.amazonaws.com")
        )
        .put(
            "function",
            "aws:lambda/function:Function",
            {"role": "role"},
            name="edgewise-test-face-match",
            role=UNKNOWN,
            region="us-east-1",
            runtime="python3.13",
            handler="inference.handler.handler",
            architectures=["x86_64"],
            memorySize=512.0,
            timeout=3.0,
            publish=True,
            skipDestroy=True,
            packageType="Zip",
            tags=tags(),
        )
        .put("store", "aws:cloudfront/keyValueStore:KeyValueStore", name="edgewise-test-face-match")
        .put(
            "closed-until",
            "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey",
            {"keyValueStoreArn": "store"},
            keyValueStoreArn=UNKNOWN,
            key="closed_until",
            value="0",
        )
        .put(
            "gate",
            "aws:cloudfront/function:Function",
            {"keyValueStoreAssociations": "store"},
            name="edgewise-test-face-match",
            code=GATE_CODE,
            runtime="cloudfront-js-2.0",
            publish=True,
            keyValueStoreAssociations=[UNKNOWN],
        )
        .put("key", ENTRY, {"keyValueStoreArn": "store"}, keyValueStoreArn=UNKNOWN, key="key:k1", value=UNKNOWN)
        .put("token", ENTRY, {"keyValueStoreArn": "store"}, keyValueStoreArn=UNKNOWN, key="fetch:k1", value=UNKNOWN)
        .put("bucket", "aws:s3/bucket:Bucket", bucket="edgewise-test-models", tags=tags())
        .put(
            "public-access",
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"bucket": "bucket"},
            bucket="edgewise-test-models",
            blockPublicAcls=True,
            blockPublicPolicy=True,
            ignorePublicAcls=True,
            restrictPublicBuckets=True,
        )
        .put(
            "access-control",
            "aws:cloudfront/originAccessControl:OriginAccessControl",
            originAccessControlOriginType="s3",
            signingBehavior="always",
            signingProtocol="sigv4",
        )
        .put(
            "distribution",
            "aws:cloudfront/distribution:Distribution",
            {
                "webAclId": "acl",
                "defaultCacheBehavior": "gate",
                "orderedCacheBehaviors": ("function", "gate"),
                "origins": ("bucket", "access-control"),
            },
            enabled=True,
            httpVersion="http2and3",
            priceClass="PriceClass_100",
            webAclId=UNKNOWN,
            defaultCacheBehavior=_behaviour(None, read, CACHING_DISABLED, runs=False),
            orderedCacheBehaviors=[
                _behaviour(f"/v1/{FUNCTION}/*", every, CACHING_DISABLED, runs=True),
                _behaviour("/models/*", read, CACHING_OPTIMIZED, runs=False),
            ],
            origins=[{"domainName": UNKNOWN, "originId": "models", "originAccessControlId": UNKNOWN}],
            restrictions={"geoRestriction": {"restrictionType": "none"}},
            viewerCertificate={
                "acmCertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/a",
                "minimumProtocolVersion": "TLSv1.2_2021",
                "sslSupportMethod": "sni-only",
            },
            tags=tags() | {"edgewise:budget-usd": "60"},
        )
    )
