"""The lease of one edge process: it may not answer without one, and counts it down in memory.

No input or output of its own: the ledger and both clocks are given.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from inference.ledger import DEADLINE_S, Granted, Ledger, LedgerUnavailable, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

# How long trouble with the ledger is remembered: a flood during an outage costs one question in this time.
LEDGER_PAUSE_S: Final = 5
_DAY_S: Final = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """No request may be answered now.

    Attributes
    ----------
    cause : str
        ``quota`` or ``ledger``.
    retry_after_s : int
        Seconds until it is worth asking again, at least 1.
    reason : str
        For the log.
    first_told : bool
        False when it is only remembered: a flood must not buy log lines either.
    """

    cause: Literal["quota", "ledger"]
    retry_after_s: int
    reason: str = ""
    first_told: bool = True


Permit: TypeAlias = Limits | Refused


class LeaseHolder:
    """Takes leases from the ledger and hands out their requests one by one.

    Parameters
    ----------
    ledger : Ledger
        Where leases come from.
    wall : callable
        Unix seconds: decides the UTC day.
    monotonic : callable
        Seconds that never run back. A lease ends by whichever clock says so first: the wall clock may be set back,
        and whether the monotonic one runs on while an environment is frozen is the platform's choice.
    """

    def __init__(self, *, ledger: Ledger, wall: Callable[[], float], monotonic: Callable[[], float]) -> None:
        self._ledger = ledger
        self._wall = wall
        self._monotonic = monotonic
        self._limits: Limits | None = None
        self._left = 0
        self._day = ""
        self._ends_s = self._ends_wall_s = 0.0
        self._refused: Refused | None = None

    def take(self, *, timeout_s: float = DEADLINE_S) -> Permit:
        """Take one request from the lease, asking for a lease first when there is none.

        Parameters
        ----------
        timeout_s : float
            Seconds that the ledger may take.

        Returns
        -------
        Limits or Refused
            The limits of the lease that the request was counted against, or why it may not be answered.
        """
        now_s, wall_s = self._monotonic(), self._wall()
        day = time.strftime("%Y-%m-%d", time.gmtime(wall_s))
        fresh = now_s < self._ends_s and wall_s < self._ends_wall_s and day == self._day
        if fresh and self._refused:
            left_s = min(self._ends_s - now_s, self._ends_wall_s - wall_s)
            return replace(self._refused, retry_after_s=math.ceil(left_s), first_told=False)
        if fresh and self._limits and self._left > 0:
            self._left -= 1
            return self._limits
        return self._ask(now_s, wall_s, day, timeout_s)

    def _ask(self, now_s: float, wall_s: float, day: str, timeout_s: float) -> Permit:
        """Ask the ledger. What it says holds from before the question, so a slow answer is no longer lease."""
        grant = self._ledger.grant(day, timeout_s=timeout_s)
        self._limits, self._refused, self._left = None, None, 0
        permit: Permit
        if isinstance(grant, Granted):
            self._left = grant.requests - 1  # this very request is the first of them
            lasts_s: float = grant.limits.lease_seconds
            permit = self._limits = grant.limits
        elif isinstance(grant, LedgerUnavailable):
            lasts_s = LEDGER_PAUSE_S
            permit = self._refused = Refused(cause="ledger", retry_after_s=LEDGER_PAUSE_S, reason=grant.reason)
        else:
            lasts_s = _DAY_S - wall_s % _DAY_S
            permit = self._refused = Refused(cause="quota", retry_after_s=math.ceil(lasts_s))
        self._day, self._ends_s, self._ends_wall_s = day, now_s + lasts_s, wall_s + lasts_s
        return permit
