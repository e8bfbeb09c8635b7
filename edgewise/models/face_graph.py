"""Write a face network as ONNX: what is the same for all of them, from the picture's bytes to the embedding's name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.enrol import EMBEDDING
from edgewise.models.opset import IR_VERSION, OPSET

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx
    from numpy.typing import NDArray


class FaceGraph:
    """Collects nodes and weights; each method adds one layer and returns the name of its output.

    Parameters
    ----------
    weights : mapping
        As `edgewise.models.tfjs.read_weights` returns them.
    """

    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self.weights = weights
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def constant(self, name: str, value: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Add a constant."""
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> str:
        """Add a node, named as its output."""
        node = helper.make_node(kind, inputs, [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.nodes.append(node)
        return output

    def picture(self, *, mean: NDArray[np.float32], unit: NDArray[np.float32]) -> str:
        """Turn ``image``, uint8 [side, side, 3], into float32 [1, 3, side, side]: less a mean, times a unit."""
        planes = self.add("Transpose", ["image"], "planes", perm=[2, 0, 1])
        pixels = self.add("Cast", [planes], "pixels", to=TensorProto.FLOAT)
        centred = self.add("Sub", [pixels, self.constant("mean", mean)], "centred")
        scaled = self.add("Mul", [centred, self.constant("unit", unit)], "scaled")
        batch_axis = self.constant("batch_axis", np.asarray([0], dtype=np.int64))
        return self.add("Unsqueeze", [scaled, batch_axis], "batched")

    def model(self, *, side_px: int, embedding_size: int) -> onnx.ModelProto:
        """Return the network: ``image`` in, ``embedding`` out, which the last layer has written."""
        return helper.make_model(
            helper.make_graph(
                self.nodes,
                "face-embedding",
                [helper.make_tensor_value_info("image", TensorProto.UINT8, [side_px, side_px, 3])],
                [helper.make_tensor_value_info(EMBEDDING, TensorProto.FLOAT, [1, embedding_size])],
                self.initializers,
            ),
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )
