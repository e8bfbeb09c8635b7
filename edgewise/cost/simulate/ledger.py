"""The ledger of the simulated edge: what is granted is subtracted first and never comes back."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Literal

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.month import DAY_S

_UNLIMITED: Final = 2**62
# A lease is at most one part in so many of what is left of the day: the taper of design.md, "Leases and receipts".
_TAPER: Final = 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A grant: so many requests and milliseconds, until a second of the month."""

    requests: int
    milliseconds: int
    ends_s: int


Refusal = Literal["quota", "kind", "silence"]


class Ledger:
    """One counter item: what is left of the day and the month, of cold grants and of renewals.

    Attributes
    ----------
    answers : bool
        False while it is out of order.
    """

    def __init__(self, endpoint: Endpoint, without: Set[Control]) -> None:
        self._endpoint = endpoint
        self._without = without
        self.answers = True
        self._month = self._quota(endpoint.monthly_quota, Control.MONTHLY_QUOTA)
        self._number = -1
        self._day = self._cold = self._renewals = 0

    @property
    def left(self) -> int:
        """Requests that may still be granted today."""
        return min(self._day, self._month)

    @property
    def month_left(self) -> int:
        """Requests that may still be granted this month."""
        return self._month

    @property
    def renewals_left(self) -> int:
        """Later leases that may still be granted today."""
        return self._renewals

    def turn_day(self, now_s: int) -> None:
        """Open the day of `now_s`: each day has its quotas once."""
        if now_s // DAY_S == self._number:
            return
        self._number = now_s // DAY_S
        self._day = self._quota(self._endpoint.daily_quota, Control.DAILY_QUOTA)
        self._cold = self._quota(self._endpoint.cold_grants_daily, Control.COLD_QUOTA)
        self._renewals = self._quota(self._endpoint.renewals_daily, Control.RENEWAL_QUOTA)

    def ask(self, now_s: float, wanted: int, *, cold: bool) -> Lease | Refusal:
        """Ask for a lease of at most `wanted` requests: the rest of the day, when less is left.

        Returns
        -------
        Lease or str
            ``quota`` when nothing is left, ``kind`` when no more leases of this kind are, ``silence`` in an outage.
        """
        if not self.answers:
            return "silence"
        if self.left == 0:
            return "quota"
        if (self._cold if cold else self._renewals) == 0:
            return "kind"
        requests = min(self._size(wanted), self.left)
        self._day -= requests
        self._month -= requests
        if cold:
            self._cold -= 1
        else:
            self._renewals -= 1
        midnight = (self._number + 1) * DAY_S
        ends_s = min(int(now_s) + self._endpoint.lease.seconds, midnight)
        return Lease(requests=requests, milliseconds=self._milliseconds(requests), ends_s=ends_s)

    def _size(self, wanted: int) -> int:
        if Control.SMALLEST_LEASE in self._without:
            return 1
        smallest = self._endpoint.lease.requests
        return max(smallest, min(wanted, self.left // _TAPER))

    def _milliseconds(self, requests: int) -> int:
        each = self._endpoint.ms_per_request
        return _UNLIMITED if each is None or Control.MS_GRANT in self._without else requests * each

    def _quota(self, quota: int | None, control: Control) -> int:
        return _UNLIMITED if quota is None or control in self._without else quota
