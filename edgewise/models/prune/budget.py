"""Share a budget of weights out over all components."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.figures import compared

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewise.models.prune.census import Census
    from edgewise.models.prune.surgeon import Step


def spend(census: Census, curves: Sequence[Sequence[Step]], keep: float | None) -> list[tuple[tuple[int, ...], float]]:
    """Remove units until no more than ``keep`` of the prunable weights stay; None: as long as one may go.

    ``census`` holds what is left.

    Greedy: the next stretch of the curve with the least loss per saved weight, seen from where each stands. Stretches
    end where the average slope is least, so a dear step with cheap ones behind it (a whole block) is seen through.

    Returns
    -------
    list of (units, loss per weight)
        In the order in which they went.

    Raises
    ------
    PruneError
        When even without all that may go, more than ``keep`` stays.
    """
    places = [0] * len(curves)
    goals = [_stretch(census, curve, 0) for curve in curves]
    slopes = [_slope(census, curve, 0, goal) for curve, goal in zip(curves, goals, strict=True)]
    gone: list[tuple[tuple[int, ...], float]] = []
    # The share's last bits must not cost a unit.
    allowed = 0 if keep is None else int(keep * census.total + 1e-6)
    while census.weights() > allowed:
        best = int(np.argmin(compared(slopes))) if slopes else 0
        if not slopes or slopes[best] == np.inf:
            if keep is None:
                return gone
            raise PruneError(
                f"keep={keep}: {census.weights()} of {census.total} prunable weights are the least that leaves every "
                f"layer an input and an output; at least {census.weights() / census.total:.3f}"
            )
        step = curves[best][places[best]]
        if census.may_go(step.units):
            census.remove(step.units)
            gone.append((step.units, slopes[best]))
        places[best] += 1
        if places[best] >= goals[best]:
            goals[best] = _stretch(census, curves[best], places[best])
        for index, curve in enumerate(curves):
            # What a step saves changes with what went elsewhere; the one just taken, and each now and then.
            if index == best or len(gone) % 8 == 0:
                slopes[index] = _slope(census, curve, places[index], goals[index])
    return gone


def _stretch(census: Census, curve: Sequence[Step], place: int) -> int:
    """Return where the stretch with the least average slope ends."""
    losses = np.cumsum([step.loss for step in curve[place:]])
    saved = np.cumsum([census.saved(step.units) for step in curve[place:]])
    if not len(losses):
        return place
    slopes = compared(losses / np.maximum(saved, 1))
    return place + 1 + int(np.flatnonzero(slopes <= slopes.min()).max())


def _slope(census: Census, curve: Sequence[Step], place: int, goal: int) -> float:
    ahead = curve[place:goal]
    if not ahead:
        return float("inf")
    saved = census.saved([unit for step in ahead for unit in step.units])
    return math.fsum(step.loss for step in ahead) / max(saved, 1)
