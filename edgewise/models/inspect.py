"""Read ONNX files that others made, and refuse what the toolkit can't work with."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # its stubs aren't installed
from onnx import numpy_helper

if TYPE_CHECKING:
    from pathlib import Path


class ModelError(ValueError):
    """A model that can't be used; the text names the file or node, what is wrong and what to do."""


def read_model(path: Path, *, sha256: str | None = None) -> onnx.ModelProto:
    """Read an ONNX file and check that it is whole.

    Parameters
    ----------
    path : Path
        The file; weights in other files are refused.
    sha256 : str, optional
        64 hexadecimal digits that the file must have.

    Raises
    ------
    ModelError
        When the file is missing, empty, truncated, not ONNX, has another digest, or `onnx.checker` refuses it.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path.name}: {error.strerror}; check the path") from None
    return parse_model(content, name=path.name, sha256=sha256)


def parse_model(content: bytes, *, name: str, sha256: str | None = None) -> onnx.ModelProto:
    """Do as `read_model` with a file's bytes; ``name`` stands in the errors."""
    if not content:
        raise ModelError(f"{name}: 0 bytes; fetch or export the model again")
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise ModelError(f"{name}: sha256 is {found}, expected {sha256}; fetch it again, or pin the new file's digest")
    try:
        model = onnx.load_from_string(content)
    except (DecodeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{name}: {len(content)} bytes that are no whole ONNX file ({type(error).__name__}): it is truncated or "
            "of another kind; fetch or export it again"
        ) from None
    check_model(model, name=name)
    return model


def check_model(model: onnx.ModelProto, *, name: str = "model") -> None:
    """Check a model's form: nodes, weights within the file, `onnx.checker`.

    Raises
    ------
    ModelError
        Names the file and what is wrong.
    """
    if not model.graph.node:
        raise ModelError(f"{name}: no nodes; it is truncated, or no ONNX model")
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise ModelError(f"{name}: weight {tensor.name!r} lies in another file; save the model as one file")
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"{name}: onnx.checker refuses it: {first}; export it again") from None


def check_compressible(model: onnx.ModelProto, *, name: str = "model") -> None:
    """Check what pruning and quantisation ask for besides: one input, fixed shapes, finite weights.

    Raises
    ------
    ModelError
        Names the input, output or weight, the node that reads the weight, and what to do.
    """
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 1:
        names = ", ".join(value.name for value in inputs)
        raise ModelError(f"{name}: {len(inputs)} inputs ({names}); exactly one is needed: make the others constants")
    for value in (*inputs, *model.graph.output):
        for index, dim in enumerate(value.type.tensor_type.shape.dim):
            if not dim.HasField("dim_value") or dim.dim_value <= 0:
                text = dim.dim_param or str(dim.dim_value) if dim.WhichOneof("value") else "unknown"
                raise ModelError(
                    f"{name}: axis {index} of {value.name!r} is dynamic ({text}); fix it with "
                    "onnxruntime.tools.make_dynamic_shape_fixed or export with fixed shapes"
                )
    _check_finite(model, name)


def _check_finite(model: onnx.ModelProto, name: str) -> None:
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind != "f":
            continue
        bad = int(values.size - np.isfinite(values).sum())
        if bad:
            readers = [node.name or node.output[0] for node in model.graph.node if tensor.name in node.input]
            raise ModelError(
                f"{name}: weight {tensor.name!r} of node {', '.join(readers) or 'none'} holds {bad} of {values.size} "
                "numbers that are NaN or infinite; export or train the model again"
            )
