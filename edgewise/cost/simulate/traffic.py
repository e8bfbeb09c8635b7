"""What an adversary sends: a mixture of requests, spread evenly over some seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """A request, by where it can end."""

    JUNK = "junk"
    """A method or path that the firewall does not let through."""
    UNSIGNED = "unsigned"
    """No signature, a forged one, or one that has expired."""
    WRONG_SIZE = "wrong-size"
    """Signed, with a body of another length."""
    MODEL = "model"
    """A model's path without a good fetch token."""
    ABORTED = "aborted"
    """Signed, but the body never arrives: it passes the gate and no call is made."""
    SIGNED = "signed"
    """A valid signature and a body of the right length, whatever its content."""


# Kinds that need a valid signature to be what they are.
WITH_SIGNATURE: Final = frozenset({Kind.SIGNED, Kind.WRONG_SIZE, Kind.ABORTED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Burst:
    """Requests spread evenly over a time; without requests it is a pause.

    Attributes
    ----------
    seconds : int
        How long, at least 1.
    requests : mapping
        How many of each kind.
    until_blocked : bool
        Whether the sender stops when the rate rule blocks.
    addresses : int
        From how many addresses they come, evenly.
    """

    seconds: int
    requests: Mapping[Kind, int] = field(default_factory=dict)
    until_blocked: bool = False
    addresses: int = 1

    def __post_init__(self) -> None:
        """Refuse a burst that takes no time or holds less than nothing."""
        if self.seconds < 1 or any(number < 0 for number in self.requests.values()):
            raise ValueError(f"burst: {self.seconds} s with {dict(self.requests)}: at least 1 s, no negative number")

    def by(self, kind: Kind, second: int) -> int:
        """Return how many of a kind were sent when `second` of its seconds have passed."""
        return self.requests.get(kind, 0) * second // self.seconds


def pause(seconds: int) -> Burst:
    """Send nothing for a while."""
    return Burst(seconds=seconds)
