"""Repair what pruning broke: layer by layer, by least squares, on what the pruned layers before it now give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edgewise.models.prune.figures import compared, on_places
from edgewise.models.prune.layers import matrix_of, weight_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Layer

    Rows = NDArray[np.float32]
    Matrix = NDArray[np.float64]

# Tried on every fourth sample's rows; what predicts those best is taken. Shares of the second moments' mean.
_RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0)
FOLDS: Final = 4
# Weights keep this many binary places below the largest of their output channel: 60 times finer than int8, and far
# coarser than the last bits in which CPUs differ.
_PLACES: Final = 12
# The same for what is multiplied to get a layer's goals, and for the goals: their sums need no more than 53 bits.
_FINE: Final = 18
# A layer whose output is this close (share of its variance) is left as it is: that is what the grids' rounding makes,
# which changes when a layer's weights get fewer.
_CLOSE: Final = 1e-5


def fit(
    rows: Rows, missing: Matrix, *, centred: bool, samples: int, whole: bool = True
) -> tuple[Matrix, Matrix] | None:
    """Return what to add to a layer's matrix and bias so that it gives ``missing`` as well.

    Ridge regression: the original weights are the starting point that few samples pull at little.

    Parameters
    ----------
    rows : array
        [rows, columns] of the pruned layer's input; samples one after another.
    missing : array
        [rows, outputs]: what the output should be, less what it is.
    centred : bool
        Whether there is a bias.
    samples : int
        How many samples the rows come from.
    whole : bool
        Whether all rows count in the end; if not, every fourth sample's are left for a judgement.

    Returns
    -------
    tuple of array or None
        [outputs, columns] and [outputs]; None when nothing does better than nothing.
    """
    exact = rows.astype(np.float64)
    # Rows of one sample resemble each other: whole samples are left out, unless there are too few.
    parts = samples if samples >= FOLDS else len(exact)
    fold = (np.arange(len(exact)) * parts // len(exact)) % FOLDS == FOLDS - 1
    trained = _Problem(exact[~fold], missing[~fold], centred=centred)
    errors = [float((missing[fold] ** 2).sum())]
    for ridge in _RIDGES:
        weights, bias = trained.solve(ridge)
        errors.append(float(((missing[fold] - exact[fold] @ weights.T - bias) ** 2).sum()))
    best = int(np.argmin(compared(errors)))
    if not best:
        return None
    return (_Problem(exact, missing, centred=centred) if whole else trained).solve(_RIDGES[best - 1])


class _Problem:
    """Ridge regression in whichever form is smaller: over the columns, or over the rows."""

    def __init__(self, rows: Matrix, goals: Matrix, *, centred: bool) -> None:
        self._mean_row = rows.sum(axis=0) / len(rows) if centred else np.zeros(rows.shape[1])
        self._mean_goal = goals.sum(axis=0) / len(rows) if centred else np.zeros(goals.shape[1])
        self._wide = rows.shape[1] > rows.shape[0]
        self._columns = rows.shape[1]
        if self._wide:
            self._rows = rows - self._mean_row
            self._square, self._cross = self._rows @ self._rows.T, goals - self._mean_goal
        else:
            # Both lie on grids: these sums are exact in whatever order. The means are taken off afterwards for that.
            self._square = rows.T @ rows - len(rows) * np.outer(self._mean_row, self._mean_row)
            self._cross = rows.T @ goals - len(rows) * np.outer(self._mean_row, self._mean_goal)

    def solve(self, ridge: float) -> tuple[Matrix, Matrix]:
        trace = max(float(np.trace(self._square)), 1e-12)
        damped = self._square + ridge * trace / max(self._columns, 1) * np.eye(len(self._square))
        solved = np.linalg.solve(damped, self._cross)
        weights = (self._rows.T @ solved if self._wide else solved).T
        return weights, self._mean_goal - weights @ self._mean_row


@dataclass(frozen=True, slots=True)
class Whole:
    """A layer before it was pruned.

    Attributes
    ----------
    matrix : array
        [outputs, columns].
    bias : array or None
        [outputs].
    """

    matrix: Matrix
    bias: Matrix | None

    @classmethod
    def of(cls, graph: Graph, layer: Layer) -> Whole:
        """Copy a layer as it is now."""
        bias = graph.weights[layer.bias].reshape(-1).astype(np.float64) if layer.bias is not None else None
        return cls(on_places(matrix_of(layer, graph.weights[layer.weight]), _FINE, axis=1), bias)

    def outputs(self, stay: NDArray[np.bool_]) -> Whole:
        """Return it with the outputs that stay."""
        return Whole(self.matrix[stay], self.bias[stay] if self.bias is not None else None)

    def apply(self, rows: Rows) -> Matrix:
        """Return the layer's output, [rows, outputs]: exact sums, as the rows lie on a grid too."""
        made: Matrix = rows.astype(np.float64) @ self.matrix.T
        return made if self.bias is None else made + self.bias


def repair_layer(graph: Graph, layer: Layer, rows: Rows, goal: Matrix, *, samples: int) -> None:
    """Change a layer's weights in place so that its output on ``rows`` comes close to ``goal``.

    Parameters
    ----------
    rows : array
        [rows, columns] of its pruned input.
    goal : array
        [rows, outputs].
    samples : int
        How many samples the rows come from.
    """
    start = Whole.of(graph, layer)
    missing = on_places(goal - start.apply(rows), _FINE)
    if float((missing**2).mean()) <= _CLOSE * max(float(goal.var()), 1e-30):
        return
    found = fit(rows, missing, centred=start.bias is not None, samples=samples)
    if found is None:
        return
    matrix, bias = start.matrix + found[0], found[1]
    coarse = on_places(matrix, _PLACES, axis=1)
    graph.weights[layer.weight] = weight_of(layer, coarse, graph.weights[layer.weight].shape)
    if layer.bias is not None and start.bias is not None:
        shape = graph.weights[layer.bias].shape
        graph.weights[layer.bias] = on_places(start.bias + bias, _PLACES).astype(np.float32).reshape(shape)
