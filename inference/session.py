"""One ONNX Runtime session: bytes of the input tensor in, the answered outputs out.

The only file that imports numpy and ONNX Runtime.
"""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any, Final, TypeAlias

# Both are read while the libraries load, so they are set before the imports. One thread of OpenBLAS nearly
# halves numpy's start-up; wheels of onnxruntime from 1.29 on hold a telemetry client (a thread, a file and a
# look-up of an outside host) that only this variable stops.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime as ort  # type: ignore[import-untyped]  # it ships no types

from inference.tensor import ELEMENT_BYTES, TensorSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

Answer: TypeAlias = "bool | int | float | list[Any]"

# The graph's metadata: which outputs are answered, in which order, "match,score,row".
ANSWER_KEY: Final = "edgewise.answer"
_FATAL_ONLY: Final = 4  # ONNX Runtime's severities: 0 verbose .. 4 fatal; errors are raised anyway
_OWN_NAMES: Final[Mapping[str, str]] = {"float": "float32", "double": "float64"}


class ModelError(Exception):
    """The bytes are no model that this platform serves; the text says what to change."""


class WrongSizeError(ValueError):
    """A body that is not exactly the input tensor's bytes."""


class Session:
    """A model that is ready to answer.

    Parameters
    ----------
    model : bytes
        An ONNX file with one input of fixed shape and the metadata `ANSWER_KEY`.

    Raises
    ------
    ModelError
        When ONNX Runtime refuses the bytes, or the graph is not of that form.
    """

    def __init__(self, model: bytes) -> None:
        try:
            self._session = ort.InferenceSession(model, _options(), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's exceptions share no base class
            raise ModelError(f"ONNX Runtime refuses the model: {type(error).__name__}") from error
        self._input, self.input = _input(self._session)
        self._answer = _answer(self._session)

    @property
    def request_bytes(self) -> int:
        """The exact size of a body in bytes."""
        return self.input.size_bytes

    def run(self, body: bytes) -> dict[str, Answer]:
        """Answer one request.

        Parameters
        ----------
        body : bytes
            The raw bytes of the input tensor, little-endian, in C order.

        Returns
        -------
        dict
            An output of one element as that element, any other as nested lists.

        Raises
        ------
        WrongSizeError
            When the body is not exactly `request_bytes` long.
        """
        if len(body) != self.request_bytes:
            raise WrongSizeError(f"Expected exactly {self.request_bytes} bytes; got {len(body)}.")
        tensor = np.frombuffer(body, dtype=self.input.dtype).reshape(self.input.shape)
        values = self._session.run(self._answer, {self._input: tensor})
        return {name: _plain(value) for name, value in zip(self._answer, values, strict=True)}


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    # An environment answers one request at a time on a share of one core: a second thread only waits.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _FATAL_ONLY
    # The memory arena stays on: without it a network of 240,000 parameters took 57.6 instead of 59.0 MB and 1.39
    # instead of 1.35 ms (onnxruntime 1.28.0, 2026-11-24).
    return options


def _input(session: ort.InferenceSession) -> tuple[str, TensorSpec]:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ModelError(f"the graph has {len(inputs)} inputs; expected one")
    name, kind, shape = inputs[0].name, inputs[0].type, inputs[0].shape
    element = kind.removeprefix("tensor(").removesuffix(")")
    dtype = _OWN_NAMES.get(element, element)
    if dtype not in ELEMENT_BYTES:
        raise ModelError(f"input {name!r} is {kind}; expected a tensor of {sorted(ELEMENT_BYTES)}")
    if not all(isinstance(size, int) and size > 0 for size in shape):
        raise ModelError(f"input {name!r} has the shape {shape}; expected fixed sizes of at least 1")
    return name, TensorSpec(dtype=dtype, shape=tuple(shape))


def _answer(session: ort.InferenceSession) -> list[str]:
    text = str(session.get_modelmeta().custom_metadata_map.get(ANSWER_KEY, ""))
    outputs = [output.name for output in session.get_outputs()]
    names = text.split(",")
    if len(set(names)) != len(names) or not set(names) <= set(outputs):
        raise ModelError(f"metadata {ANSWER_KEY} is {text!r}; expected some of {outputs}, by ','")
    return names


def _plain(value: Any) -> Answer:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise ModelError("an answered output is no tensor of numbers or booleans")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        # JSON has no such number, and a made-up one would be a wrong answer.
        raise ModelError("an answered output is not a finite number")
    plain: Answer = value.item() if math.prod(value.shape) == 1 else value.tolist()
    return plain
