"""Names that settle, the guard, the alarms and the dashboards share: metrics, dimensions, alerts.

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
