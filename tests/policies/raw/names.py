"""Numbers and names of the good endpoint."""

from __future__ import annotations

from typing import Final

EDGE_REGIONS: Final = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "sa-east-1", "eu-west-1", "eu-west-2", "eu-central-1"),
    *("ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ap-northeast-2"),
)
DIGEST: Final = "3a8a21306b1bb0b4da9c864828a0df3e1c32522779b7add6360cf7524b550c50"
MODEL_BYTES: Final = 1_300_000
BODY_BYTES: Final = "67500"
CACHING_DISABLED: Final = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
CACHING_OPTIMIZED: Final = "658327ea-f89d-4fab-a63d-7e88639e58f6"
EVERY_METHOD: Final = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
READ: Final = ["GET", "HEAD"]
BUDGET_USD: Final = "60"
LIMITS: Final = {
    "daily_quota": 20000,
    "ms_per_request": 40,
    "cold_grants_daily": 125,
    "renewals_daily": 800,
    "lease_least": 4,
    "lease_requests": 50,
    "lease_seconds": 600,
}
GATE_CODE: Final = """\
import cf from 'cloudfront';
import crypto from 'crypto';
const MAX_REQUEST_BYTES = 1000000;
const store = cf.kvs();
async function handler(event) {
    const request = event.request;
    const closedUntil = Number(await store.get('closed_until'));
    const key = await store.get('key:k1');
    const length = Number((request.headers['content-length'] || {value: '0'}).value);
    const signed = crypto.createHmac('sha256', key).update(request.uri).digest('hex');
    const given = (request.headers['authorization'] || {value: ''}).value;
    if (closedUntil > Date.now() / 1000 || length > MAX_REQUEST_BYTES || given !== signed) {
        return {statusCode: 403};
    }
    return request;
}
"""
