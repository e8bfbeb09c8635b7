"""How long what settle writes is kept."""

from __future__ import annotations

from typing import Any, Final

from policies.bounded_spend._values import whole
from policies.core.endpoint import BUCKET, InferenceEndpoint
from policies.core.resource import Resource, Stack

# inference/lake.py: what the keys of receipts begin with.
PREFIX: Final = "receipts/"
LIFECYCLE: Final = (
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
)
_MONTH_DAYS: Final = 31
# The bound's own figure (edgewise/cost/bound/endpoint.py), where nobody writes receipts.
_USUAL: Final = 13


def lake_months(endpoint: InferenceEndpoint) -> int:
    """Return for how many months a receipt is kept; the usual figure where it is for ever, which has no price."""
    days = [found for bucket in lakes(endpoint) if (found := kept_days(endpoint.stack, bucket)) is not None]
    return -(-max(days) // _MONTH_DAYS) if days else _USUAL


def lakes(endpoint: InferenceEndpoint) -> list[Resource]:
    """Return the buckets that settle is told of."""
    told = (
        bucket for function in endpoint.settlers for bucket in function.linked("environment") if bucket.type == BUCKET
    )
    return list({id(bucket): bucket for bucket in told}.values())


def kept_days(stack: Stack, bucket: Resource) -> int | None:
    """Return after how many days receipts expire at the latest; None for never."""
    days = []
    for lifecycle in stack.users(bucket, *LIFECYCLE, key="bucket"):
        for index, rule in enumerate(lifecycle.get("rules", default=())):
            if rule.get("status") == "Enabled" and PREFIX.startswith(_prefix(rule)):
                after = whole(lifecycle, "rules", index, "expiration", "days", default=0)
                days += [after] if after else []
    return min(days, default=None)


def _prefix(rule: Any) -> str:
    """Return what a rule is about; one that asks for tags or sizes is about nothing of ours."""
    found = rule.get("filter") or {}
    if set(found) - {"prefix"}:
        return "\0"
    return str(found.get("prefix") or rule.get("prefix") or "")
