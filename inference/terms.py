"""What an edge process and the ledger say to each other: a question, and one of three answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from inference.limits import Limits
    from inference.receipt import Receipt

# For all calls of one grant together, so that a refusal still fits into a function's timeout of 3 s.
DEADLINE_S = 2.0

Handed: TypeAlias = Literal["handed", "kept", "unknown"]
QuotaCause: TypeAlias = Literal["day", "month", "cold", "renewals", "closed"]


class Moment(NamedTuple):
    """The same moment by the wall clock (Unix seconds) and by one that never runs back."""

    wall_s: float
    mono_s: float

    @property
    def day(self) -> str:
        """The UTC date, such as ``2026-11-24``."""
        return time.strftime("%Y-%m-%d", time.gmtime(self.wall_s))


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One request for a lease, or with `wanted` None a receipt handed in alone.

    Attributes
    ----------
    token : str
        No other question has it: a repeated one is recognised by it.
    asked : Moment
        A lease lasts from here on.
    wanted : int or None
        Requests; what is less than the smallest lease means that one.
    held_digests : tuple of str
        The models, two at most, that this process has at hand; another one makes the grant a cold one.
    draw : float
        For the canary: the process's k-th lease draws its k-th step, see `sizing.drawn`.
    receipt : Receipt or None
        Handed in with it.
    """

    token: str
    asked: Moment
    wanted: int | None
    held_digests: tuple[str, ...] = ()
    draw: float = 1.0
    receipt: Receipt | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """A lease.

    Attributes
    ----------
    requests, milliseconds : int
        What it may be spent on.
    limits : Limits
        With this process's own model.
    cold : bool
        Whether it was taken from the cold grants: its first call may start up and download.
    rest : int or None
        Requests left of the day, where known.
    handed : str
        Whether the receipt was taken; ``unknown`` when no answer came to a write that held it.
    """

    requests: int
    milliseconds: int
    limits: Limits
    cold: bool = False
    rest: int | None = None
    handed: Handed = "kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """Nothing is left of a quota, or the function is closed.

    Attributes
    ----------
    until_s : int
        For ``closed``: Unix time.
    """

    cause: QuotaCause
    until_s: int = 0
    handed: Handed = "kept"


@dataclass(frozen=True, slots=True)
class LedgerUnavailable:
    """Whether something is left is not known; `reason` is for the log and holds no secret."""

    reason: str
    handed: Handed = "kept"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiptTaken:
    """The answer to a receipt handed in alone."""

    handed: Handed


Grant: TypeAlias = Granted | Refusal | LedgerUnavailable


class Ledger(Protocol):
    """Where leases come from."""

    def grant(self, question: Question, *, timeout_s: float = DEADLINE_S) -> Grant:
        """Ask for a lease."""

    def hand_in(self, question: Question, *, timeout_s: float = DEADLINE_S) -> ReceiptTaken:
        """Hand in a receipt alone."""
