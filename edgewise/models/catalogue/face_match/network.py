"""dlib's face recognition ResNet, from face-api's TensorFlow.js weights, as an ONNX graph.

The architecture is the one of face-api 1.7.15 (``src/faceRecognitionNet``): 29 convolutions with a folded
batch normalisation, residual blocks, average pooling and one matrix to 128 numbers. Nothing of TensorFlow is
needed: the shards are read with numpy and the graph is written with ``onnx.helper``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from edgewise.models.enrol import EMBEDDING
from edgewise.models.face_graph import FaceGraph

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx
    from numpy.typing import NDArray

SIDE_PX: Final = 150
"""Width and height of the aligned face the network was trained on (dlib's face chip)."""

EMBEDDING_SIZE: Final = 128

# face-api, src/faceRecognitionNet/FaceRecognitionNet.ts: mean of each channel, then a division by 255.
MEAN_RGB: Final = (122.782, 117.001, 104.298)

# (block, channels, halves the resolution), in order: the same file as above.
_BLOCKS: Final = (
    ("conv32_1", 32, False),
    ("conv32_2", 32, False),
    ("conv32_3", 32, False),
    ("conv64_down", 64, True),
    ("conv64_1", 64, False),
    ("conv64_2", 64, False),
    ("conv64_3", 64, False),
    ("conv128_down", 128, True),
    ("conv128_1", 128, False),
    ("conv128_2", 128, False),
    ("conv256_down", 256, True),
    ("conv256_1", 256, False),
    ("conv256_2", 256, False),
    ("conv256_down_out", 256, True),
)


class _Graph(FaceGraph):
    """Adds this network's layers."""

    def conv(self, source: str, name: str, *, stride: int = 1, relu: bool) -> str:
        """Convolution and scale layer in one: the scale is folded into filters and bias.

        Convolutions of stride 1 pad to the same size, those of stride 2 don't pad ("valid").
        """
        filters = self.weights[f"{name}/conv/filters"].transpose(3, 2, 0, 1)
        scale = self.weights[f"{name}/scale/weights"]
        bias = self.weights[f"{name}/conv/bias"] * scale + self.weights[f"{name}/scale/biases"]
        side = filters.shape[2]
        output = self.add(
            "Conv",
            [
                source,
                self.constant(f"{name}.weight", filters * scale[:, None, None, None]),
                self.constant(f"{name}.bias", bias),
            ],
            f"{name}.conv",
            kernel_shape=[side, side],
            strides=[stride, stride],
            pads=[side // 2 if stride == 1 else 0] * 4,
        )
        return self.add("Relu", [output], f"{name}.relu") if relu else output

    def residual(self, source: str, name: str) -> str:
        inner = self.conv(source, f"{name}/conv1", relu=True)
        inner = self.conv(inner, f"{name}/conv2", relu=False)
        return self.add("Relu", [self.add("Add", [inner, source], f"{name}.sum")], f"{name}.out")

    def residual_down(self, source: str, name: str, *, size: int, channels: int) -> str:
        """Halve the resolution: the shortcut is a mean over 2x2, whose new channels are zero.

        The unpadded 3x3 convolution may come out one row and column smaller than the shortcut; face-api
        appends zeros there, and so does this.
        """
        inner = self.conv(source, f"{name}/conv1", stride=2, relu=True)
        inner = self.conv(inner, f"{name}/conv2", relu=False)
        missing = size // 2 - _unpadded(size, 3)
        if missing:
            inner = self._pad(inner, f"{name}.grown", [0, 0, 0, 0, 0, 0, missing, missing])
        shortcut = self.add("AveragePool", [source], f"{name}.mean", kernel_shape=[2, 2], strides=[2, 2])
        new_channels = channels - self.weights[f"{name}/conv1/conv/filters"].shape[2]
        if new_channels:
            shortcut = self._pad(shortcut, f"{name}.widened", [0, 0, 0, 0, 0, new_channels, 0, 0])
        return self.add("Relu", [self.add("Add", [inner, shortcut], f"{name}.sum")], f"{name}.out")

    def _pad(self, source: str, output: str, pads: list[int]) -> str:
        return self.add("Pad", [source, self.constant(f"{output}.pads", np.asarray(pads, dtype=np.int64))], output)


def _unpadded(size: int, kernel: int) -> int:
    """Side of what a stride 2 window of ``kernel`` without padding makes of ``size``."""
    return (size - kernel) // 2 + 1


def build(weights: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """Write the network as ONNX: one face in, its embedding out.

    Parameters
    ----------
    weights : mapping
        As `edgewise.models.tfjs.read_weights` returns them.

    Returns
    -------
    onnx.ModelProto
        Input ``image``: uint8 [150, 150, 3], RGB. Output ``embedding``: float32 [1, 128]. Two faces of one
        person are less than about 0.6 apart (Euclidean; dlib's documentation of the network).
    """
    graph = _Graph(weights)
    mean = np.asarray(MEAN_RGB, dtype=np.float32).reshape(3, 1, 1)
    tensor = graph.picture(mean=mean, unit=np.asarray(1 / 255, dtype=np.float32))
    tensor = graph.conv(tensor, "conv32_down", stride=2, relu=True)
    tensor = graph.add("MaxPool", [tensor], "pooled", kernel_shape=[3, 3], strides=[2, 2])
    size = _unpadded(_unpadded(SIDE_PX, 7), 3)
    for name, channels, down in _BLOCKS:
        if down:
            tensor = graph.residual_down(tensor, name, size=size, channels=channels)
            size = max(size // 2, _unpadded(size, 3))
        else:
            tensor = graph.residual(tensor, name)
    tensor = graph.add("GlobalAveragePool", [tensor], "mean_of_positions")
    tensor = graph.add("Flatten", [tensor], "features", axis=1)
    graph.add("MatMul", [tensor, graph.constant("fc", weights["fc"])], EMBEDDING)
    return graph.model(side_px=SIDE_PX, embedding_size=EMBEDDING_SIZE)
