"""The good endpoint with what the security pack asks for besides."""

from __future__ import annotations

import json
from typing import Any

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import Parts, good_endpoint

STORE_KEY = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
GATE_CODE = "import crypto from 'crypto';\nconst mac = crypto.createHmac('sha256', key).update(text).digest('hex');\n"
CLOSED: dict[str, Any] = dict.fromkeys(
    ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True
)
REFUSE_HTTP = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": ["arn:aws:s3:::edgewise-test-models", "arn:aws:s3:::edgewise-test-models/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def document(*statements: dict[str, Any]) -> str:
    """Return an IAM document."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> str:
    """Return a document with one statement that allows."""
    return document({"Effect": "Allow", "Action": action, "Resource": resource, **more})


def good() -> Parts:
    """Return an endpoint that the security pack lets pass."""
    plain = good_endpoint()
    replaced = (STORE_KEY, BLOCK, BUCKET_POLICY)
    gone = [short for short, part in plain.parts.items() if part.type in replaced and short != "closed-until"]
    return (
        plain.without(*gone)
        .changed("gate", code=GATE_CODE)
        .put("key", STORE_KEY, {"keyValueStoreArn": "store"}, keyValueStoreArn=UNKNOWN, key="key:k1", value=UNKNOWN)
        .put("block", BLOCK, {"bucket": "bucket"}, bucket="edgewise-test-models", **CLOSED)
        .put("bucket-policy", BUCKET_POLICY, {"bucket": "bucket"}, policy=document(REFUSE_HTTP))
    )
