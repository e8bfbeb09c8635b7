"""Silero VAD's layers between the spectrum and the probability of speech, for a fixed number of frames.

They are what gets compressed. The published file (silero-vad 6.2.3) holds the Fourier transform before them as a
convolution too, with a fifth of all weights; `edgewise.models.catalogue.voice_activity.graph` computes those instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.catalogue.voice_activity.audio import FRAMES
from edgewise.models.opset import IR_VERSION, OPSET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

SPECTRUM: Final = "spectrum"
PROBABILITY: Final = "probability"
BINS: Final = 129
STEPS: Final = 4
"""Short spectra in a frame."""

_STRIDES: Final = (1, 2, 2, 1)
# The published file's names of the recurrent layer's weights.
_LSTM: Final = {"onnx::LSTM_209": "lstm.inputs", "onnx::LSTM_210": "lstm.recurrence", "onnx::LSTM_211": "lstm.bias"}
_HIDDEN: Final = 128


def read_weights(published: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    """Return the weights of the published file by name, without the Fourier transform's.

    Raises
    ------
    ValueError
        When one is missing: it is another release's file.
    """
    found = {tensor.name: numpy_helper.to_array(tensor) for tensor in published.graph.initializer}
    wanted = {
        name: name
        for layer in ("encoder.0", "encoder.1", "encoder.2", "encoder.3", "output")
        for name in (f"{layer}.weight", f"{layer}.bias")
    } | _LSTM
    missing = sorted(wanted.keys() - found.keys())
    if missing:
        raise ValueError(f"Silero VAD: the file has no {missing}; expected silero_vad_16k_sequence.onnx of 6.2.3")
    return {name: found[published_name] for published_name, name in wanted.items()}


def build(weights: Mapping[str, NDArray[np.float32]]) -> onnx.ModelProto:
    """Write the layers as ONNX.

    Parameters
    ----------
    weights : mapping
        As `read_weights` returns them.

    Returns
    -------
    onnx.ModelProto
        Input ``spectrum``: float32 [16, 129, 4], magnitudes of each frame. Output ``probability``: float32 [1, 1, 16].
        The recurrent state is zero before the first frame.
    """
    nodes: list[onnx.NodeProto] = []

    def add(kind: str, inputs: list[str], output: str, **attributes: int | list[int]) -> str:
        node = helper.make_node(kind, inputs, [output], name=output)
        node.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        nodes.append(node)
        return output

    tensor = SPECTRUM
    for number, stride in enumerate(_STRIDES):
        name = f"encoder.{number}"
        inputs = [tensor, f"{name}.weight", f"{name}.bias"]
        tensor = add("Conv", inputs, f"{name}.conv", kernel_shape=[3], strides=[stride], pads=[1, 1])
        tensor = add("Relu", [tensor], f"{name}.relu")
    tensor = add("Transpose", [tensor], "sequence", perm=[0, 2, 1])
    lstm = [tensor, "lstm.inputs", "lstm.recurrence", "lstm.bias"]
    tensor = add("LSTM", lstm, "lstm", hidden_size=_HIDDEN)
    tensor = add("Squeeze", [tensor, "direction"], "states")
    tensor = add("Relu", [tensor], "states.relu")
    tensor = add("Transpose", [tensor], "channels", perm=[1, 2, 0])
    tensor = add("Conv", [tensor, "output.weight", "output.bias"], "output.conv", kernel_shape=[1])
    add("Sigmoid", [tensor], PROBABILITY)
    return helper.make_model(
        helper.make_graph(
            nodes,
            "voice-activity",
            [helper.make_tensor_value_info(SPECTRUM, TensorProto.FLOAT, [FRAMES, BINS, STEPS])],
            [helper.make_tensor_value_info(PROBABILITY, TensorProto.FLOAT, [1, 1, FRAMES])],
            [
                *(numpy_helper.from_array(np.ascontiguousarray(each), name) for name, each in weights.items()),
                numpy_helper.from_array(np.asarray([1], dtype=np.int64), "direction"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )


def pack_lstm(body: onnx.ModelProto) -> onnx.ModelProto:
    """Store the LSTM's matrices as int8, one scale for each gate of a unit; they are multiplied out when it runs.

    ONNX Runtime's static quantisation leaves an LSTM alone, and its dynamic one rounds the activations as well, which
    is what destroyed this model. Rounding the matrices alone costs next to nothing.

    Parameters
    ----------
    body : onnx.ModelProto
        As `build` makes it, possibly pruned. It is not changed.
    """
    packed = onnx.ModelProto()
    packed.CopyFrom(body)
    graph = packed.graph
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    made: list[onnx.NodeProto] = []
    for node in graph.node:
        if node.op_type != "LSTM":
            continue
        for place in (1, 2):
            name = node.input[place]
            tensor = tensors[name]
            values = numpy_helper.to_array(tensor)
            scale = np.maximum(np.abs(values).max(axis=(0, 2)), np.float32(1e-12)) / np.float32(127)
            small = np.rint(values / scale[None, :, None]).astype(np.int8)
            graph.initializer.remove(tensor)
            graph.initializer.append(numpy_helper.from_array(small, f"{name}.int8"))
            graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}.scale"))
            inputs = [f"{name}.int8", f"{name}.scale"]
            made.append(helper.make_node("DequantizeLinear", inputs, [name], name=f"{name}.unpacked", axis=1))
    for node in reversed(made):
        graph.node.insert(0, node)
    return packed
