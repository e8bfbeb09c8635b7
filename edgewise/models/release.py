"""Let float32 layers read float32: take rounding steps away that nothing in int8 needs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import onnx

if TYPE_CHECKING:
    from collections.abc import Collection

_ROUND = "QuantizeLinear"
_BACK = "DequantizeLinear"


def release(model: onnx.ModelProto, nodes: Collection[str], through: Collection[str]) -> onnx.ModelProto:
    """Return a QDQ model in which some nodes read what their forerunners computed, unrounded.

    onnxruntime's quantiser rounds the output of every int8 layer, also where a float32 layer takes it in: a layer
    that was excluded because of its inputs would gain nothing.

    Parameters
    ----------
    model : onnx.ModelProto
        As the quantiser wrote it.
    nodes : collection of str
        Names of the nodes that stayed in float32.
    through : collection of str
        Operators that only pass values on; one that feeds nothing but such nodes reads unrounded values too.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    makers = {name: node for node in graph.node for name in node.output}
    users: defaultdict[str, list[onnx.NodeProto]] = defaultdict(list)
    for node in graph.node:
        for name in node.input:
            users[name].append(node)
    outputs = {value.name for value in graph.output}
    gone: list[onnx.NodeProto] = []

    def in_float(node: onnx.NodeProto) -> bool:
        if node.name in nodes:
            return True
        after = users[node.output[0]]
        return node.op_type in through and bool(after) and all(in_float(each) for each in after)

    # Round by round: what a layer reads unrounded may let the one before it do so too.
    pairs = [(back, makers[back.input[0]]) for back in graph.node if back.op_type == _BACK and back.input[0] in makers]
    left = [pair for pair in pairs if pair[1].op_type == _ROUND and pair[0].output[0] not in outputs]
    while free := [pair for pair in left if all(in_float(each) for each in users[pair[0].output[0]])]:
        for back, rounding in free:
            _reconnect(back.output[0], rounding.input[0], users)
            gone += [back, rounding]
        left = [pair for pair in left if pair not in free]
    kept = [node for node in graph.node if all(node is not each for each in gone)]
    _replace(graph, kept)
    return result


def _reconnect(old: str, new: str, users: dict[str, list[onnx.NodeProto]]) -> None:
    for node in users[old]:
        node.input[:] = [new if name == old else name for name in node.input]
    users[new] = [node for node in users[new] if node.op_type != _ROUND] + users.pop(old)


def _replace(graph: onnx.GraphProto, kept: list[onnx.NodeProto]) -> None:
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in kept]
    del graph.node[:]
    graph.node.extend(copies)
    read = {name for node in copies for name in node.input}
    constants = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(constants)
