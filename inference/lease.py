"""A lease under way, and what a request is told: go, ask for a lease first, or no."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from inference import sizing

if TYPE_CHECKING:
    from inference.limits import Limits
    from inference.terms import Moment

# A device that has used its share gets another one after this time, should the lease last that long.
SHARE_WINDOW_S: Final = 60

Cause: TypeAlias = Literal["day", "month", "cold", "renewals", "closed", "ledger", "device"]
Next: TypeAlias = Literal["", "renew", "hand-in"]


@dataclass(kw_only=True, slots=True, eq=False)
class Lease:
    """A lease under way."""

    limits: Limits
    size: int
    left: int
    ms_left: int
    day: str
    asked: Moment
    cold: bool
    begun_mono_s: float = 0.0
    devices: dict[str, int] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Requests counted down."""
        return self.size - self.left

    @property
    def spent(self) -> bool:
        """Whether no request may be counted against it any more."""
        return self.left <= 0 or self.ms_left <= 0

    def lasts(self, now: Moment) -> bool:
        """Whether it has not ended by whichever clock says so first, nor by the day's end."""
        seconds = self.limits.lease_seconds
        on_time = now.mono_s < self.asked.mono_s + seconds and now.wall_s < self.asked.wall_s + seconds
        return on_time and now.day == self.day

    def low_water(self, now: Moment) -> int:
        """Return the number of requests left at which the next lease is asked for."""
        elapsed_s = now.mono_s - self.begun_mono_s
        rate_rps = (self.used - 1) / elapsed_s if self.used > 1 and elapsed_s > 0 else 0.0
        return sizing.low_water(size=self.size, rate_rps=rate_rps)


@dataclass(frozen=True, kw_only=True, slots=True)
class Go:
    """The request was counted against a lease and may be answered.

    Attributes
    ----------
    lease : Lease
        Give it to `LeaseMachine.done`.
    unmetered : bool
        Whether its time is paid by the cold grant: the first call starts up and downloads.
    then : str
        ``renew`` or ``hand-in``: what to do meanwhile.
    """

    lease: Lease
    unmetered: bool = False
    then: Next = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """There is no lease: ask for one, then let the request arrive again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """No request may be answered now.

    Attributes
    ----------
    cause : str
        A quota's name, ``closed``, ``ledger`` or ``device``.
    retry_after_s : int
        Seconds until it is worth asking again, at least 1.
    reason : str
        For the log.
    first_told : bool
        False when it is only remembered: a flood must not buy log lines either.
    then : str
        As in `Go`.
    """

    cause: Cause
    retry_after_s: int
    reason: str = ""
    first_told: bool = False
    then: Next = ""
