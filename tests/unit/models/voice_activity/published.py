"""Silero VAD as it is published, between this project's frames and answer; and what naive quantisation makes of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import quantize_dynamic  # type: ignore[import-untyped]  # it ships no types

from edgewise.models import threshold as thresholds
from edgewise.models.catalogue.voice_activity import VoiceActivity, audio, data, graph, network
from edgewise.models.runtime import Model

NAMES = {"input": graph.FRAMED, "speech_probs": network.PROBABILITY}
STATES = ("h", "c")


def published() -> onnx.ModelProto:
    """Return the published graph with its sizes fixed, its states at zero and this project's names."""
    model = VoiceActivity().published(say=print)
    inner = model.graph
    for node in inner.node:
        node.input[:] = [NAMES.get(name, name) for name in node.input]
        node.output[:] = [NAMES.get(name, name) for name in node.output]
    del inner.input[:], inner.output[:], inner.value_info[:]
    frames = [audio.FRAMES, audio.CONTEXT + audio.FRAME]
    inner.input.append(helper.make_tensor_value_info(graph.FRAMED, TensorProto.FLOAT, frames))
    inner.output.append(helper.make_tensor_value_info(network.PROBABILITY, TensorProto.FLOAT, [audio.FRAMES]))
    zeros = np.zeros((1, 1, 128), dtype=np.float32)
    inner.initializer.extend(numpy_helper.from_array(zeros, name) for name in STATES)
    return model


def naively_quantised(model: onnx.ModelProto) -> onnx.ModelProto:
    """Quantise everything dynamically, as the first example of every tutorial does."""
    with tempfile.TemporaryDirectory(prefix="edgewise-") as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        quantize_dynamic(before, after)
        return onnx.load(after)


def finished(model: onnx.ModelProto) -> bytes:
    """Make an artefact of it, with the threshold that suits it best."""
    windows = data.windows("choice", say=print)
    raw = Model(_joined(model, 0.5))
    scores = np.asarray([raw.run(window.samples)["score"] for window in windows], dtype=np.float32)
    return _joined(model, thresholds.choose(scores, np.asarray([window.is_speech for window in windows])))


def _joined(model: onnx.ModelProto, threshold: float) -> bytes:
    return graph.join(graph.framing(), model, threshold=threshold, name="voice-activity", recipe="1")
