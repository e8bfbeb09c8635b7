"""Activations that are the same to the last bit on every CPU.

ONNX Runtime adds products up in another order, or fused, on each kind of CPU (SSE2, AVX2, AVX512), so float32 sums
differ in their last bits, and what pruning decides or fits would differ with them. Here a graph is rewritten before it
runs: what is summed over lies on a power-of-two grid, and so do the weights, coarse enough that each partial sum is a
whole multiple of one power of two, at most 2^24 of them. Float32 holds those exactly (IEEE 754, 24 significant bits),
so no order of summation can matter. Values that a grid could not hold are clipped to its end, so the bound holds for
any input.

- Conv, Gemm and MatMul with constant weights, and mean or sum over positions or axes: exact.
- One operation a number (Add, Mul, Relu, Sqrt, ...): IEEE 754 rounds it one way only; it is left as it is.
- Sigmoid, Tanh, Exp and Erf, whose kernels differ too: looked up in a table, which has one entry for each place of
  the grid.

What stays open: Softmax, normalisations other than by batch, recurrent layers, products of two activations. What
they make is rounded, if something is summed over it, but a difference in the last bit can still turn a rounding.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.graph import attribute
from edgewise.models.prune.running import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
# Added to a mean, in units of its grid: a mean over an even count can lie halfway between two units, and kernels that
# divide and kernels that multiply with the reciprocal would round it apart. More than float32's error, less than the
# distance from a mean over up to 800 numbers to the next half.
_OFF_HALF: Final = 2.0**-11
_OLDEST_OPSET: Final = 11
_MOST_ROUNDED: Final = 128

_WEIGHTED: Final = frozenset({"Conv", "Gemm", "MatMul"})
_MEANS: Final = frozenset({"AveragePool", "GlobalAveragePool", "ReduceMean"})
_SUMMED: Final = _WEIGHTED | _MEANS | {"ReduceSum", "ConvTranspose", "Softmax", "LSTM", "GRU", "RNN", "LpPool"}


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def _exp(x: float) -> float:
    return math.exp(min(x, 88.0))  # float32's largest


_TABLES: Final[dict[str, Callable[[float], float]]] = {
    "Sigmoid": _sigmoid,
    "Tanh": math.tanh,
    "Exp": _exp,
    "Erf": math.erf,
}


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
        When the operators are of a set older than 11.
    """
    opset = next(entry.version for entry in graph.model.opset_import if entry.domain in ("", "ai.onnx"))
    if opset < _OLDEST_OPSET:
        raise PruneError(f"opset {opset}: at least {_OLDEST_OPSET}; convert the model, see edgewise.models.cleanup")
    tensors = {node.input[0] for node in graph.nodes if node.op_type in _SUMMED or node.op_type in _TABLES}
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
    whole = all(n.op_type not in _SUMMED | set(_TABLES) or n.op_type in _WEIGHTED for n in graph.readers[tensor])
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


class Rewriter:
    """Makes models compute the same on every CPU.

    Parameters
    ----------
    grids : dict of str to Grid
        By tensor, see `measure`.
    """

    def __init__(self, grids: dict[str, Grid]) -> None:
        self._grids = grids
        self._rounded: dict[Any, tuple[Array, Array | None]] = {}

    def __call__(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a rewritten model; its inputs must lie on their grids, see `on_grid`.

        Parameters
        ----------
        model : onnx.ModelProto
            The graph that the grids were measured on, or a part of it. No Constant nodes.
        """
        weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        writer = _Writer(grids=self._grids, weights=weights, rounded=self._rounded)
        for node in model.graph.node:
            writer.node(node)
        made = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
        made.graph.name = model.graph.name
        made.graph.input.extend(model.graph.input)
        made.graph.output.extend(model.graph.output)
        made.graph.node.extend(writer.nodes)
        used = {name for node in writer.nodes for name in node.input}
        kept = {name: value for name, value in weights.items() if name in used}
        made.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in kept.items())
        return made


@dataclass(slots=True)
class _Writer:
    grids: dict[str, Grid]
    weights: dict[str, Array]
    rounded: dict[Any, tuple[Array, Array | None]]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    split: set[str] = field(default_factory=set)

    def node(self, node: onnx.NodeProto) -> None:
        """Write a node, and round what it makes when that has a grid."""
        own = onnx.NodeProto()
        own.CopyFrom(node)
        source = self.grids.get(own.input[0]) if own.input else None
        mean = source is not None and own.op_type in _MEANS
        rounded = [name for name in own.output if name and (name in self.grids or mean)]
        for index, name in enumerate(own.output):
            if name in rounded:
                own.output[index] = f"{name}.raw"
        if source is not None and own.op_type in _WEIGHTED and self._usable(own):
            self._weighted(own, source)
        elif source is not None and own.op_type in _TABLES and source.parts == 1:
            self._table(own, source)
        else:
            self.nodes.append(own)
        for name in rounded:
            between = f"{name}.raw"
            if mean and source is not None:
                between = self._rounded(between, f"{name}.mean" if name in self.grids else name, source, _OFF_HALF)
            if name in self.grids:
                self._rounded(between, name, self.grids[name])

    def _usable(self, node: onnx.NodeProto) -> bool:
        weight = self.weights.get(node.input[1])
        return weight is not None and weight.dtype == np.float32 and (node.op_type == "Conv" or weight.ndim == 2)

    def _add(self, kind: str, inputs: Iterable[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def _constant(self, value: float) -> str:
        name = f"exact.{value!r}"
        self.weights[name] = np.asarray(value, dtype=np.float32)
        return name

    def _rounded(self, tensor: str, output: str, grid: Grid, offset: float = 0.0) -> str:
        top = 2.0 ** (PLACES * grid.parts)
        scaled = self._add("Mul", [tensor, self._constant(2.0**-grid.step)], f"{output}.scaled")
        if offset:
            scaled = self._add("Add", [scaled, self._constant(offset)], f"{output}.off")
        units = self._add("Round", [scaled], f"{output}.units")
        held = self._add("Clip", [units, self._constant(-top), self._constant(top)], f"{output}.held")
        return self._add("Mul", [held, self._constant(2.0**grid.step)], output)

    def _halves(self, tensor: str, grid: Grid) -> list[str]:
        """Return the parts that a tensor is the sum of."""
        if grid.parts == 1:
            return [tensor]
        high, low = f"{tensor}.high", f"{tensor}.low"
        if tensor not in self.split:
            self.split.add(tensor)
            self._rounded(tensor, high, Grid(grid.exponent))
            self._add("Sub", [tensor, high], low)
        return [high, low]

    def _weighted(self, node: onnx.NodeProto, grid: Grid) -> None:
        output, weight = node.output[0], self.weights[node.input[1]]
        axis = 0 if node.op_type == "Conv" or attribute(node, "transB", 0) else weight.ndim - 1
        if node.op_type == "Gemm":
            weight = weight * np.float32(attribute(node, "alpha", 1.0))
        bias, apart = self._bias(node, weight.shape[axis])
        kept = [entry for entry in node.attribute if entry.name not in ("alpha", "beta")]
        own, added = self._weights_on_grid(weight, bias, grid, axis)
        self.weights[f"{output}.weight"] = own
        made = []
        for index, part in enumerate(self._halves(node.input[0], grid)):
            inputs = [part, f"{output}.weight"]
            if added is not None and index == 0:
                self.weights[f"{output}.bias"] = added
                inputs.append(f"{output}.bias")
            single = helper.make_node(node.op_type, inputs, [f"{output}.part{index}"])
            single.attribute.extend(kept)
            self.nodes.append(single)
            made.append(single.output[0])
        made += [apart] if apart else []
        while len(made) > 1:
            last = len(made) == 2
            made = [self._add("Add", made[:2], output if last else f"{output}.sum"), *made[2:]]
        self.nodes[-1].output[0] = output

    def _weights_on_grid(self, weight: Array, bias: Array | None, grid: Grid, axis: int) -> tuple[Array, Array | None]:
        """Round weights, or take them as they were rounded before: a trial changes one layer of many."""
        held = weight.tobytes() + (b"" if bias is None else bias.tobytes())
        key = (hashlib.blake2b(held).digest(), weight.shape, grid, axis, bias is None)
        if key not in self.rounded:
            while len(self.rounded) >= _MOST_ROUNDED:
                del self.rounded[next(iter(self.rounded))]
            self.rounded[key] = weights_on_grid(weight, bias, grid, axis)
        self.rounded[key] = self.rounded.pop(key)
        return self.rounded[key]

    def _bias(self, node: onnx.NodeProto, size: int) -> tuple[Array | None, str]:
        """Return a bias of one number a channel, or the name of what is added otherwise."""
        name = node.input[2] if len(node.input) > 2 else ""
        beta = np.float32(attribute(node, "beta", 1.0)) if node.op_type == "Gemm" else np.float32(1.0)
        value = self.weights.get(name)
        if not name or beta == 0:
            return None, ""
        if value is not None and value.size == size and value.shape[-1] == size:
            return value * beta, ""
        if beta != 1:
            name = self._add("Mul", [name, self._constant(float(beta))], f"{node.output[0]}.added")
        return None, name

    def _table(self, node: onnx.NodeProto, grid: Grid) -> None:
        output, top = node.output[0], 2**PLACES
        entries = [_TABLES[node.op_type](math.ldexp(place, grid.step)) for place in range(-top, top + 1)]
        self.weights[f"{output}.table"] = np.asarray(entries, dtype=np.float32)
        units = self._add("Mul", [node.input[0], self._constant(2.0**-grid.step)], f"{output}.units")
        moved = self._add("Add", [units, self._constant(float(top))], f"{output}.moved")
        place = self._add("Cast", [moved], f"{output}.place", to=onnx.TensorProto.INT64)
        self._add("Gather", [f"{output}.table", place], output, axis=0)
