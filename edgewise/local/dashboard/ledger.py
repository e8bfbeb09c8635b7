"""Reads the ledger's counter item for the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# The order of the quotas in the item's `terms`, and what stands for no monthly quota: inference/counter.py, limits.py.
_TERMS: Final = ("day", "month", "ms", "cold", "renewals")
_NO_MONTHLY_QUOTA: Final = 10**13


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What the ledger says of a function.

    Attributes
    ----------
    day : str
        The UTC date of the last lease; empty before the first.
    limits, left : dict
        Requests by ``day`` and ``month``; a month without a quota of its own is in neither.
    granted, used, unspent, leases, receipts : int
        Since the counter began.
    """

    day: str = ""
    limits: dict[str, int]
    left: dict[str, int]
    granted: int = 0
    used: int = 0
    unspent: int = 0
    leases: int = 0
    receipts: int = 0

    @property
    def unaccounted(self) -> int:
        """Requests granted that no receipt has told of: under way, or lost with their environment."""
        return max(0, self.granted - self.used - self.unspent)

    @property
    def missing_receipts(self) -> int:
        """Leases without a receipt yet; at least, for a long lease may hand in two."""
        return max(0, self.leases - self.receipts)

    def left_on(self, day: str) -> dict[str, int]:
        """Return what is left on a UTC date: all of it on one without a lease."""
        if day <= self.day:
            return self.left
        fresh = {"day"} if day[:7] == self.day[:7] else {"day", "month"}
        return {name: self.limits[name] if name in fresh else left for name, left in self.left.items()}


def read_ledger(item: Mapping[str, Any]) -> Ledger:
    """Read a counter item in DynamoDB's JSON; an empty one is before the first lease.

    Raises
    ------
    ValueError
        When it lacks an attribute, or its terms are not the five quotas.
    """
    if not item:
        return Ledger(limits={}, left={})
    try:
        quotas = dict(zip(_TERMS, map(int, item["terms"]["S"].split("/")), strict=True))
        names = ("day",) if quotas["month"] >= _NO_MONTHLY_QUOTA else ("day", "month")
        return Ledger(
            day=str(item["day"]["S"]),
            limits={name: quotas[name] for name in names},
            left={name: int(item[f"{name}_remaining"]["N"]) for name in names},
            granted=_number(item, "granted"),
            used=_number(item, "used"),
            unspent=_number(item, "unspent"),
            leases=_number(item, "leases"),
            receipts=_number(item, "receipts"),
        )
    except (KeyError, ValueError) as error:
        raise ValueError(f"the counter item can't be read: {error}; its attributes are {sorted(item)}") from error


def _number(item: Mapping[str, Any], name: str) -> int:
    return int(item[name]["N"]) if name in item else 0
