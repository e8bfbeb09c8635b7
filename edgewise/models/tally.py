"""Count right and wrong decisions, and say how sure the count is."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_Z_95: Final = 1.959964  # standard deviations to each side that hold 95 % of a normal distribution
_RESAMPLES: Final = 2000
_SEED: Final = 20261124


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Decisions, counted: ``accepted`` of ``genuine`` and ``refused`` of ``impostors`` were right."""

    genuine: int = 0
    accepted: int = 0
    impostors: int = 0
    refused: int = 0

    @classmethod
    def one(cls, *, is_genuine: bool, right: bool) -> Tally:
        """Count one decision."""
        return cls(genuine=1, accepted=int(right)) if is_genuine else cls(impostors=1, refused=int(right))

    def __add__(self, other: Tally) -> Tally:
        """Add the counts up."""
        return Tally(
            genuine=self.genuine + other.genuine,
            accepted=self.accepted + other.accepted,
            impostors=self.impostors + other.impostors,
            refused=self.refused + other.refused,
        )

    @property
    def decisions(self) -> int:
        """How many decisions were counted."""
        return self.genuine + self.impostors

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the share of the genuine that was accepted and of the impostors that were refused.

        Raises
        ------
        ValueError
            When one of the two classes is empty.
        """
        if not self.genuine or not self.impostors:
            raise ValueError(f"{self.genuine} genuine, {self.impostors} impostors: both classes are needed")
        return (self.accepted / self.genuine + self.refused / self.impostors) / 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A tally with the 95 % interval of its balanced accuracy, see `judge`."""

    tally: Tally
    low: float
    high: float

    def __str__(self) -> str:
        """Return "99.91 % (98.01-100.00)"."""
        middle = self.tally.balanced_accuracy
        return f"{middle * 100:.2f} % ({self.low * 100:.2f}-{self.high * 100:.2f})"


def judge(tallies: Sequence[Tally]) -> Judgement:
    """Add tallies up and give a 95 % interval of their balanced accuracy.

    Two intervals, and at each end the wider one: Wilson's for both classes, joined by Newcombe's square
    rule (it has a width when no error was seen, but takes decisions for independent); and the bootstrap over
    tallies (it knows that the decisions about one person stand or fall together, but has no width when no
    error was seen).

    Parameters
    ----------
    tallies : sequence of Tally
        One a person whose photos were judged.

    Raises
    ------
    ValueError
        When a class is empty.
    """
    whole = sum(tallies, Tally())
    low, high = _wilson(whole)
    boot_low, boot_high = _bootstrap(tallies)
    return Judgement(tally=whole, low=min(low, boot_low), high=max(high, boot_high))


def _wilson(tally: Tally) -> tuple[float, float]:
    middle = tally.balanced_accuracy
    below = above = 0.0
    for right, count in ((tally.accepted, tally.genuine), (tally.refused, tally.impostors)):
        share = right / count
        shrink = 1 + _Z_95**2 / count
        centre = (share + _Z_95**2 / (2 * count)) / shrink
        half = _Z_95 * math.sqrt(share * (1 - share) / count + (_Z_95 / (2 * count)) ** 2) / shrink
        below += (share - (centre - half)) ** 2
        above += (centre + half - share) ** 2
    return middle - math.sqrt(below) / 2, min(1.0, middle + math.sqrt(above) / 2)


def _bootstrap(tallies: Sequence[Tally]) -> tuple[float, float]:
    counts = np.asarray([astuple(tally) for tally in tallies], dtype=np.float64)
    drawn = np.random.default_rng(_SEED).integers(len(counts), size=(_RESAMPLES, len(counts)))
    genuine, accepted, impostors, refused = counts[drawn].sum(axis=1).T
    usable = (genuine > 0) & (impostors > 0)
    balanced = (accepted[usable] / genuine[usable] + refused[usable] / impostors[usable]) / 2
    low, high = np.quantile(balanced, [0.025, 0.975])
    return float(low), float(high)
