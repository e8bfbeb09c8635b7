"""An ONNX graph opened for surgery: weights as arrays, shapes as they are when it runs."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from edgewise.models.prune.running import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

    Array = NDArray[Any]


def _as_it_is(model: onnx.ModelProto) -> onnx.ModelProto:
    return model


class Graph:
    """A copy of a model whose weights and nodes can be changed.

    Parameters
    ----------
    model : onnx.ModelProto
        One input, fixed shapes, see `edgewise.models.inspect.check_compressible`.
    sample : array
        An input; the graph runs it once, for every tensor's shape.

    Attributes
    ----------
    weights : dict
        Every constant by name; those that stood in Constant nodes too.
    shapes : dict
        Shape of every tensor that nodes make.
    producers : dict
        Which node makes a tensor.
    readers : dict
        Which nodes read a tensor, once for each time they do.
    rewrite : callable
        What is done to the graph, or to a part of it, before it runs; see `edgewise.models.prune.exact`.
    """

    def __init__(self, model: onnx.ModelProto, sample: Array) -> None:
        self.rewrite: Callable[[onnx.ModelProto], onnx.ModelProto] = _as_it_is
        self.model = onnx.ModelProto()
        self.model.CopyFrom(model)
        self.weights: dict[str, Array] = {
            tensor.name: numpy_helper.to_array(tensor) for tensor in self.model.graph.initializer
        }
        self.nodes: list[onnx.NodeProto] = []
        for node in self.model.graph.node:
            constant = constant_of(node)
            if constant is None:
                self.nodes.append(node)
            else:
                self.weights[node.output[0]] = constant
        self.input = next(value.name for value in self.model.graph.input if value.name not in self.weights)
        self.outputs = [value.name for value in self.model.graph.output]
        self.refresh()
        tensors = [name for node in self.nodes for name in node.output if name]
        found = Session(self.with_outputs(tensors)).run({self.input: sample})
        self.shapes: dict[str, tuple[int, ...]] = {name: tuple(np.shape(found[name])) for name in tensors}
        self.shapes[self.input] = tuple(sample.shape)

    def refresh(self) -> None:
        """Work out again who makes and who reads what, after nodes were changed."""
        self.producers = {name: node for node in self.nodes for name in node.output if name}
        self.readers: defaultdict[str, list[onnx.NodeProto]] = defaultdict(list)
        for node in self.nodes:
            for name in node.input:
                self.readers[name].append(node)

    def constant(self, node: onnx.NodeProto, index: int) -> Array | None:
        """Return a node's constant input, or None when it isn't given or not constant."""
        return self.weights.get(node.input[index]) if len(node.input) > index else None

    def own(self, node: onnx.NodeProto, index: int) -> str:
        """Give a node its own copy of a constant that others read too; return its name."""
        name: str = node.input[index]
        if len(self.readers[name]) > 1:
            own = f"{node.output[0]}.{index}.{name}"
            self.weights[own] = self.weights[name].copy()
            self.readers[name].remove(node)
            self.readers[own].append(node)
            node.input[index] = own
            return own
        return name

    def with_outputs(self, names: Iterable[str]) -> onnx.ModelProto:
        """Return the model with these tensors as its outputs."""
        model = self.to_model()
        del model.graph.output[:]
        model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
        return model

    def session(self, outputs: Iterable[str] | None = None) -> Session:
        """Return a session of the whole graph, with other outputs if some are given."""
        return Session(self.rewrite(self.to_model() if outputs is None else self.with_outputs(outputs)))

    def part(self, inputs: Mapping[str, Array], outputs: Iterable[str], nodes: Iterable[onnx.NodeProto]) -> Session:
        """Return a session of some nodes, from tensors that are known to tensors that are wanted."""
        chosen = list(nodes)
        used = {name for node in chosen for name in node.input}
        graph = helper.make_graph(
            chosen,
            "part",
            [
                helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(value.dtype), value.shape)
                for name, value in inputs.items()
            ],
            [helper.make_empty_tensor_value_info(name) for name in outputs],
            [numpy_helper.from_array(value, name) for name, value in self.weights.items() if name in used],
        )
        model = helper.make_model(graph, opset_imports=self.model.opset_import, ir_version=self.model.ir_version)
        return Session(self.rewrite(model))

    def to_model(self) -> onnx.ModelProto:
        """Return the model as it is now; constants that nobody reads are left out."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        used = {name for node in self.nodes for name in node.input} | set(self.outputs)
        del model.graph.node[:]
        model.graph.node.extend(self.nodes)
        del model.graph.initializer[:]
        model.graph.initializer.extend(
            numpy_helper.from_array(np.ascontiguousarray(value), name)
            for name, value in self.weights.items()
            if name in used
        )
        del model.graph.value_info[:]
        return model


def constant_of(node: onnx.NodeProto) -> Array | None:
    """Return what a Constant node holds, None for another node."""
    if node.op_type != "Constant" or len(node.attribute) != 1:
        return None
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    if attribute.name == "value":
        return numpy_helper.to_array(value)
    dtype = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    return np.asarray(value, dtype=dtype[attribute.name]) if attribute.name in dtype else None


def attribute(node: onnx.NodeProto, name: str, default: Any = None) -> Any:
    """Return a node's attribute."""
    for entry in node.attribute:
        if entry.name == name:
            return helper.get_attribute_value(entry)
    return default


def set_attribute(node: onnx.NodeProto, name: str, value: Any) -> None:
    """Set a node's attribute."""
    kept = [entry for entry in node.attribute if entry.name != name]
    del node.attribute[:]
    node.attribute.extend([*kept, helper.make_attribute(name, value)])
