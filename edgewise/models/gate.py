"""The gate: what a compressed model must show on held-out data before it may be shipped, or be refused with numbers."""

from __future__ import annotations

import itertools
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from edgewise.models.catalogue.entry import Judged
    from edgewise.models.catalogue.recipe import Budgets

_RESAMPLES: Final = 2000
_SEED: Final = 20261128
_UPPER: Final = 0.95
_SHOWN: Final = 3
# A loss of exactly the budget is within it; the sums of its shares end in float dust.
_DUST: Final = 1e-9


class GateError(Exception):
    """A model that may not be shipped; the text has every number that misses, and its limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """What a variant loses, in percentage points of balanced accuracy; negative when it gains.

    Attributes
    ----------
    points : float
        The estimate.
    upper_points : float
        The bootstrap's one-sided 95 % upper bound over groups. It has no width where both variants decide every
        group alike, and says nothing about groups that the data does not hold.
    """

    points: float
    upper_points: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """A variant as the gate sees it.

    Attributes
    ----------
    size_bytes : int
        The artefact's size.
    judged : Judged
        On the test split.
    latency_ms : float, optional
        One answer on one thread; a build from a lock measures none, for it must not depend on how busy a machine is.
    """

    size_bytes: int
    judged: Judged
    latency_ms: float | None = None


def loss(before: Judged, after: Judged) -> Loss:
    """Compare two variants on the same groups.

    Groups are drawn with replacement, the same for both variants: a paired bootstrap (Efron and Tibshirani 1993,
    chapter 8), so what makes a group hard for both doesn't count as a difference.

    Raises
    ------
    GateError
        When the two were not judged by the same decisions.
    """
    if {name: (t.genuine, t.impostors) for name, t in before.groups.items()} != {
        name: (t.genuine, t.impostors) for name, t in after.groups.items()
    }:
        raise GateError("the two variants were judged by other decisions; judge both on the same split")
    names = sorted(before.groups)
    first, second = (np.asarray([astuple(judged.groups[name]) for name in names]) for judged in (before, after))
    drawn = np.random.default_rng(_SEED).integers(len(names), size=(_RESAMPLES, len(names)))
    sums_before, sums_after = (counts[drawn].sum(axis=1) for counts in (first, second))
    usable = (sums_before[:, 0] > 0) & (sums_before[:, 2] > 0)
    differences = _balanced(sums_before[usable]) - _balanced(sums_after[usable])
    points = (before.accuracy - after.accuracy) * 100
    return Loss(points=points, upper_points=max(points, float(np.quantile(differences, _UPPER)) * 100))


def _balanced(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    genuine, accepted, impostors, refused = counts.T
    return np.asarray((accepted / genuine + refused / impostors) / 2)


def check_splits(name: str, splits: Mapping[str, frozenset[str]]) -> None:
    """Refuse data that serves twice: a person, file or row of one split says nothing new in another.

    Raises
    ------
    GateError
        Names the two splits and some of what they share, or an empty or missing split.
    """
    for needed in ("calibration", "choice", "test"):
        if not splits.get(needed):
            raise GateError(f"{name}: the split {needed!r} is empty; give it people, files or rows of its own")
    for one, other in itertools.combinations(sorted(splits), 2):
        if shared := sorted(splits[one] & splits[other]):
            some = ", ".join(shared[:_SHOWN]) + (", …" if len(shared) > _SHOWN else "")
            raise GateError(
                f"{name}: the splits {one!r} and {other!r} share {len(shared)} ({some}); allowed: 0. "
                "What was seen before proves nothing: split the data anew"
            )


def check(name: str, budgets: Budgets, *, fp32: Measured, shipped: Measured) -> Loss:
    """Let a variant pass, or refuse it.

    Parameters
    ----------
    name : str
        For the error.
    budgets : Budgets
        What the recipe demands.
    fp32, shipped : Measured
        The float32 model and the one that is to be shipped, judged on the same test split.

    Returns
    -------
    Loss
        What the shipped one loses.

    Raises
    ------
    GateError
        Names each figure that misses, its limit, and what may be done.
    """
    lost = loss(fp32.judged, shipped.judged)
    size_ratio = fp32.size_bytes / shipped.size_bytes
    accuracy = shipped.judged.accuracy
    misses = []
    if lost.points > budgets.accuracy_points + _DUST:
        misses.append(
            f"it loses {lost.points:.2f} points of balanced accuracy ({fp32.judged.accuracy:.2%} to {accuracy:.2%}; "
            f"95 % upper bound of the loss {lost.upper_points:.2f}), allowed: {budgets.accuracy_points:g}"
        )
    # What must be reached must be sure: the interval's low end counts.
    low = shipped.judged.judgement.low
    if low < budgets.min_accuracy:
        misses.append(
            f"its balanced accuracy is {accuracy:.2%}, at the low end of the 95 % interval {low:.2%}; at least "
            f"{budgets.min_accuracy:.2%} is demanded there"
        )
    if size_ratio < budgets.min_size_ratio:
        misses.append(
            f"it is {size_ratio:.2f} times smaller than float32 ({fp32.size_bytes} to {shipped.size_bytes} bytes), at "
            f"least {budgets.min_size_ratio:g} times is demanded"
        )
    if fp32.latency_ms and shipped.latency_ms and fp32.latency_ms / shipped.latency_ms < budgets.min_speedup:
        misses.append(
            f"it is {fp32.latency_ms / shipped.latency_ms:.2f} times as fast as float32 ({fp32.latency_ms:.3f} to "
            f"{shipped.latency_ms:.3f} ms), at least {budgets.min_speedup:g} times is demanded"
        )
    if misses:
        raise GateError(
            f"{name}: the gate refuses this model: {'; '.join(misses)}. Cut less, exclude more nodes from int8, or "
            "change the budget in the recipe on purpose"
        )
    return lost
