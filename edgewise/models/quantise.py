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

from edgewise.models.release import release

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from numpy.typing import NDArray

    from edgewise.models.kinds import Kind

# CPUs differ in the last bits of a float sum. Ranges of four digits hide that, so the artefact's digest
# doesn't depend on the CPU that built it.
RANGE_DIGITS: Final = 4

WEIGHTED_OPERATORS: Final = ("Conv", "Gemm", "MatMul")
"""What is worth quantising: operators with weights."""

# What lies between them and has an int8 kernel, so that a chain of layers needs no way back to float32. A mean over
# all positions is not among them: in float32 it costs next to nothing, and the last layers depend on it.
_BETWEEN: Final = ("Relu", "Add", "MaxPool", "AveragePool", "Pad")


class _Reader(calibrate.CalibrationDataReader):  # type: ignore[misc]  # its base class has no types
    """Hands the calibration inputs out one by one, as ONNX Runtime asks for them."""

    def __init__(self, name: str, tensors: Iterable[NDArray[Any]]) -> None:
        self._name = name
        self._tensors = iter(tensors)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        tensor = next(self._tensors, None)
        return None if tensor is None else {self._name: tensor}


class Calibrated:
    """A float32 model with the range of each of its activations, from which int8 models are made.

    Parameters
    ----------
    model : onnx.ModelProto
        A float32 model with one input and names for all nodes with weights.
    calibration : iterable of arrays
        Inputs whose activations set the ranges; none of them may take part in a judgement of the model.
    """

    def __init__(self, model: onnx.ModelProto, calibration: Iterable[NDArray[Any]]) -> None:
        with tempfile.TemporaryDirectory(prefix="edgewise-") as scratch:
            prepared, ranges = str(Path(scratch, "prepared.onnx")), Path(scratch, "ranges.json")
            # Shape inference only: the runtime's optimiser may choose differently on another CPU.
            quant_pre_process(model, prepared, skip_optimization=True, skip_symbolic_shape=True)
            reader = _Reader(model.graph.input[0].name, calibration)
            calibrate.save_tensors_data(_ranges(prepared, reader, scratch), str(ranges))
            self._prepared = onnx.load(prepared)
            self._ranges = ranges.read_bytes()

    def weighted(self) -> dict[str, int]:
        """Return the nodes that quantisation makes smaller: name to number of weights, in the graph's order."""
        sizes = {tensor.name: int(np.prod(tensor.dims)) for tensor in self._prepared.graph.initializer}
        return {
            node.name: sizes[node.input[1]]
            for node in self._prepared.graph.node
            if node.op_type in WEIGHTED_OPERATORS and node.input[1] in sizes
        }

    def quantise(
        self, *, kind: Kind = "u8s8_reduced", exclude: Collection[str] = (), only: Collection[str] = ()
    ) -> onnx.ModelProto:
        """Return an int8 model, without metadata.

        Parameters
        ----------
        kind : Kind
            How many bits weights get.
        exclude : collection of str
            Nodes that stay in float32; names that the model doesn't have are passed over, for a pruned model may
            have lost them.
        only : collection of str
            When given, everything else stays in float32, and so do the outputs of these: what they lose is counted
            with whoever takes them in.
        """
        with tempfile.TemporaryDirectory(prefix="edgewise-") as scratch:
            ranges, quantised = Path(scratch, "ranges.json"), str(Path(scratch, "int8.onnx"))
            ranges.write_bytes(self._ranges)
            copy = onnx.ModelProto()
            copy.CopyFrom(self._prepared)
            ort_quantization.quantize_static(
                copy,
                quantised,
                calibration_cache_path=str(ranges),
                quant_format=ort_quantization.QuantFormat.QDQ,
                activation_type=ort_quantization.QuantType.QUInt8,
                weight_type=ort_quantization.QuantType.QUInt8 if kind == "u8u8" else ort_quantization.QuantType.QInt8,
                op_types_to_quantize=[*WEIGHTED_OPERATORS, *_BETWEEN],
                nodes_to_exclude=sorted(exclude),
                nodes_to_quantize=sorted(only),
                per_channel=True,
                reduce_range=kind == "u8s8_reduced",
                extra_options={
                    "OpTypesToExcludeOutputQuantization": list(WEIGHTED_OPERATORS) if only else [],
                    # Else a Relu before a rounding step is left out, for rounding cuts off what is negative; but a
                    # rounding step that is taken away again cuts nothing off.
                    "QDQKeepRemovableActivations": bool(exclude),
                },
            )
            result = onnx.load(quantised)
        return _bare(release(result, exclude, _BETWEEN) if exclude else result)


def quantise(
    model: onnx.ModelProto,
    calibration: Iterable[NDArray[Any]],
    *,
    kind: Kind = "u8s8_reduced",
    exclude: Collection[str] = (),
) -> onnx.ModelProto:
    """Quantise weights per channel and activations per tensor (QDQ).

    On a CPU without VNNI, ONNX Runtime adds two products in 16 bits, and full 8-bit weights beside uint8 activations
    overflow there. Nobody chooses the CPU at the edge. ``reduce_range`` keeps weights within 7 bits; with uint8
    weights the runtime takes another, exact and slower way. Measured with the unpruned face network (MB; ms at one
    thread with VNNI, on a busy machine; mean distance to the fp32 embedding; balanced accuracy on the test people):
    fp32 22.4, 8.9; reduced 5.8, 2.4, 0.043, 99.91 %; u8u8 5.8, 6.6, 0.034, 99.90 %; plain u8s8 5.8, 2.4, 0.034,
    99.91 %, but not to be trusted without VNNI.

    Parameters
    ----------
    model, calibration
        As for `Calibrated`.
    kind, exclude
        As for `Calibrated.quantise`.

    Returns
    -------
    onnx.ModelProto
        The int8 model, without metadata.
    """
    return Calibrated(model, calibration).quantise(kind=kind, exclude=exclude)


def _ranges(model: str, reader: _Reader, scratch: str) -> calibrate.TensorsData:
    """Smallest and largest value of each activation, to `RANGE_DIGITS` digits."""
    calibrator = calibrate.create_calibrator(
        model, [*WEIGHTED_OPERATORS, *_BETWEEN], augmented_model_path=str(Path(scratch, "augmented.onnx"))
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
