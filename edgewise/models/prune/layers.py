"""Following channels into and out of the operators that multiply with a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.graph import attribute, set_attribute
from edgewise.models.prune.units import Channels, Ids, Layer

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from edgewise.models.prune.follow import Trail
    from edgewise.models.prune.units import Alive


def _note(
    trail: Trail, node: onnx.NodeProto, *, read: Channels | None, made: Channels | None, bias: str | None
) -> None:
    trail.found.layers.append(
        Layer(
            node=node,
            weight=node.input[1],
            bias=bias,
            source=node.input[0],
            output=node.output[0],
            read=read,
            made=made,
        )
    )


def _bias(trail: Trail, node: onnx.NodeProto, size: int) -> str | None:
    """Return the name of a constant third input of one number a channel."""
    value = trail.graph.constant(node, 2)
    return node.input[2] if value is not None and value.size == size and value.shape[-1] == size else None


def _conv(trail: Trail, node: onnx.NodeProto) -> bool:
    weight = trail.graph.constant(node, 1)
    if weight is None or (len(node.input) > 2 and node.input[2] and trail.graph.constant(node, 2) is None):
        return False
    groups = int(attribute(node, "group", 1))
    read = trail.channels(node.input[0])
    read = read if read is not None and read.axis == 1 else None
    if groups == 1:
        made = _made(trail, node, axis=1, weight_axis=0, bias=_bias(trail, node, weight.shape[0]))
        if read is not None:
            trail.link(node.input[1], 1, read.ids)
        elif trail.channels(node.input[0]) is not None:
            trail.pin(node.input[0])
        _note(trail, node, read=read, made=made, bias=_bias(trail, node, weight.shape[0]))
        return True
    if weight.shape[1] == 1 and read is not None:
        return _depthwise(trail, node, read, weight.shape[0] // groups)
    return False


def _depthwise(trail: Trail, node: onnx.NodeProto, read: Channels, multiplier: int) -> bool:
    """Each channel has its own filters: they go with it."""
    ids = np.repeat(read.ids, multiplier)
    trail.put(node.output[0], 1, ids)
    trail.link(node.input[1], 0, ids)
    bias = _bias(trail, node, len(ids))
    if bias:
        trail.link(bias, 0, ids)

    def regroup(alive: Alive) -> None:
        set_attribute(node, "group", int(alive(read.ids).sum()))

    trail.found.patches.append(regroup)
    return True


def _made(trail: Trail, node: onnx.NodeProto, *, axis: int, weight_axis: int, bias: str | None) -> Channels:
    ids = trail.fresh(node.output[0], axis)
    trail.link(node.input[1], weight_axis, ids)
    if bias:
        trail.link(bias, trail.graph.weights[bias].ndim - 1, ids)
    return Channels(axis, ids)


def _gemm(trail: Trail, node: onnx.NodeProto) -> bool:
    weight = trail.graph.constant(node, 1)
    if weight is None or attribute(node, "transA", 0):
        return False
    turned = bool(attribute(node, "transB", 0))
    size = weight.shape[0 if turned else 1]
    bias = _bias(trail, node, size)
    if len(node.input) > 2 and node.input[2] and bias is None:
        return False
    read = _followed(trail, node, axis=1, weight_axis=1 if turned else 0)
    made = _made(trail, node, axis=1, weight_axis=0 if turned else 1, bias=bias)
    _note(trail, node, read=read, made=made, bias=bias)
    return True


def _matmul(trail: Trail, node: onnx.NodeProto) -> bool:
    weight = trail.graph.constant(node, 1)
    if weight is None or weight.ndim != 2:
        return False
    last = trail.rank(node.input[0]) - 1
    read = _followed(trail, node, axis=last, weight_axis=0)
    made = _made(trail, node, axis=trail.rank(node.output[0]) - 1, weight_axis=1, bias=None)
    _note(trail, node, read=read, made=made, bias=_added(trail, node, weight.shape[1]))
    return True


def _added(trail: Trail, node: onnx.NodeProto, size: int) -> str | None:
    """Return the constant that an Add right behind a MatMul adds to each channel."""
    readers = trail.graph.readers[node.output[0]]
    if len(readers) != 1 or readers[0].op_type != "Add" or node.output[0] in trail.graph.outputs:
        return None
    other = next((name for name in readers[0].input if name != node.output[0]), "")
    value = trail.graph.weights.get(other)
    usable = value is not None and value.size == size and value.shape[-1:] == (size,)
    return other if usable and len(trail.graph.readers[other]) == 1 else None


def _followed(trail: Trail, node: onnx.NodeProto, *, axis: int, weight_axis: int) -> Channels | None:
    read = trail.channels(node.input[0])
    if read is None:
        return None
    if read.axis != axis:
        trail.pin(node.input[0])
        return None
    trail.link(node.input[1], weight_axis, read.ids)
    return read


def _lstm(trail: Trail, node: onnx.NodeProto) -> bool:
    """Columns of the input weights go with what is read; the recurrent part stays whole."""
    if trail.graph.constant(node, 1) is None:
        return False
    read = _followed(trail, node, axis=2, weight_axis=2)
    trail.pin(*node.input[1:])
    _note(trail, node, read=read, made=None, bias=None)
    return True


def columns(layer: Layer, weight: NDArrayAny) -> tuple[Ids, int]:
    """Return the unit of each column of a layer's matrix, see `matrix_of`, and how many columns a channel has.

    Columns are ordered by input channel, then by the kernel's position; -1 stands where no unit is followed.
    """
    inputs, taps = _inputs(layer, weight)
    ids = layer.read.ids if layer.read is not None else np.full(inputs, -1, dtype=np.int64)
    return np.repeat(ids, taps), taps


def _inputs(layer: Layer, weight: NDArrayAny) -> tuple[int, int]:
    kind = layer.node.op_type
    if kind == "Conv":
        return weight.shape[1], int(np.prod(weight.shape[2:]))
    if kind == "LSTM":
        return weight.shape[2], 1
    turned = kind == "Gemm" and attribute(layer.node, "transB", 0)
    return weight.shape[1 if turned else 0], 1


def matrix_of(layer: Layer, weight: NDArrayAny) -> NDArrayAny:
    """Return a layer's weights as float64 [outputs, columns]."""
    kind = layer.node.op_type
    if kind == "Conv":
        matrix = weight.reshape(weight.shape[0], -1)
    elif kind == "LSTM":
        matrix = weight.reshape(-1, weight.shape[2])
    else:
        turned = kind == "Gemm" and attribute(layer.node, "transB", 0)
        matrix = (weight if turned else weight.T) * float(attribute(layer.node, "alpha", 1.0))
    return np.asarray(matrix, dtype=np.float64)


def weight_of(layer: Layer, matrix: NDArrayAny, shape: tuple[int, ...]) -> NDArrayAny:
    """Return what `matrix_of` made a matrix of, float32 in that shape."""
    if layer.node.op_type in ("Conv", "LSTM"):
        weight = matrix.reshape(shape)
    else:
        turned = layer.node.op_type == "Gemm" and attribute(layer.node, "transB", 0)
        weight = (matrix if turned else matrix.T) / float(attribute(layer.node, "alpha", 1.0))
    return np.ascontiguousarray(weight, dtype=np.float32)


NDArrayAny = Any

RULES: Final[dict[str, Callable[[Trail, onnx.NodeProto], bool]]] = {
    "Conv": _conv,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "LSTM": _lstm,
}
