"""A refusal, remembered: who was told no does not ask again at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from inference.terms import LedgerUnavailable, Moment, Question, Refusal

if TYPE_CHECKING:
    from inference.lease import Cause

# How long trouble with the ledger is remembered: a flood during an outage costs one question in this time.
LEDGER_PAUSE_S: Final = 5
# How long a refused renewal is not asked again while the lease lasts; the bound prices one question each time.
RENEWAL_MEMORY_S: Final = 300
# How long "closed" is remembered without a lease: whoever opens a function again wants to see it answer.
CLOSED_MEMORY_S: Final = 60
# A longer Retry-After helps nobody: the owner may raise a quota, or open again.
MAX_RETRY_AFTER_S: Final = 86_400
_DAY_S: Final = 86_400


@dataclass(kw_only=True, slots=True)
class Memory:
    """A refusal that is not asked again for a while.

    Attributes
    ----------
    until, renewed_until : Moment
        Until when, for a process without a lease, and for one that asks for its next.
    """

    cause: Cause
    day: str
    until: Moment
    renewed_until: Moment
    retry_at_wall_s: float
    reason: str = ""
    told: bool = False

    def holds(self, now: Moment, *, renewal: bool = False) -> bool:
        """Whether it is still remembered."""
        until = self.renewed_until if renewal else self.until
        return now.mono_s < until.mono_s and now.wall_s < until.wall_s and now.day == self.day

    def retry_after_s(self, now: Moment) -> int:
        """Return whole seconds until it is worth asking again."""
        return min(MAX_RETRY_AFTER_S, max(1, math.ceil(self.retry_at_wall_s - now.wall_s)))


def remember(
    question: Question, answer: Refusal | LedgerUnavailable, now: Moment, *, holds_lease: bool, lease_seconds: int
) -> Memory:
    """Return what to remember: a refusal counts from the question, as a lease does, an outage from its answer."""
    asked = question.asked
    if isinstance(answer, LedgerUnavailable):
        until = Moment(now.wall_s + LEDGER_PAUSE_S, now.mono_s + LEDGER_PAUSE_S)
        return Memory(
            cause="ledger",
            day=now.day,
            until=until,
            renewed_until=until,
            retry_at_wall_s=until.wall_s,
            reason=answer.reason,
        )
    renewed_s = seconds = RENEWAL_MEMORY_S if holds_lease else lease_seconds
    if answer.cause == "closed":
        opens_s = max(1, math.ceil(answer.until_s - asked.wall_s))
        seconds, renewed_s = min(CLOSED_MEMORY_S, opens_s), min(renewed_s, opens_s)
    return Memory(
        cause=answer.cause,
        day=asked.day,
        until=Moment(asked.wall_s + seconds, asked.mono_s + seconds),
        renewed_until=Moment(asked.wall_s + renewed_s, asked.mono_s + renewed_s),
        retry_at_wall_s=_opens_again_s(answer, asked.wall_s),
    )


def _opens_again_s(refusal: Refusal, wall_s: float) -> float:
    """Return the Unix time at which a quota starts anew, or the function opens."""
    if refusal.cause == "closed":
        return refusal.until_s
    midnight_s = wall_s - wall_s % _DAY_S + _DAY_S
    if refusal.cause != "month":
        return midnight_s
    month = Moment(wall_s, 0).day[:7]
    while Moment(midnight_s, 0).day[:7] == month:
        midnight_s += _DAY_S
    return midnight_s
