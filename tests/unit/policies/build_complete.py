"""What the good endpoint still lacks to pass every pack: a gate that verifies, a policy of its bucket, tags."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import FUNCTION, good_endpoint
from tests.unit.policies.build_names import tags
from tests.unit.policies.parts import Parts

DIGEST: Final = "3a8a21306b1bb0b4da9c864828a0df3e1c32522779b7add6360cf7524b550c50"
TAGGED: Final = (":MetricAlarm", ":Budget", ":Role")
GATE_CODE: Final = """\
import cf from 'cloudfront';
import crypto from 'crypto';
const store = cf.kvs();
async function handler(event) {
    const closed = await store.get('closed_until');
    const signed = crypto.createHmac('sha256', await store.get('key:k1')).update(event.request.uri).digest('hex');
    return closed === '0' && signed === event.request.headers.authorization.value ? event.request : {statusCode: 403};
}
"""


def complete_endpoint() -> Parts:
    """Return an endpoint that every pack lets pass."""
    parts = _bucket(good_endpoint().changed("gate", code=GATE_CODE))
    item = json.loads(parts.parts["limits"].props["item"]) | {"model_digest": {"S": f"sha256:{DIGEST}"}}
    declared = {"edgewise:plan": "pro", "edgewise:assumed-signed-flood-rps": "25"}
    return _tagged(
        parts.changed("limits", item=json.dumps(item))
        .changed("distribution", tags=tags() | declared)
        .put(
            "guard-policy",
            "aws:iam/rolePolicy:RolePolicy",
            {"role": "guard-role", "policy": ("store", "distribution", "topic")},
            role=UNKNOWN,
            policy=UNKNOWN,
        )
    )


def _bucket(parts: Parts) -> Parts:
    name = str(parts.parts["bucket"].props["bucket"])
    return parts.put(
        "bucket-policy",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"bucket": "bucket", "policy": ("bucket", "distribution")},
        bucket=name,
        policy=UNKNOWN,
    ).put(
        "model",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        {"bucket": "bucket"},
        bucket=name,
        key=f"models/{DIGEST}.onnx",
        tags=tags() | {"edgewise:bytes": "1300000"},
    )


def _tagged(parts: Parts) -> Parts:
    """Tag what the parts leave untagged and a bill names."""
    return Parts(
        parts={
            short: replace(part, props={"tags": tags() | {"edgewise:function": FUNCTION}, **part.props})
            if part.type.endswith(TAGGED)
            else part
            for short, part in parts.parts.items()
        }
    )
