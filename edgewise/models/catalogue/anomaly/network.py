"""The anomaly network as ONNX: raw readings in, a margin out; and what turns a margin into an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.catalogue.anomaly.data import SENSORS
from edgewise.models.catalogue.anomaly.training import CLIP
from edgewise.models.metadata import THRESHOLD_KEY, describe
from edgewise.models.opset import IR_VERSION, OPSET

if TYPE_CHECKING:
    from edgewise.models.catalogue.anomaly.training import Scaling, Weights

INPUT: Final = "readings"
MARGIN: Final = "margin"
ANSWER: Final = ("anomaly", "score")
# Decimals of a score that are kept, so that every runtime gives the same answer, not nearly the same.
SCORE_DECIMALS: Final = 4


def build(scaling: Scaling, weights: Weights) -> onnx.ModelProto:
    """Write the trained network.

    Returns
    -------
    onnx.ModelProto
        Input ``readings``: float32 [1, 9], as the sensors give them. Output ``margin``: float32 [1, 1], about -1 for a
        usual row and 1 for an anomaly.
    """
    constants = [_constant("middle", scaling.middle), _constant("scale", scaling.scale)]
    constants += [_constant("lowest", np.asarray(-CLIP)), _constant("highest", np.asarray(CLIP))]
    nodes = [
        helper.make_node("Sub", [INPUT, "middle"], ["centred"], name="centred"),
        helper.make_node("Div", ["centred", "scale"], ["scaled"], name="scaled"),
        helper.make_node("Clip", ["scaled", "lowest", "highest"], ["clipped"], name="clipped"),
    ]
    value = "clipped"
    for number, (matrix, bias) in enumerate(zip(weights.matrices, weights.biases, strict=True), start=1):
        last = number == len(weights.matrices)
        name, output = f"dense{number}", MARGIN if last else f"dense{number}"
        constants += [_constant(f"{name}.weight", matrix.T), _constant(f"{name}.bias", bias)]
        nodes.append(helper.make_node("Gemm", [value, f"{name}.weight", f"{name}.bias"], [output], name=name, transB=1))
        value = f"{name}.relu"
        if not last:
            nodes.append(helper.make_node("Relu", [output], [value], name=value))
    return helper.make_model(
        helper.make_graph(
            nodes,
            "anomaly",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [1, SENSORS])],
            [helper.make_tensor_value_info(MARGIN, TensorProto.FLOAT, [1, 1])],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )


def finish(body: onnx.ModelProto, *, threshold: float, name: str, recipe: str) -> bytes:
    """Append the decision.

    Parameters
    ----------
    body : onnx.ModelProto
        As `build` makes it, possibly compressed. It is not changed.
    threshold : float
        The smallest score that is an anomaly, from 0 to 1.
    name, recipe : str
        For the metadata: the catalogue's name and the recipe's version.

    Returns
    -------
    bytes
        The artefact. Outputs ``anomaly`` (bool) and ``score`` (float32, 0..1: half of the margin plus a half).
    """
    artefact = onnx.ModelProto()
    artefact.CopyFrom(body)
    artefact.graph.name = name
    numbers = {"half": 0.5, "zero": 0.0, "one": 1.0, "steps": 10.0**SCORE_DECIMALS, "threshold": threshold}
    artefact.graph.initializer.extend(_constant(f"answer.{key}", np.asarray(each)) for key, each in numbers.items())
    artefact.graph.node.extend(_head())
    del artefact.graph.output[:]
    artefact.graph.output.extend(
        [
            helper.make_tensor_value_info("anomaly", TensorProto.BOOL, []),
            helper.make_tensor_value_info("score", TensorProto.FLOAT, []),
        ]
    )
    describe(artefact, name=name, recipe=recipe, answer=ANSWER, further={THRESHOLD_KEY: str(threshold)})
    onnx.checker.check_model(artefact, full_check=True)
    content: bytes = artefact.SerializeToString(deterministic=True)
    return content


def _head() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Squeeze", [MARGIN], ["answer.margin"], name="answer.margin"),
        helper.make_node("Mul", ["answer.margin", "answer.half"], ["answer.halved"], name="answer.halved"),
        helper.make_node("Add", ["answer.halved", "answer.half"], ["answer.shifted"], name="answer.shifted"),
        helper.make_node("Clip", ["answer.shifted", "answer.zero", "answer.one"], ["answer.unit"], name="answer.unit"),
        helper.make_node("Mul", ["answer.unit", "answer.steps"], ["answer.stepped"], name="answer.stepped"),
        helper.make_node("Round", ["answer.stepped"], ["answer.whole"], name="answer.whole"),
        helper.make_node("Div", ["answer.whole", "answer.steps"], ["score"], name="answer.score"),
        helper.make_node("GreaterOrEqual", ["score", "answer.threshold"], ["anomaly"], name="answer.anomaly"),
    ]


def _constant(name: str, value: np.ndarray) -> onnx.TensorProto:
    return numpy_helper.from_array(np.ascontiguousarray(value, dtype=np.float32).reshape(value.shape), name)
