"""Power-of-two grids on which sums are exact in float32; see `exact`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.running import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph

    Array = NDArray[Any]

# A part of a number has this many binary places below the tensor's largest; 24 less that are for the weights' sum.
PLACES: Final = 9
_EXACT: Final = 24
# How far above the largest number seen a grid ends at least: no last bit moves a power of two, and no usual value
# (a pixel's 1, a saturated Sigmoid's) lies at a border.
_MARGIN: Final = 1.03
_MOST_SAMPLES: Final = 32
# Sums of two parts cost twice the time: for nets of at most this many multiplications a sample.
_CHEAP: Final = 10**8
_OLDEST_OPSET: Final = 13

WEIGHTED: Final = frozenset({"Conv", "Gemm", "MatMul"})
MEANS: Final = frozenset({"AveragePool", "GlobalAveragePool", "ReduceMean"})
LOOKED_UP: Final = frozenset({"Sigmoid", "Tanh", "Exp", "Erf"})
_IN_PARTS: Final = WEIGHTED | {"LSTM"}
_SUMMED: Final = _IN_PARTS | MEANS | {"ReduceSum", "ConvTranspose", "Softmax", "GRU", "RNN", "LpPool"}


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a tensor's numbers lie.

    Attributes
    ----------
    exponent : int
        No number is larger than 2 to this.
    parts : int
        1 or 2: how many numbers of `PLACES` binary places it is summed as.
    """

    exponent: int
    parts: int = 1

    @property
    def step(self) -> int:
        """The exponent of the distance between two places."""
        return self.exponent - PLACES * self.parts


def measure(graph: Graph, samples: Sequence[Array], *, work: int) -> dict[str, Grid]:
    """Return a grid for each tensor that is summed over, from the largest number seen.

    Parameters
    ----------
    graph : Graph
        Not yet pruned.
    samples : sequence of array
        Its inputs; at most 32, evenly spread, are run.
    work : int
        How many multiplications a sample takes.

    Raises
    ------
    PruneError
        When the operators are of a set older than 13.
    """
    opset = next(entry.version for entry in graph.model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < _OLDEST_OPSET:
        raise PruneError(f"opset {opset}: at least {_OLDEST_OPSET}; convert the model, see edgewise.models.cleanup")
    tensors = {node.input[0] for node in graph.nodes if node.op_type in _SUMMED | LOOKED_UP}
    inside = sorted(tensors - {graph.input} - set(graph.weights))
    session = Session(graph.with_outputs(inside or graph.outputs))
    largest: dict[str, float] = {}
    chosen = np.unique(np.linspace(0, len(samples) - 1, min(len(samples), _MOST_SAMPLES)).round().astype(int))
    for index in chosen.tolist():
        values = session.run({graph.input: samples[index]}) | {graph.input: samples[index]}
        for name in tensors.intersection(values):
            if values[name].dtype == np.float32:
                largest[name] = max(largest.get(name, 0.0), float(np.abs(values[name]).max(initial=0.0)))
    return {
        name: Grid(math.ceil(math.log2(max(value * _MARGIN, 2.0**-60))), _parts(graph, name, work))
        for name, value in largest.items()
    }


def _parts(graph: Graph, tensor: str, work: int) -> int:
    whole = all(n.op_type not in _SUMMED | LOOKED_UP or n.op_type in _IN_PARTS for n in graph.readers[tensor])
    return 2 if whole and work <= _CHEAP else 1


def on_grid(values: Array, grid: Grid) -> Array:
    """Round numbers to a grid, as the rewritten graph does."""
    units = np.round(np.ldexp(values, -grid.step))
    top = 2.0 ** (PLACES * grid.parts)
    return np.asarray(np.ldexp(np.clip(units, -top, top), grid.step), dtype=values.dtype)


def weights_on_grid(weight: Array, bias: Array | None, grid: Grid, axis: int) -> tuple[Array, Array | None]:
    """Round a layer's weights, for each output channel to the finest grid on which no sum needs more than 24 bits.

    Parameters
    ----------
    weight : array
        Float32.
    bias : array or None
        One number for each output channel.
    grid : Grid
        Of what is multiplied with it.
    axis : int
        The weight's axis of output channels.
    """
    rows = np.moveaxis(weight, axis, 0).reshape(weight.shape[axis], -1).astype(np.float64)
    added = np.zeros(len(rows)) if bias is None else bias.reshape(-1).astype(np.float64)
    # The unit of all sums; the part's largest number is 2^exponent, its unit 2^(exponent - PLACES).
    most = np.abs(rows).sum(axis=1) + np.abs(np.ldexp(added, -grid.exponent))
    _, exponent = np.frexp(most)
    exponent = np.where(most > 0, exponent - (_EXACT - PLACES), 0)
    for _ in range(_EXACT):
        rounded = np.round(np.ldexp(rows, -exponent[:, None]))
        offset = np.round(np.ldexp(added, -(exponent + grid.exponent - PLACES)))
        over = np.abs(rounded).sum(axis=1) * 2.0**PLACES + np.abs(offset) > 2.0**_EXACT
        if not over.any():
            break
        exponent = exponent + over
    back = np.ldexp(rounded, exponent[:, None]).reshape(np.moveaxis(weight, axis, 0).shape)
    moved = np.ascontiguousarray(np.moveaxis(back, 0, axis)).astype(np.float32)
    if bias is None:
        return moved, None
    return moved, np.ldexp(offset, exponent + grid.exponent - PLACES).astype(np.float32).reshape(bias.shape)
