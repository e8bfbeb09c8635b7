"""ONNX Runtime for parts of graphs: several inputs and outputs, one thread."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Set before the import, it keeps the runtime from calling home; see `edgewise.models.runtime`.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime as ort  # type: ignore[import-untyped]  # it ships no types

if TYPE_CHECKING:
    from collections.abc import Mapping

    import onnx
    from numpy.typing import NDArray


class Session:
    """A loaded graph; one thread, so that sums are added up in one order.

    Parameters
    ----------
    model : onnx.ModelProto
        Any number of inputs and outputs.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        options = ort.SessionOptions()
        # As it is written: fused, a sum begins with what is added to it afterwards, and is no longer exact.
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return every output by name."""
        return dict(zip(self._outputs, self._session.run(None, dict(inputs)), strict=True))
