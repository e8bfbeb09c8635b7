"""What stands before and after the network: from PCM to spectra, from probabilities to an answer."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.catalogue.voice_activity.audio import CONTEXT, FRAME, FRAMES, WINDOW
from edgewise.models.catalogue.voice_activity.network import BINS, PROBABILITY, SPECTRUM, pack_lstm
from edgewise.models.metadata import THRESHOLD_KEY, describe
from edgewise.models.opset import IR_VERSION, OPSET

INPUT: Final = "samples"
FRAMED: Final = "frames"
ANSWER: Final = ("speech", "score")
# Decimals of a score that are kept, so that every runtime gives the same answer, not nearly the same.
SCORE_DECIMALS: Final = 4

_LENGTH: Final = 256
"""Samples of a short spectrum."""
_HOP: Final = 128
_REFLECTED: Final = 64
_FULL_SCALE: Final = 32768.0


class _Part:
    """Collects nodes and constants."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: object, dtype: type[np.generic]) -> str:
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def ints(self, name: str, *values: int) -> str:
        return self.constant(name, values, np.int64)

    def float(self, name: str, value: float) -> str:
        return self.constant(name, value, np.float32)

    def slice(self, source: str, output: str, first: int, last: int, axis: int) -> str:
        ends = [self.ints(f"{output}.{key}", value) for key, value in (("from", first), ("to", last), ("axis", axis))]
        return self.add("Slice", [source, *ends], output)


def framing() -> onnx.ModelProto:
    """Return the graph from ``samples``, int16 [8256], to ``frames``, float32 [16, 576], each with its context."""
    part = _Part()
    _frames(part)
    return _model(part, "framing", [_pcm()], [helper.make_tensor_value_info(FRAMED, TensorProto.FLOAT, _FRAMES_SHAPE)])


def front() -> onnx.ModelProto:
    """Return the graph from ``samples``, int16 [8256], to ``spectrum``, float32 [16, 129, 4]."""
    part = _Part()
    _frames(part)
    _spectrum(part)
    spectrum = helper.make_tensor_value_info(SPECTRUM, TensorProto.FLOAT, [FRAMES, BINS, 4])
    return _model(part, "front", [_pcm()], [spectrum])


def finish(body: onnx.ModelProto, *, threshold: float, name: str, recipe: str) -> bytes:
    """Put the body between samples and answer; where it is quantised, its LSTM is stored in 8 bits too.

    Parameters
    ----------
    body : onnx.ModelProto
        As `edgewise.models.catalogue.voice_activity.network.build` makes it, possibly compressed. It is not changed.
    threshold : float
        The smallest score that is speech, from 0 to 1.
    name, recipe : str
        For the metadata: the catalogue's name and the recipe's version.

    Returns
    -------
    bytes
        The artefact. Outputs ``speech`` (bool) and ``score`` (float32, 0..1: the mean probability over the frames).
    """
    quantised = any(node.op_type == "DequantizeLinear" for node in body.graph.node)
    return join(front(), pack_lstm(body) if quantised else body, threshold=threshold, name=name, recipe=recipe)


def join(before: onnx.ModelProto, body: onnx.ModelProto, *, threshold: float, name: str, recipe: str) -> bytes:
    """Join the graph before a network, the network and the decision; parameters as for `finish`.

    ``before`` gives the network's input under its name, and the network gives ``probability``, [.., 16].
    """
    head = _Part()
    _head(head, threshold)
    artefact = onnx.ModelProto()
    artefact.CopyFrom(body)
    graph = artefact.graph
    graph.name = name
    inner = list(graph.node)
    del graph.node[:], graph.input[:], graph.output[:]
    graph.input.extend(before.graph.input)
    graph.node.extend([*before.graph.node, *inner, *head.nodes])
    graph.initializer.extend([*before.graph.initializer, *head.constants])
    graph.output.extend(
        [
            helper.make_tensor_value_info("speech", TensorProto.BOOL, []),
            helper.make_tensor_value_info("score", TensorProto.FLOAT, []),
        ]
    )
    describe(artefact, name=name, recipe=recipe, answer=ANSWER, further={THRESHOLD_KEY: str(threshold)})
    onnx.checker.check_model(artefact, full_check=True)
    content: bytes = artefact.SerializeToString(deterministic=True)
    return content


_FRAMES_SHAPE: Final = [FRAMES, CONTEXT + FRAME]


def _pcm() -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(INPUT, TensorProto.INT16, [WINDOW])


def _model(
    part: _Part, name: str, inputs: list[onnx.ValueInfoProto], outputs: list[onnx.ValueInfoProto]
) -> onnx.ModelProto:
    graph = helper.make_graph(part.nodes, name, inputs, outputs, part.constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def _frames(part: _Part) -> None:
    """Cut into frames of 512 samples, each after the 64 samples before it."""
    whole = part.add("Cast", [INPUT], "pcm.float", to=TensorProto.FLOAT)
    scaled = part.add("Div", [whole, part.float("pcm.full_scale", _FULL_SCALE)], "pcm.scaled")
    rows = part.ints("pcm.rows", FRAMES, FRAME)
    late = part.add("Reshape", [part.slice(scaled, "pcm.late", CONTEXT, WINDOW, 0), rows], "frame.samples")
    early = part.add("Reshape", [part.slice(scaled, "pcm.early", 0, WINDOW - CONTEXT, 0), rows], "frame.before")
    context = part.slice(early, "frame.context", 0, CONTEXT, 1)
    part.add("Concat", [context, late], FRAMED, axis=1)


def _spectrum(part: _Part) -> None:
    """Magnitudes of a Fourier transform under a Hann window, as a convolution whose weights are computed.

    The published file stores those weights, 264 KB; both differ by less than 1e-7. All of them are values of one
    period of a cosine: for bin k and sample n the (k n)-th, and for the imaginary part the one a quarter further.
    A runtime computes them once, when it loads the model.
    """
    period = np.cos(2 * np.pi * np.arange(_LENGTH) / _LENGTH)
    table = part.constant("dft.period", period, np.float32)
    window = part.constant("dft.window", (0.5 - 0.5 * period).reshape(1, 1, _LENGTH), np.float32)
    bins = part.constant("dft.bins", np.arange(BINS).reshape(BINS, 1, 1), np.int64)
    places = part.constant("dft.places", np.arange(_LENGTH).reshape(1, 1, _LENGTH), np.int64)
    real = part.add("Mul", [bins, places], "dft.real")
    imaginary = part.add("Add", [real, part.ints("dft.quarter", _LENGTH // 4)], "dft.imaginary")
    angles = part.add("Concat", [real, imaginary], "dft.angles", axis=0)
    wrapped = part.add("Mod", [angles, part.ints("dft.length", _LENGTH)], "dft.wrapped")
    waves = part.add("Gather", [table, wrapped], "dft.waves")
    weights = part.add("Mul", [waves, window], "dft.weights")

    longer = part.add("Pad", [FRAMED, part.ints("dft.pads", 0, 0, 0, _REFLECTED)], "dft.padded", mode="reflect")
    planes = part.add("Unsqueeze", [longer, part.ints("dft.plane", 1)], "dft.planes")
    both = part.add("Conv", [planes, weights], "dft.conv", kernel_shape=[_LENGTH], strides=[_HOP])
    squares = part.add("Mul", [both, both], "dft.squares")
    halves = [part.slice(squares, f"dft.{key}", first, first + BINS, 1) for key, first in (("re", 0), ("im", BINS))]
    part.add("Sqrt", [part.add("Add", halves, "dft.power")], SPECTRUM)


def _head(part: _Part, threshold: float) -> None:
    mean = part.add("ReduceMean", [PROBABILITY], "answer.mean", keepdims=0)
    stepped = part.add("Mul", [mean, part.float("answer.steps", 10**SCORE_DECIMALS)], "answer.stepped")
    whole = part.add("Round", [stepped], "answer.whole")
    part.add("Div", [whole, "answer.steps"], "score")
    part.add("GreaterOrEqual", ["score", part.float("answer.threshold", threshold)], "speech")
