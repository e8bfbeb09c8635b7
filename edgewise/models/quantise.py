"""Static quantisation to int8, in a way that gives the same bytes and the same answers on every x86-64 CPU."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnxruntime import quantization as ort_quantization  # type: ignore[import-untyped]  # it ships no types
from onnxruntime.quantization import calibrate  # type: ignore[import-untyped]  # as above
from onnxruntime.quantization.shape_inference import (  # type: ignore[import-untyped]  # as above
    quant_pre_process,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

# CPUs differ in the last bits of a float sum. Ranges of four digits hide that, so the artefact's digest
# doesn't depend on the CPU that built it.
RANGE_DIGITS: Final = 4

# Convolutions and what lies between them. The last mean and matrix stay in float32: they are 0.6 % of the
# weights, and in int8 they would move the embedding a third further (0.057 instead of 0.043).
QUANTISED_OPERATORS: Final = ("Conv", "Relu", "Add", "MaxPool", "AveragePool", "Pad")


class _Reader(calibrate.CalibrationDataReader):  # type: ignore[misc]  # its base class has no types
    """Hands the calibration inputs out one by one, as ONNX Runtime asks for them."""

    def __init__(self, name: str, tensors: Iterable[NDArray[Any]]) -> None:
        self._name = name
        self._tensors = iter(tensors)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        tensor = next(self._tensors, None)
        return None if tensor is None else {self._name: tensor}


def quantise(model: onnx.ModelProto, calibration: Iterable[NDArray[Any]]) -> onnx.ModelProto:
    """Quantise weights per channel and activations per tensor (QDQ, uint8 activations, int8 weights).

    ``reduce_range`` keeps weights within 7 bits: on a CPU without VNNI, ONNX Runtime adds two products in
    16 bits, and full 8-bit weights overflow there. Nobody chooses the CPU at the edge. Measured with the face
    network (MB; ms at one thread with VNNI, on a busy machine; mean distance to the fp32 embedding; balanced
    accuracy on the test people): fp32 22.4, 8.9; U8S8 with reduce_range 5.8, 2.4, 0.043, 99.91 %; U8U8, which
    is exact on every CPU too, 5.8, 6.6, 0.034, 99.90 %; plain U8S8 5.8, 2.4, 0.034, 99.91 %, but not to be
    trusted without VNNI. So reduce_range costs nothing here, and U8U8 would cost nearly threefold time.
    Under qemu's Haswell (AVX2 only) the build gives the same digest, and 40 test photos the same similarities.

    Parameters
    ----------
    model : onnx.ModelProto
        A float32 model with one input.
    calibration : iterable of arrays
        Inputs whose activations set the ranges; none of them may take part in a judgement of the model.

    Returns
    -------
    onnx.ModelProto
        The int8 model, without metadata.
    """
    with tempfile.TemporaryDirectory(prefix="edgewise-") as scratch:
        prepared, ranges, quantised = (
            str(Path(scratch, name)) for name in ("prepared.onnx", "ranges.json", "int8.onnx")
        )
        # Shape inference only: the runtime's optimiser may choose differently on another CPU.
        quant_pre_process(model, prepared, skip_optimization=True, skip_symbolic_shape=True)
        reader = _Reader(model.graph.input[0].name, calibration)
        calibrate.save_tensors_data(_ranges(prepared, reader, scratch), ranges)
        ort_quantization.quantize_static(
            prepared,
            quantised,
            calibration_cache_path=ranges,
            quant_format=ort_quantization.QuantFormat.QDQ,
            activation_type=ort_quantization.QuantType.QUInt8,
            weight_type=ort_quantization.QuantType.QInt8,
            op_types_to_quantize=list(QUANTISED_OPERATORS),
            per_channel=True,
            reduce_range=True,
        )
        result = onnx.load(quantised)
    return _bare(result)


def _ranges(model: str, reader: _Reader, scratch: str) -> calibrate.TensorsData:
    """Smallest and largest value of each activation, to `RANGE_DIGITS` digits."""
    calibrator = calibrate.create_calibrator(
        model, list(QUANTISED_OPERATORS), augmented_model_path=str(Path(scratch, "augmented.onnx"))
    )
    calibrator.collect_data(reader)
    measured = calibrator.compute_data()
    return calibrate.TensorsData(
        measured.calibration_method,
        {
            name: calibrate.TensorData(lowest=_rounded(values.lowest), highest=_rounded(values.highest))
            for name, values in measured.items()
        },
    )


def _rounded(value: NDArray[np.float32]) -> NDArray[np.float32]:
    text = np.format_float_scientific(value.item(), precision=RANGE_DIGITS - 1, unique=False)
    return np.asarray(float(text), dtype=np.float32)


def _bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop what names a tool, a version or an intermediate shape: it would only change the digest."""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    model.producer_name = model.producer_version = model.doc_string = model.graph.doc_string = ""
    for node in model.graph.node:
        node.doc_string = ""
    return model
