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
  the grid. A plain LSTM is taken apart into all these, see `recurrent`.

What stays open: Softmax, normalisations other than by batch, other recurrent layers, products of two activations. What
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

from edgewise.models.prune import recurrent
from edgewise.models.prune.graph import attribute
from edgewise.models.prune.grids import LOOKED_UP, MEANS, PLACES, WEIGHTED, Grid, weights_on_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]

# Added to a mean, in units of its grid: a mean over an even count can lie halfway between two units, and kernels that
# divide and kernels that multiply with the reciprocal would round it apart. More than float32's error, less than the
# distance from a mean over up to 800 numbers to the next half.
_OFF_HALF: Final = 2.0**-11
_MOST_ROUNDED: Final = 128


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


class Rewriter:
    """Makes models compute the same on every CPU.

    Parameters
    ----------
    grids : dict of str to Grid
        By tensor, see `grids.measure`.
    shapes : mapping
        Shapes of the tensors; only the lengths of sequences are read.
    """

    def __init__(self, grids: dict[str, Grid], shapes: Mapping[str, tuple[int, ...]]) -> None:
        self._grids, self._shapes = grids, shapes
        self._rounded: dict[Any, tuple[Array, Array | None]] = {}

    def __call__(self, model: onnx.ModelProto) -> onnx.ModelProto:
        """Return a rewritten model; its inputs must lie on their grids, see `on_grid`.

        Parameters
        ----------
        model : onnx.ModelProto
            The graph that the grids were measured on, or a part of it. No Constant nodes.
        """
        weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
        writer = Writer(grids=self._grids, shapes=self._shapes, weights=weights, rounded=self._rounded)
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
class Writer:
    """Writes the nodes of one rewritten model."""

    grids: dict[str, Grid]
    shapes: Mapping[str, tuple[int, ...]]
    weights: dict[str, Array]
    rounded: dict[Any, tuple[Array, Array | None]]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    split: set[str] = field(default_factory=set)

    def node(self, node: onnx.NodeProto) -> None:
        """Write a node, and round what it makes when that has a grid."""
        own = onnx.NodeProto()
        own.CopyFrom(node)
        source = self.grids.get(own.input[0]) if own.input else None
        mean = source is not None and own.op_type in MEANS
        rounded = [name for name in own.output if name and (name in self.grids or mean)]
        for index, name in enumerate(own.output):
            if name in rounded:
                own.output[index] = f"{name}@raw"
        if source is not None and own.op_type in WEIGHTED and self._usable(own):
            self.weighted(own, source)
        elif source is not None and own.op_type in LOOKED_UP and source.parts == 1:
            self.look_up(own.op_type, own.input[0], own.output[0], source.exponent, PLACES)
        elif source is not None and own.op_type == "LSTM" and recurrent.is_plain(own, self.weights):
            recurrent.write(self, own, source, self.shapes[own.input[0]][0])
        else:
            self.nodes.append(own)
        for name in rounded:
            between = f"{name}@raw"
            if mean and source is not None:
                between = self.rounded_to(between, f"{name}@mean" if name in self.grids else name, source, _OFF_HALF)
            if name in self.grids:
                self.rounded_to(between, name, self.grids[name])

    def _usable(self, node: onnx.NodeProto) -> bool:
        weight = self.weights.get(node.input[1])
        return weight is not None and weight.dtype == np.float32 and (node.op_type == "Conv" or weight.ndim == 2)

    def add(self, kind: str, inputs: Iterable[str], output: str, **attributes: Any) -> str:
        """Write a node with one output, and return that."""
        self.nodes.append(helper.make_node(kind, list(inputs), [output], **attributes))
        return output

    def constant(self, value: float) -> str:
        """Write a number, and return its name."""
        name = f"exact.{value!r}"
        self.weights[name] = np.asarray(value, dtype=np.float32)
        return name

    def rounded_to(self, tensor: str, output: str, grid: Grid, offset: float = 0.0) -> str:
        """Write the rounding to a grid."""
        top = 2.0 ** (PLACES * grid.parts)
        scaled = self.add("Mul", [tensor, self.constant(2.0**-grid.step)], f"{output}@scaled")
        if offset:
            scaled = self.add("Add", [scaled, self.constant(offset)], f"{output}@off")
        units = self.add("Round", [scaled], f"{output}@units")
        held = self.add("Clip", [units, self.constant(-top), self.constant(top)], f"{output}@held")
        return self.add("Mul", [held, self.constant(2.0**grid.step)], output)

    def _halves(self, tensor: str, grid: Grid) -> list[str]:
        """Return the parts that a tensor is the sum of."""
        if grid.parts == 1:
            return [tensor]
        high, low = f"{tensor}@high", f"{tensor}@low"
        if tensor not in self.split:
            self.split.add(tensor)
            self.rounded_to(tensor, high, Grid(grid.exponent))
            self.add("Sub", [tensor, high], low)
        return [high, low]

    def weighted(self, node: onnx.NodeProto, grid: Grid) -> None:
        """Write a Conv, Gemm or MatMul with constant weights, whose input lies on a grid."""
        output, weight = node.output[0], self.weights[node.input[1]]
        axis = 0 if node.op_type == "Conv" or attribute(node, "transB", 0) else weight.ndim - 1
        if node.op_type == "Gemm":
            weight = weight * np.float32(attribute(node, "alpha", 1.0))
        bias, apart = self._bias(node, weight.shape[axis])
        kept = [entry for entry in node.attribute if entry.name not in ("alpha", "beta")]
        own, added = self._weights_on_grid(weight, bias, grid, axis)
        self.weights[f"{output}@weight"] = own
        made = []
        for index, part in enumerate(self._halves(node.input[0], grid)):
            inputs = [part, f"{output}@weight"]
            if added is not None and index == 0:
                self.weights[f"{output}@bias"] = added
                inputs.append(f"{output}@bias")
            single = helper.make_node(node.op_type, inputs, [f"{output}@part{index}"])
            single.attribute.extend(kept)
            self.nodes.append(single)
            made.append(single.output[0])
        made += [apart] if apart else []
        while len(made) > 1:
            last = len(made) == 2
            made = [self.add("Add", made[:2], output if last else f"{output}@sum"), *made[2:]]
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
            name = self.add("Mul", [name, self.constant(float(beta))], f"{node.output[0]}@added")
        return None, name

    def look_up(self, kind: str, tensor: str, output: str, exponent: int, places: int) -> str:
        """Write a function of one number as a table of its values between minus and plus 2 to an exponent."""
        top, step = 2**places, exponent - places
        name = f"table.{kind}@{exponent}@{places}"
        if name not in self.weights:
            entries = [_TABLES[kind](math.ldexp(place, step)) for place in range(-top, top + 1)]
            self.weights[name] = np.asarray(entries, dtype=np.float32)
        scaled = self.add("Mul", [tensor, self.constant(2.0**-step)], f"{output}@scaled")
        units = self.add("Round", [scaled], f"{output}@units")
        held = self.add("Clip", [units, self.constant(float(-top)), self.constant(float(top))], f"{output}@held")
        moved = self.add("Add", [held, self.constant(float(top))], f"{output}@moved")
        place = self.add("Cast", [moved], f"{output}@place", to=onnx.TensorProto.INT64)
        return self.add("Gather", [name, place], output, axis=0)
