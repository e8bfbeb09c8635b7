"""ONNX Runtime on this machine: one thread, as at the edge, and only what the toolkit needs of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Wheels from 1.29 on hold a telemetry client that only this variable, set before the import, stops.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Mapping

Image: TypeAlias = NDArray[np.uint8]
"""An RGB picture, [height, width, 3]."""

Vectors: TypeAlias = NDArray[np.float32]

_ERRORS_ONLY: Final = 3  # ONNX Runtime's severities: 0 verbose .. 4 fatal


class Model:
    """A loaded ONNX model.

    Parameters
    ----------
    model : bytes
        The ONNX file.
    fused : bool
        Without it every node runs as it is written: int8 layers then compute in float32 between their rounding
        steps, slowly, and alike on every CPU but for the last bits of float sums.
    """

    def __init__(self, model: bytes, *, fused: bool = True) -> None:
        options = ort.SessionOptions()
        if not fused:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.outputs: list[str] = [output.name for output in self._session.get_outputs()]
        self.metadata: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._input: str = self._session.get_inputs()[0].name

    def run(self, tensor: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Return every output for one input tensor."""
        return dict(zip(self.outputs, self._session.run(None, {self._input: tensor}), strict=True))
