"""Small graphs whose answers can be worked out by hand."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def identity_body() -> onnx.ModelProto:
    """Four bytes in, an embedding of four numbers out: each byte over 100."""
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
                helper.make_node("Div", ["numbers", "hundred"], ["scaled"]),
                helper.make_node("Reshape", ["scaled", "shape"], ["embedding"]),
            ],
            "identity",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, [2, 2, 1])],
            [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 4])],
            [
                numpy_helper.from_array(np.asarray(100, dtype=np.float32), "hundred"),
                numpy_helper.from_array(np.asarray([1, 4], dtype=np.int64), "shape"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def conv_body() -> onnx.ModelProto:
    """Two random convolutions with a relu between them, 8x8x3 in."""
    random = np.random.default_rng(5)
    initializers = [
        numpy_helper.from_array(random.normal(0, 0.2, shape).astype(np.float32), name)
        for name, shape in (("w1", (16, 3, 3, 3)), ("b1", (16,)), ("w2", (8, 16, 3, 3)), ("b2", (8,)))
    ]
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Conv", ["picture", "w1", "b1"], ["c1"], name="c1", pads=[1] * 4),
                helper.make_node("Relu", ["c1"], ["r1"], name="r1"),
                helper.make_node("Conv", ["r1", "w2", "b2"], ["features"], name="c2"),
            ],
            "convolutions",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 8, 8])],
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 8, 6, 6])],
            initializers,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
