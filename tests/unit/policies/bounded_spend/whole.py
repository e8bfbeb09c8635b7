"""The good endpoint with what the bound asks for beside: a gate that verifies, a token, a model with its size."""

from __future__ import annotations

import json
from typing import Any, Final

from policies.core.resource import UNKNOWN
from tests.unit.policies.build import Parts, good_endpoint, inference_statement, model_statement, rate_rule, rule

DIGEST: Final = "3a8a21306b1bb0b4da9c864828a0df3e1c32522779b7add6360cf7524b550c50"
GATE_CODE: Final = """\
import cf from 'cloudfront';
import crypto from 'crypto';
// One line is a comment.
const store = cf.kvs();
async function handler(event) {
    const closed = await store.get('closed_until');
    const signed = crypto.createHmac('sha256', await store.get('key:k1')).update(event.request.uri).digest('hex');
    return closed === '0' && signed === event.request.headers.authorization.value ? event.request : {statusCode: 403};
}
"""
NUMBERS: Final = {
    "daily_quota": 20000,
    "ms_per_request": 40,
    "cold_grants_daily": 125,
    "renewals_daily": 800,
    "lease_least": 4,
    "lease_requests": 50,
    "lease_seconds": 600,
}
ENTRY: Final = "aws:cloudfront/keyvaluestoreKey:KeyvaluestoreKey"


def limits(function: str = "face-match", **changes: Any) -> str:
    """Return a limits item in DynamoDB's JSON; None takes a number away."""
    numbers = {key: value for key, value in {**NUMBERS, **changes}.items() if value is not None}
    item: dict[str, Any] = {"pk": {"S": f"limits#{function}"}, "model_digest": {"S": f"sha256:{DIGEST}"}}
    return json.dumps(item | {key: {"N": str(value)} for key, value in numbers.items()})


def whole() -> Parts:
    """Return an endpoint whose worst month is finite and within its budget."""
    tags = {"edgewise:function": "face-match", "edgewise:plan": "pro", "edgewise:assumed-signed-flood-rps": "25"}
    return (
        good_endpoint()
        .changed("gate", code=GATE_CODE)
        .changed("acl", visibilityConfig={"cloudwatchMetricsEnabled": True, "metricName": "edgewise-test-face-match"})
        .put("key", ENTRY, {"keyValueStoreArn": "store"}, keyValueStoreArn=UNKNOWN, key="key:k1", value=UNKNOWN)
        .put("token", ENTRY, {"keyValueStoreArn": "store"}, keyValueStoreArn=UNKNOWN, key="fetch:k1", value=UNKNOWN)
        .put(
            "guard-policy",
            "aws:iam/rolePolicy:RolePolicy",
            {"role": "guard-role", "policy": ("store", "distribution", "topic")},
            role=UNKNOWN,
            policy=UNKNOWN,
        )
        .put(
            "model",
            "aws:s3/bucketObjectv2:BucketObjectv2",
            {"bucket": "bucket"},
            bucket="edgewise-test-models",
            key=f"models/{DIGEST}.onnx",
            tags={"edgewise:bytes": "1300000"},
        )
        .changed("limits", item=limits())
        .changed("distribution", tags=tags)
    )


def with_rules(*rules: dict[str, Any], **changes: Any) -> Parts:
    """Return the whole endpoint behind other firewall rules."""
    return whole().changed("acl", rules=list(rules), **changes)


def allows(inference: Any = None, priority: float = 2.0) -> list[dict[str, Any]]:
    """Return the two rules that let requests in."""
    return [
        rule("allow-inference", priority, {"allow": {}}, inference or inference_statement()),
        rule("allow-models", priority + 1, {"allow": {}}, model_statement()),
    ]


def cap(priority: float = 1.0, action: str = "block", kind: str = "CONSTANT", scope: Any = None) -> dict[str, Any]:
    """Return the rate rule of all; a scope of ``{}`` is none."""
    made = rate_rule("rate-of-all", priority, kind, 1200.0)
    statement = dict(made["statement"]["rateBasedStatement"])
    if scope is not None:
        statement["scopeDownStatement"] = scope or None
    return {**made, "action": {action: {}}, "statement": {"rateBasedStatement": statement}}
