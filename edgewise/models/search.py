"""How far a network may be cut: a coarse grid downwards, then halving where it stops to fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GRID: Final = (0.5, 0.3, 0.15)
"""Shares of the prunable weights that stay, tried from the left; the first that does not fit ends the walk."""

_HALVINGS: Final = 2
_DECIMALS: Final = 2
# Losses grow ever faster the less is kept. Where a share spends more than this part of what is allowed, the grid's next
# one, about half as large, would not fit: it is taken for too small without a trial.
_STEEP: Final = 0.4
# The search looks at the split that thresholds are chosen on, which flatters every variant a little, and holds few
# people or files; and on another CPU a decision at the threshold may fall the other way. So it may spend two thirds of
# the budget; the gate, on held-out data, holds the whole of it.
MARGIN: Final = 2 / 3


def smallest_first(
    loses: Callable[[float], float], *, budget_points: float, grid: Sequence[float] = GRID
) -> list[float]:
    """Return the shares that fit the budget, the smallest first.

    Parameters
    ----------
    loses : callable
        Percentage points that a network with this share of its weights loses on the choice split. It is called at
        most ``len(grid)`` times and twice more.
    budget_points : float
        What it may lose; `MARGIN` of it is spent.
    grid : sequence of float
        Falling shares.

    Returns
    -------
    list of float
        Always ends with 1, which cuts nothing.
    """
    allowed = budget_points * MARGIN
    fitting, too_small = [1.0], 0.0
    lost = 0.0
    for keep in grid:
        if lost > allowed * _STEEP or (lost := loses(keep)) > allowed:
            too_small = keep
            break
        fitting.append(keep)
    if too_small:
        for _ in range(_HALVINGS):
            middle = round((fitting[-1] + too_small) / 2, _DECIMALS)
            if middle in (fitting[-1], too_small):
                break
            if loses(middle) > allowed:
                too_small = middle
            else:
                fitting.append(middle)
    return sorted(fitting)
