"""Files that can't be used are refused by name."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.inspect import ModelError, check_compressible, read_model
from tests.unit.models.graphs import conv_body

if TYPE_CHECKING:
    from pathlib import Path


def write(folder: Path, content: bytes) -> Path:
    path = folder / "net.onnx"
    path.write_bytes(content)
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    content = conv_body().SerializeToString()
    model = read_model(write(tmp_path, content), sha256=hashlib.sha256(content).hexdigest())
    assert model.SerializeToString() == content
    check_compressible(model)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"net\.onnx: 0 bytes; fetch or export the model again"):
        read_model(write(tmp_path, b""))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(tmp_path: Path, share: float) -> None:
    content = conv_body().SerializeToString()
    with pytest.raises(ModelError, match=r"net\.onnx: .*(truncated|checker)"):
        read_model(write(tmp_path, content[: int(len(content) * share)]))


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"net\.onnx: .*another kind"):
        read_model(write(tmp_path, b"\x89PNG\r\n\x1a\n" + bytes(64)))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no\.onnx: No such file or directory; check the path"):
        read_model(tmp_path / "no.onnx")


def test_another_digest_is_refused(tmp_path: Path) -> None:
    content = conv_body().SerializeToString()
    found = hashlib.sha256(content).hexdigest()
    with pytest.raises(ModelError, match=rf"net\.onnx: sha256 is {found}, expected {'0' * 64}; fetch it again"):
        read_model(write(tmp_path, content), sha256="0" * 64)


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    model = conv_body()
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    with pytest.raises(ModelError, match=r"net\.onnx: weight 'w1' lies in another file"):
        read_model(write(tmp_path, model.SerializeToString()))


def test_a_graph_that_the_checker_refuses_is_refused(tmp_path: Path) -> None:
    model = conv_body()
    model.graph.node[0].input[0] = "nowhere"
    with pytest.raises(ModelError, match=r"net\.onnx: onnx\.checker refuses it: .*nowhere"):
        read_model(write(tmp_path, model.SerializeToString()))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_no_numbers_are_refused(bad: float) -> None:
    model = conv_body()
    values = numpy_helper.to_array(model.graph.initializer[2]).copy()
    values[0, 0, 0, :2] = bad
    model.graph.initializer[2].CopyFrom(numpy_helper.from_array(values, "w2"))
    with pytest.raises(ModelError, match=r"weight 'w2' of node c2 holds 2 of 1152 numbers that are NaN or infinite"):
        check_compressible(model)


@pytest.mark.parametrize(("name", "text"), [("batch", "batch"), (None, "unknown")])
def test_a_dynamic_axis_is_refused(name: str | None, text: str) -> None:
    model = conv_body()
    dim = model.graph.input[0].type.tensor_type.shape.dim[0]
    dim.Clear()
    if name:
        dim.dim_param = name
    with pytest.raises(ModelError, match=rf"net: axis 0 of 'picture' is dynamic \({text}\); fix it with"):
        check_compressible(model, name="net")


def test_a_second_input_is_refused() -> None:
    model = onnx.ModelProto()
    model.CopyFrom(conv_body())
    model.graph.input.append(helper.make_tensor_value_info("state", TensorProto.FLOAT, [1]))
    with pytest.raises(ModelError, match=r"2 inputs \(picture, state\); exactly one is needed"):
        check_compressible(model)
