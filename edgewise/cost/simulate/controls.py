"""The controls of the simulated edge that can be taken away, one by one, to show that each of them bears weight."""

from __future__ import annotations

from enum import StrEnum


class Control(StrEnum):
    """A gate, quota or watcher. Without it some adversary spends more than the bound."""

    RATE_RULE = "rate-rule"
    """The firewall's rate rule."""
    ONE_COUNTER = "one-counter"
    """The rate rule's constant key: without it the rule counts each address for itself."""
    SIGNATURE = "signature"
    """The gate's signature check."""
    SIZE = "size"
    """The gate's check of Content-Length."""
    FETCH_TOKEN = "fetch-token"
    """The gate's check of the token on the model's path."""
    CLOSED_UNTIL = "closed-until"
    """The gate's look at `closed_until`."""
    DAILY_QUOTA = "daily-quota"
    """The ledger's quota of a UTC day."""
    MONTHLY_QUOTA = "monthly-quota"
    """The ledger's quota of a month."""
    COLD_QUOTA = "cold-quota"
    """The ledger's quota of first leases."""
    RENEWAL_QUOTA = "renewal-quota"
    """The ledger's quota of later leases."""
    SMALLEST_LEASE = "smallest-lease"
    """The rule that no lease is smaller than a floor while that much is left."""
    MS_GRANT = "ms-grant"
    """The milliseconds that a lease brings with its requests."""
    TIMEOUT = "timeout"
    """The edge function's own timeout; the platform's greatest stays."""
    SETTLE_RETRIES = "settle-retries"
    """The limit on how often a failed record is tried again."""
    DISCONNECT = "disconnect"
    """The guard: nobody looks at refused traffic."""
