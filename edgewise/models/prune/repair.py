"""Repair what pruning broke: layer by layer, by least squares, on what the pruned layers before it now give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.layers import matrix_of, weight_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Layer

    Rows = NDArray[np.float32]
    Matrix = NDArray[np.float64]

# Tried on every fourth sample's rows; what predicts those best is taken. Shares of the second moments' mean.
_RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0)
_FOLDS: Final = 4
# Weights keep this many binary places below the largest of their output channel: 60 times finer than int8, and far
# coarser than the last bits in which CPUs differ.
_PLACES: Final = 12
# A layer whose output is this close (share of its variance) is left as it is.
_CLOSE: Final = 1e-9


def fit(rows: Rows, missing: Matrix, *, centred: bool, samples: int) -> tuple[Matrix, Matrix] | None:
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

    Returns
    -------
    tuple of array or None
        [outputs, columns] and [outputs]; None when nothing does better than nothing.
    """
    exact = rows.astype(np.float64)
    fold = (np.arange(len(exact)) * samples // len(exact)) % _FOLDS == _FOLDS - 1
    trained = _Problem(exact[~fold], missing[~fold], centred=centred)
    best = (float((missing[fold] ** 2).sum()), 0.0)
    for ridge in _RIDGES:
        weights, bias = trained.solve(ridge)
        left = missing[fold] - exact[fold] @ weights.T - bias
        best = min(best, (float((left**2).sum()), ridge))
    return _Problem(exact, missing, centred=centred).solve(best[1]) if best[1] else None


class _Problem:
    """Ridge regression in whichever form is smaller: over the columns, or over the rows."""

    def __init__(self, rows: Matrix, goals: Matrix, *, centred: bool) -> None:
        self._mean_row = rows.mean(axis=0) if centred else np.zeros(rows.shape[1])
        self._mean_goal = goals.mean(axis=0) if centred else np.zeros(goals.shape[1])
        self._rows, self._goals = rows - self._mean_row, goals - self._mean_goal
        self._wide = rows.shape[1] > rows.shape[0]
        self._square = self._rows @ self._rows.T if self._wide else self._rows.T @ self._rows
        self._cross = self._goals if self._wide else self._rows.T @ self._goals

    def solve(self, ridge: float) -> tuple[Matrix, Matrix]:
        trace = max(float(np.trace(self._square)), 1e-12)
        damped = self._square + ridge * trace / self._rows.shape[1] * np.eye(len(self._square))
        solved = np.linalg.solve(damped, self._cross)
        weights = (self._rows.T @ solved if self._wide else solved).T
        return weights, self._mean_goal - weights @ self._mean_row


def repair_layer(graph: Graph, layer: Layer, rows: Rows, goal: Matrix, samples: int) -> None:
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
    original = graph.weights[layer.weight]
    matrix = matrix_of(layer, original)
    bias = graph.weights[layer.bias].reshape(-1) if layer.bias is not None else None
    missing = goal - rows.astype(np.float64) @ matrix.T - (0.0 if bias is None else bias)
    if float((missing**2).mean()) <= _CLOSE * max(float(goal.var()), 1e-30):
        return
    found = fit(rows, missing, centred=bias is not None, samples=samples)
    if found is None:
        return
    graph.weights[layer.weight] = weight_of(layer, _coarse(matrix + found[0]), original.shape)
    if layer.bias is not None and bias is not None:
        changed = _coarse((bias + found[1])[None])[0]
        graph.weights[layer.bias] = changed.astype(np.float32).reshape(graph.weights[layer.bias].shape)


def _coarse(matrix: Matrix) -> Matrix:
    """Round each row to a power of two, `_PLACES` binary places below its largest number."""
    largest = np.abs(matrix).max(axis=1, keepdims=True, initial=0.0)
    _, exponent = np.frexp(largest)
    step = np.ldexp(1.0, exponent - _PLACES)
    return np.asarray(np.round(matrix / step) * step)


class Stepper:
    """Runs a graph piece by piece: what was computed is kept, and changed weights count from then on.

    Parameters
    ----------
    graph : Graph
        The graph that is being repaired.
    samples : sequence of array
        Its inputs.
    """

    def __init__(self, graph: Graph, samples: Sequence[NDArray[Any]]) -> None:
        self._graph = graph
        self._values: dict[str, list[NDArray[Any]]] = {graph.input: list(samples)}

    def values(self, tensor: str) -> list[NDArray[Any]]:
        """Return a tensor for each sample."""
        if tensor not in self._values:
            nodes, inputs = self.path(tensor)
            session = self._graph.part({name: self._values[name][0] for name in inputs}, [tensor], nodes)
            count = len(self._values[self._graph.input])
            self._values[tensor] = [
                session.run({name: self._values[name][index] for name in inputs})[tensor] for index in range(count)
            ]
        return self._values[tensor]

    def path(self, tensor: str) -> tuple[list[Any], list[str]]:
        """Return the nodes from known tensors to one that is wanted, and those known tensors."""
        needed, inputs, nodes = {tensor}, set(), []
        for node in reversed(self._graph.nodes):
            if not needed.intersection(node.output):
                continue
            nodes.append(node)
            for name in node.input:
                if name in self._values:
                    inputs.add(name)
                elif name and name not in self._graph.weights:
                    needed.add(name)
        return nodes[::-1], sorted(inputs)

    def forget(self, wanted: Sequence[str]) -> None:
        """Drop what isn't needed for the tensors that will still be asked for."""
        kept = {self._graph.input}
        for tensor in wanted:
            kept.update([tensor] if tensor in self._values else self.path(tensor)[1])
        self._values = {name: value for name, value in self._values.items() if name in kept}
