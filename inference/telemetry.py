"""What settle, the guard, the alarms and the dashboards share: names of metrics, dimensions and alerts, and Regions.

Standard library only, no logic. AWS's own metrics are named where they are used.
"""

from __future__ import annotations

from typing import Final

NAMESPACE: Final = "Edgewise"
FUNCTION: Final = "Function"
DIGEST: Final = "Digest"

# By function and digest; there is no dimension for a device: each would be a metric of its own to pay.
ANSWERED: Final = "Answered"
FAILED: Final = "Failed"
LATENCY_MS: Final = "LatencyMs"
BY_DIGEST: Final = (ANSWERED, FAILED, LATENCY_MS)

# By function.
QUOTA_USED_PERCENT: Final = "QuotaUsedPercent"
# Requests granted of which no receipt has told yet: under way, or lost with their environment.
UNACCOUNTED_REQUESTS: Final = "UnaccountedRequests"
# What the ledger has granted this month, at the bound's prices, with the fixed fees: never less than what was spent
# on granted requests. Refused ones are the guard's.
COMMITTED_USD: Final = "CommittedUsd"
BY_FUNCTION: Final = (QUOTA_USED_PERCENT, UNACCOUNTED_REQUESTS, COMMITTED_USD)

# Alerts, as the message attribute ``kind``.
ALERT_QUOTA: Final = "quota"
ALERT_BUDGET: Final = "budget"
ALERT_CLOSED: Final = "closed"
ALERT_DISCONNECTED: Final = "disconnected"
ALERT_KINDS: Final = (ALERT_QUOTA, ALERT_BUDGET, ALERT_CLOSED, ALERT_DISCONNECTED)
ALERT_LEVELS_PERCENT: Final = (50, 80, 100)

# Lambda@Edge runs in the Regions of CloudFront's regional edge caches. It counts its calls there and logs there, in
# /aws/lambda/us-east-1.<name>; the groups never expire by themselves. AWS does not list the Regions in its quotas;
# these are the thirteen with a regional edge cache ("How CloudFront delivers content").
EDGE_REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "sa-east-1",
)
