"""Small networks, each with one way for channels to go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Maker = Callable[[], tuple["Net", str]]

Array = NDArray[Any]


class Net:
    """Collects nodes; weights are seeded."""

    def __init__(self, shape: Sequence[int], seed: int = 3) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, Array] = {}
        self.shape = list(shape)

    def constant(self, name: str, value: Any) -> str:
        array = np.asarray(value)
        self.weights[name] = array.astype(np.float32) if array.dtype == np.float64 else array
        return name

    def add(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(
        self, source: str, name: str, shape: Sequence[int], *, relu: bool = True, bias: bool = True, **attributes: Any
    ) -> str:
        fan_in = int(np.prod(shape[1:]))
        inputs = [source, self.constant(f"{name}.w", self.random.normal(0, fan_in**-0.5, shape))]
        if bias:
            inputs.append(self.constant(f"{name}.b", self.random.normal(0, 0.1, shape[0])))
        output = self.add("Conv", inputs, name, **attributes)
        return self.add("Relu", [output], f"{name}.relu") if relu else output

    def gemm(self, source: str, name: str, inputs: int, outputs: int) -> str:
        weight = self.constant(f"{name}.w", self.random.normal(0, inputs**-0.5, (outputs, inputs)))
        bias = self.constant(f"{name}.b", self.random.normal(0, 0.1, outputs))
        return self.add("Gemm", [source, weight, bias], name, transB=1)

    def model(self, output: str, *, opset: int = 17) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "net",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shape)],
            [helper.make_empty_tensor_value_info(output)],
            [numpy_helper.from_array(value, name) for name, value in self.weights.items()],
        )
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
        made = onnx.shape_inference.infer_shapes(made, strict_mode=True)
        del made.graph.value_info[:]
        return made

    def samples(self, count: int = 64, seed: int = 4) -> list[Array]:
        return list(np.random.default_rng(seed).normal(0, 1, (count, *self.shape)).astype(np.float32))


def silence(model: onnx.ModelProto, weight: str, channels: Sequence[int], *, axis: int = 0) -> onnx.ModelProto:
    """Return the model with some of a weight's channels set to zero."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for tensor in changed.graph.initializer:
        if tensor.name == weight:
            values = numpy_helper.to_array(tensor).copy()
            values[(slice(None),) * axis + (list(channels),)] = 0
            tensor.CopyFrom(numpy_helper.from_array(values, weight))
    return changed


def shapes(model: onnx.ModelProto) -> dict[str, tuple[int, ...]]:
    return {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}


def plain() -> tuple[Net, str]:
    net = Net([1, 3, 10, 10])
    tensor = net.conv("x", "c1", (16, 3, 3, 3), pads=[1] * 4)
    return net, net.conv(tensor, "c2", (6, 16, 3, 3), relu=False, strides=[2, 2])


def batch_norm() -> tuple[Net, str]:
    net = Net([1, 3, 10, 10])
    tensor = net.conv("x", "c1", (16, 3, 3, 3), relu=False, bias=False)
    names = [
        net.constant(f"bn.{i}", v) for i, v in enumerate(net.random.uniform(0.5, 1.5, (4, 16)) * [[1], [0], [0], [1]])
    ]
    tensor = net.add("BatchNormalization", [tensor, *names], "bn")
    tensor = net.add("PRelu", [tensor, net.constant("slope", net.random.uniform(0, 0.5, (16, 1, 1)))], "prelu")
    return net, net.conv(tensor, "c2", (6, 16, 3, 3), relu=False)


def depthwise() -> tuple[Net, str]:
    net = Net([1, 3, 12, 12])
    tensor = net.conv("x", "c1", (16, 3, 3, 3))
    tensor = net.conv(tensor, "dw", (16, 1, 3, 3), group=16, strides=[2, 2])
    return net, net.conv(tensor, "c2", (6, 16, 1, 1), relu=False)


def concat() -> tuple[Net, str]:
    net = Net([1, 3, 10, 10])
    left = net.conv("x", "left", (8, 3, 3, 3), pads=[1] * 4)
    right = net.conv("x", "c1", (16, 3, 1, 1))
    return net, net.conv(net.add("Concat", [left, right], "both", axis=1), "c2", (6, 24, 3, 3), relu=False)


def residual() -> tuple[Net, str]:
    net = Net([1, 3, 10, 10])
    trunk = net.conv("x", "c1", (16, 3, 3, 3))
    inner = net.conv(trunk, "in1", (12, 16, 3, 3), pads=[1] * 4)
    inner = net.conv(inner, "in2", (16, 12, 3, 3), relu=False, pads=[1] * 4)
    trunk = net.add("Relu", [net.add("Add", [inner, trunk], "sum")], "out")
    return net, net.conv(trunk, "c2", (6, 16, 3, 3), relu=False)


def widening() -> tuple[Net, str]:
    """A shortcut that is pooled and padded with new channels, as dlib's face network has it."""
    net = Net([1, 3, 13, 13])
    trunk = net.conv("x", "c1", (16, 3, 3, 3))
    inner = net.conv(trunk, "in1", (12, 16, 3, 3), strides=[2, 2])
    inner = net.conv(inner, "in2", (24, 12, 3, 3), relu=False, pads=[1] * 4)
    pads = net.constant("pads", np.asarray([0, 0, 0, 0, 0, 8, 0, 0]))
    shortcut = net.add("AveragePool", [trunk], "mean", kernel_shape=[3, 3], strides=[2, 2])
    shortcut = net.add("Pad", [shortcut, pads], "widened")
    trunk = net.add("Relu", [net.add("Add", [inner, shortcut], "sum")], "out")
    return net, net.conv(trunk, "c2", (6, 24, 3, 3), relu=False)


def flatten() -> tuple[Net, str]:
    net = Net([1, 3, 8, 8])
    tensor = net.conv("x", "c1", (16, 3, 3, 3))
    tensor = net.add("MaxPool", [tensor], "pool", kernel_shape=[2, 2], strides=[2, 2])
    return net, net.gemm(net.add("Flatten", [tensor], "flat", axis=1), "c2", 16 * 9, 6)


def reshape() -> tuple[Net, str]:
    net = Net([1, 3, 8, 8])
    tensor = net.conv("x", "c1", (16, 3, 3, 3))
    tensor = net.add("Transpose", [tensor], "last", perm=[0, 2, 3, 1])
    tensor = net.add("Reshape", [tensor, net.constant("shape", np.asarray([1, 16 * 36]))], "flat")
    tensor = net.add("MatMul", [tensor, net.constant("c2.w", net.random.normal(0, 0.1, (16 * 36, 6)))], "c2")
    return net, net.add("Add", [tensor, net.constant("c2.b", np.ones(6))], "answer")


def dense() -> tuple[Net, str]:
    """An autoencoder's kind: matrices only, one as MatMul and Add, one as Gemm."""
    net = Net([1, 9])
    tensor = net.add("MatMul", ["x", net.constant("c1.w", net.random.normal(0, 0.4, (9, 16)))], "c1")
    tensor = net.add("Add", [tensor, net.constant("c1.b", net.random.normal(0, 0.2, 16))], "c1.sum")
    return net, net.gemm(net.add("Tanh", [tensor], "tanh"), "c2", 16, 6)


def one_axis() -> tuple[Net, str]:
    """Power of two halves of a 1-D convolution (a spectrum), then a recurrent layer."""
    net = Net([1, 1, 64])
    tensor = net.conv("x", "c1", (32, 1, 16), strides=[8], relu=False, bias=False)
    halves = []
    for name, first, last in (("low", 0, 16), ("high", 16, 2**62)):
        cut = [net.constant(f"{name}.{i}", np.asarray([v])) for i, v in enumerate((first, last, 1))]
        half = net.add("Slice", [tensor, *cut], name)
        halves.append(net.add("Mul", [half, half], f"{name}.squared"))
    tensor = net.add("Sqrt", [net.add("Add", halves, "power")], "magnitude")
    tensor = net.conv(tensor, "enc", (12, 16, 3), relu=False, pads=[1, 1])
    tensor = net.add("Transpose", [tensor], "steps", perm=[2, 0, 1])
    weights = [net.constant(n, net.random.normal(0, 0.3, s)) for n, s in (("lw", (1, 20, 12)), ("lr", (1, 20, 5)))]
    net.nodes.append(helper.make_node("LSTM", [tensor, *weights], ["lstm"], name="lstm", hidden_size=5))
    return net, "lstm"
