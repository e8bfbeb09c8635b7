"""Clean a graph up before it is pruned and quantised: newer opset, constants worked out, nothing that does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import helper, numpy_helper, version_converter

from edgewise.models.inspect import ModelError
from edgewise.models.opset import IR_VERSION, OPSET
from edgewise.models.prune.graph import attribute, constant_of
from edgewise.models.prune.running import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Weights = dict[str, NDArray[Any]]

_RANDOM: Final = ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial")
_NOTHING_AT_INFERENCE: Final = ("Identity", "Dropout")
# A constant that is worked out may be this much larger than what it is made of; a Tile or Expand stays a node.
_GROWTH_BYTES: Final = 65_536


def clean(model: onnx.ModelProto) -> onnx.ModelProto:
    """Bring a model into the form that the rest of the pipeline takes.

    Weights leave the graph's inputs (there, they keep ONNX Runtime from folding), an opset below 17 is converted, what
    depends on constants only is worked out, Identity and Dropout go, batch normalisations behind convolutions are
    folded into them, and what no output needs is dropped. The answers stay, but for the folding's rounding.

    Parameters
    ----------
    model : onnx.ModelProto
        As it came; isn't changed.

    Returns
    -------
    onnx.ModelProto
        Opset 17 or as it was when that is higher.

    Raises
    ------
    edgewise.models.inspect.ModelError
        When the opset can't be converted; names both opsets.
    """
    cleaned = onnx.ModelProto()
    cleaned.CopyFrom(model)
    _take_weights_from_inputs(cleaned)
    cleaned = _converted(cleaned)
    graph = cleaned.graph
    weights: Weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = _folded(cleaned, list(graph.node), weights)
    nodes = _without_nothing(nodes, {value.name for value in graph.output})
    nodes = _without_batch_norms(nodes, weights, {value.name for value in graph.output})
    nodes = _needed(nodes, {value.name for value in graph.output})
    used = {name for node in nodes for name in node.input} | {value.name for value in graph.output}
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(
        numpy_helper.from_array(np.ascontiguousarray(value), name)
        if value.ndim
        else numpy_helper.from_array(value, name)
        for name, value in weights.items()
        if name in used
    )
    onnx.checker.check_model(cleaned)
    return cleaned


def _take_weights_from_inputs(model: onnx.ModelProto) -> None:
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, IR_VERSION)


def _converted(model: onnx.ModelProto) -> onnx.ModelProto:
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 1)
    if opset >= OPSET:
        return model
    try:
        converted = version_converter.convert_version(model, OPSET)
    except (RuntimeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"opset {opset} can't be converted to {OPSET}: {first}; export the model anew") from None
    converted.ir_version = max(model.ir_version, IR_VERSION)
    return converted


def _folded(model: onnx.ModelProto, nodes: list[onnx.NodeProto], weights: Weights) -> list[onnx.NodeProto]:
    """Work out the nodes that read constants only; the results join ``weights``."""
    known = set(weights)
    left: list[onnx.NodeProto] = []
    constant: list[onnx.NodeProto] = []
    for node in nodes:
        value = constant_of(node)
        if value is not None:
            weights[node.output[0]] = value
            known.add(node.output[0])
        elif _is_constant(node, known):
            constant.append(node)
            known.update(node.output)
        else:
            left.append(node)
    if not constant:
        return left
    used = {name for node in constant for name in node.input}
    wanted = [name for node in constant for name in node.output if name]
    part = helper.make_graph(
        constant,
        "constants",
        [],
        [helper.make_empty_tensor_value_info(name) for name in wanted],
        [numpy_helper.from_array(value, name) for name, value in weights.items() if name in used],
    )
    values = Session(helper.make_model(part, opset_imports=model.opset_import, ir_version=model.ir_version)).run({})
    large = {name for node in constant for name in node.output if _grows(node, values, weights)}
    weights.update({name: np.asarray(value) for name, value in values.items() if name not in large})
    return [node for node in constant if large.intersection(node.output)] + left


def _is_constant(node: onnx.NodeProto, known: set[str]) -> bool:
    holds_graph = any(entry.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for entry in node.attribute)
    return node.op_type not in _RANDOM and not holds_graph and all(name in known for name in node.input if name)


def _grows(node: onnx.NodeProto, values: Weights, weights: Weights) -> bool:
    before = sum(np.asarray(values.get(name, weights.get(name, 0))).nbytes for name in node.input)
    after = sum(np.asarray(values[name]).nbytes for name in node.output if name)
    return after - before > _GROWTH_BYTES


def _without_nothing(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """Let readers of an Identity read what it reads."""
    stands_for: dict[str, str] = {}
    left = []
    for node in nodes:
        for index, name in enumerate(node.input):
            node.input[index] = stands_for.get(name, name)
        idle = node.op_type in _NOTHING_AT_INFERENCE and not any(node.output[1:]) and len(node.input) < 3
        if idle and node.output[0] not in outputs:
            stands_for[node.output[0]] = node.input[0]
        else:
            left.append(node)
    return left


def _without_batch_norms(nodes: list[onnx.NodeProto], weights: Weights, outputs: set[str]) -> list[onnx.NodeProto]:
    """Fold a BatchNormalization into the convolution before it, when nobody else reads that or its weights."""
    makers = {node.output[0]: node for node in nodes}
    uses: dict[str, int] = {}
    for node in nodes:
        for name in node.input:
            uses[name] = uses.get(name, 0) + 1
    left = []
    for node in nodes:
        conv = makers.get(node.input[0]) if node.op_type == "BatchNormalization" else None
        if conv is None or not _foldable(conv, node, weights, uses) or conv.output[0] in outputs:
            left.append(node)
            continue
        scale, shift, mean, variance = (weights[name].astype(np.float64) for name in node.input[1:])
        factor = scale / np.sqrt(variance + float(attribute(node, "epsilon", 1e-5)))
        weight = weights[conv.input[1]]
        bias = weights[conv.input[2]].astype(np.float64) if len(conv.input) > 2 else np.zeros(len(factor))
        name = conv.input[2] if len(conv.input) > 2 else f"{conv.output[0]}.bias"
        weights[conv.input[1]] = (weight * factor.reshape(-1, *[1] * (weight.ndim - 1))).astype(weight.dtype)
        weights[name] = (shift + (bias - mean) * factor).astype(weight.dtype)
        inputs = [*conv.input[:2], name]
        del conv.input[:]
        conv.input.extend(inputs)
        conv.output[0] = node.output[0]
        makers[node.output[0]] = conv
    return left


def _foldable(conv: onnx.NodeProto, norm: onnx.NodeProto, weights: Weights, uses: dict[str, int]) -> bool:
    own = [name for name in conv.input[1:] if name]
    return (
        conv.op_type == "Conv"
        and uses[conv.output[0]] == 1
        and all(name in weights and uses[name] == 1 for name in own)
        and all(name in weights for name in norm.input[1:])
        and not any(norm.output[1:])
    )


def _needed(nodes: list[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    needed, kept = set(outputs), []
    for node in reversed(nodes):
        if needed.intersection(node.output):
            kept.append(node)
            needed.update(node.input)
    return kept[::-1]
