"""What the ledger's two items say of a function, in an owner's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

# The order of the numbers in the counter's `terms`: inference/counter.py, `quotas`.
TERMS: Final = ("day", "month", "ms", "cold", "renewals")
NO_MONTHLY_QUOTA: Final = 10**13
EDGE: Final = "cloudfront"


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerView:
    """One function's counts.

    Attributes
    ----------
    day : str
        The UTC date that the ledger is at; empty before the first lease.
    daily_quota, granted_today, left_today : int
        Requests. A lowered quota may be overdrawn: what is left is below zero then.
    monthly_quota, left_this_month : int or None
        None where the month has no quota of its own.
    cold_left, renewals_left, ms_left : int
        Of the day.
    leases, granted, used, unspent, receipts : int
        Since the counter began.
    missing : int
        Granted, and neither told as used nor as unspent: leases under way, and those of processes that are gone.
    """

    function: str
    day: str
    daily_quota: int
    granted_today: int
    left_today: int
    monthly_quota: int | None
    left_this_month: int | None
    cold_left: int
    renewals_left: int
    ms_left: int
    leases: int
    granted: int
    used: int
    unspent: int
    receipts: int

    @property
    def missing(self) -> int:
        """See above."""
        return self.granted - self.used - self.unspent

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {**asdict(self), "missing": self.missing}


def keys(function: str) -> tuple[str, str]:
    """Return the keys of a function's limits and counter items."""
    return f"limits#{function}", f"counter#{function}#{EDGE}"


def view(function: str, limits: Mapping[str, Any], counter: Mapping[str, Any]) -> LedgerView:
    """Read both items.

    Parameters
    ----------
    limits, counter : mapping
        In DynamoDB's JSON; the counter is empty before the first lease.
    """

    def number(name: str, default: int = 0) -> int:
        return int(counter[name]["N"]) if name in counter else default

    def limit(name: str, default: int = 0) -> int:
        return int(limits[name]["N"]) if name in limits else default

    daily, monthly = limit("daily_quota"), limit("monthly_quota", NO_MONTHLY_QUOTA)
    on = dict(zip(TERMS, map(int, counter["terms"]["S"].split("/")), strict=True)) if counter else {}
    left = number("day_remaining", daily)

    def now(name: str, quota: int) -> int:
        """Return what is left on the quota that holds now, which the next lease brings in."""
        return number(f"{name}_remaining", quota) + quota - on.get(name, quota)

    has_month = monthly != NO_MONTHLY_QUOTA
    return LedgerView(
        function=function,
        day=str(counter["day"]["S"]) if counter else "",
        daily_quota=daily,
        granted_today=on.get("day", daily) - left,
        left_today=now("day", daily),
        monthly_quota=monthly if has_month else None,
        left_this_month=now("month", monthly) if has_month else None,
        cold_left=now("cold", limit("cold_grants_daily")),
        renewals_left=now("renewals", limit("renewals_daily")),
        ms_left=now("ms", daily * limit("ms_per_request")),
        leases=number("leases"),
        granted=number("granted"),
        used=number("used"),
        unspent=number("unspent"),
        receipts=number("receipts"),
    )
