"""The criterion "reconstruction": what the next layers lose when a unit goes and the rest is repaired.

Optimal Brain Surgeon for whole units (B. Hassibi, D. Stork: "Second order derivatives for network pruning: Optimal
Brain Surgeon", NIPS 1992), with the layer-wise squared error of the reading layers' outputs as the loss (Y. He,
X. Zhang, J. Sun: "Channel pruning for accelerating very deep neural networks", ICCV 2017; J.-H. Luo, J. Wu, W. Lin:
"ThiNet", ICCV 2017) and the exact updates for one block after another (E. Frantar, D. Alistarh: "Optimal Brain
Compression", NeurIPS 2022). For a layer Y = W X
with second moments H = E[X X'], the least error without the columns B, over all values of the other columns, is
tr(W_B [(H^-1)_BB]^-1 W_B'); afterwards

    W <- W - W_B [(H^-1)_BB]^-1 (H^-1)_B:        H^-1 <- H^-1 - (H^-1)_:B [(H^-1)_BB]^-1 (H^-1)_B:
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.figures import compared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]

# Added to H's diagonal, as a share of its mean: few samples say little about many columns. 1 % is what Optimal
# Brain Compression's authors use (their repository, trueobs.py).
DAMPING: Final = 0.01
# This share of a component's units goes at once before everything is scored again.
_AT_ONCE: Final = 1 / 32
# Dead columns are cut out of the matrices when they are more than this share.
_COMPACT_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Step:
    """Units that go together, and what that costs on top of what went before."""

    units: tuple[int, ...]
    loss: float


def second_moments(rows: NDArray[np.float32], taps: int, *, centred: bool) -> Matrix:
    """Return E[x x'] over a layer's input channels, around the mean when a bias can take the mean up.

    A kernel's positions count as further rows: H is the same at each of them but for borders. Repair then means one
    mixture of the channels that stay for each position. That asks less than a mixture over all positions, takes
    (positions)^2 to (positions)^3 times less work, and needs fewer samples.

    Parameters
    ----------
    rows : array
        [rows, channels * taps].
    taps : int
        Kernel positions.
    """
    exact = by_channel(rows, taps).astype(np.float64)
    # Rows lie on a grid: these sums are exact in whatever order. The mean is taken off afterwards for that.
    moments = exact.T @ exact / len(exact)
    if centred:
        mean = exact.sum(axis=0) / len(exact)
        moments -= np.outer(mean, mean)
    return moments


def by_channel(matrix: NDArray[Any], taps: int) -> NDArray[Any]:
    """Turn [rows, channels * taps] into [rows * taps, channels]."""
    if taps == 1:
        return matrix
    return matrix.reshape(len(matrix), -1, taps).transpose(0, 2, 1).reshape(len(matrix) * taps, -1)


class Patient:
    """One reading layer while units of its input go.

    Parameters
    ----------
    weights : array
        [outputs, columns].
    moments : array
        [columns, columns], see `second_moments`.
    columns : array
        The unit of each column; -1 for none.
    price : float
        What one unit of squared output error costs.
    """

    def __init__(self, weights: Matrix, moments: Matrix, columns: NDArray[np.int64], price: float) -> None:
        self._weights = weights.copy()
        damped = moments + np.eye(len(moments)) * max(DAMPING * float(np.trace(moments)) / len(moments), 1e-12)
        self._inverse = np.linalg.inv(damped)
        self._columns = columns
        self._price = price
        self._index()

    def _index(self) -> None:
        order = np.argsort(self._columns, kind="stable")
        units, starts, counts = np.unique(self._columns[order], return_index=True, return_counts=True)
        self._of_unit = {
            unit: order[start : start + count]
            for unit, start, count in zip(units.tolist(), starts.tolist(), counts.tolist(), strict=True)
            if unit >= 0
        }

    def losses(self, units: Sequence[int]) -> dict[int, float]:
        """Return what each unit's going alone would cost now."""
        by_size: dict[int, list[int]] = {}
        for unit in units:
            if unit in self._of_unit:
                by_size.setdefault(len(self._of_unit[unit]), []).append(unit)
        found: dict[int, float] = {}
        for same in by_size.values():
            blocks = np.stack([self._of_unit[unit] for unit in same])
            inverse = np.linalg.inv(self._inverse[blocks[:, :, None], blocks[:, None, :]])
            weights = self._weights.T[blocks]
            grams = weights @ weights.transpose(0, 2, 1)
            loss = (inverse * grams).sum(axis=(1, 2)) * self._price
            found.update(zip(same, loss.tolist(), strict=True))
        return found

    def remove(self, units: Sequence[int]) -> float:
        """Take units away, repair the rest, and return what it cost."""
        mine = [unit for unit in units if unit in self._of_unit]
        if not mine:
            return 0.0
        block = np.concatenate([self._of_unit.pop(unit) for unit in mine])
        weights = self._weights[:, block]
        rows = self._inverse[block]
        solved = np.linalg.solve(rows[:, block], rows)
        loss = float((np.linalg.inv(rows[:, block]) * (weights.T @ weights)).sum())
        self._weights -= weights @ solved
        self._inverse -= rows.T @ solved
        self._columns = self._columns.copy()
        self._columns[block] = -2
        dead = self._columns == -2
        if dead.mean() > _COMPACT_SHARE:
            left = np.flatnonzero(~dead)
            self._weights = self._weights[:, left]
            self._inverse = self._inverse[np.ix_(left, left)]
            self._columns = self._columns[left]
            self._index()
        return loss * self._price


def order(
    units: Sequence[int],
    patients: Sequence[Patient],
    *,
    silent: frozenset[int],
    sizes: Mapping[int, int],
    may_go: Callable[[Sequence[int]], bool],
) -> list[Step]:
    """Let all units of a component go, the cheapest for the weights it saves first.

    Parameters
    ----------
    units : sequence of int
        The component.
    patients : sequence of Patient
        The layers that read it; they are used up.
    silent : frozenset of int
        Units that are zero on all calibration data: they go first, one by one, and cost nothing.
    sizes : mapping
        How many weights each unit saves.
    may_go : callable
        Says whether units may go after those before them.
    """
    steps: list[Step] = []
    gone: list[int] = []
    alive = list(units)
    for unit in sorted(silent.intersection(units)):
        if may_go([*gone, unit]):
            for patient in patients:
                patient.remove([unit])
            steps.append(Step((unit,), 0.0))
            gone.append(unit)
            alive.remove(unit)
    at_once = max(1, int(len(units) * _AT_ONCE))
    while alive:
        losses: dict[int, float] = dict.fromkeys(alive, 0.0)
        for patient in patients:
            for unit, loss in patient.losses(alive).items():
                losses[unit] += loss
        figures = compared([losses[unit] / max(sizes[unit], 1) for unit in alive]).tolist()
        alive = [unit for _, unit in sorted(zip(figures, alive, strict=True))]
        chosen = _first_that_may(alive, gone, at_once, may_go)
        if not chosen:
            break
        steps.append(Step(tuple(chosen), sum(patient.remove(chosen) for patient in patients)))
        gone.extend(chosen)
        alive = [unit for unit in alive if unit not in set(chosen)]
    return steps


def _first_that_may(
    alive: list[int], gone: list[int], count: int, may_go: Callable[[Sequence[int]], bool]
) -> list[int]:
    chosen: list[int] = []
    for unit in alive:
        if len(chosen) == count:
            break
        if may_go([*gone, *chosen, unit]):
            chosen.append(unit)
    return chosen


def is_silent(rows: NDArray[Any], columns: NDArray[np.int64]) -> set[int]:
    """Return the units whose every number is zero."""
    quiet = ~rows.any(axis=0)
    loud = set(columns[~quiet].tolist())
    return set(columns[quiet].tolist()) - loud - {-1}
