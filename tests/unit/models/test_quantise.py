"""Quantisation: small, close to the original, safe without VNNI, and the same bytes on another CPU."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

from edgewise.models.quantise import quantise
from edgewise.models.runtime import Model
from tests.unit.models.graphs import conv_body


def pictures(count: int, seed: int) -> list[NDArray[np.float32]]:
    return list(np.random.default_rng(seed).normal(0, 1, (count, 1, 3, 8, 8)).astype(np.float32))


@pytest.fixture(scope="module")
def quantised() -> onnx.ModelProto:
    return quantise(conv_body(), pictures(32, seed=1))


def test_convolutions_are_int8(quantised: onnx.ModelProto) -> None:
    tensors = {tensor.name: numpy_helper.to_array(tensor) for tensor in quantised.graph.initializer}
    weights = [value for value in tensors.values() if value.dtype == np.int8 and value.ndim == 4]
    assert len(weights) == 2
    assert not [name for name, value in tensors.items() if value.dtype == np.float32 and value.ndim == 4]


def test_no_sum_of_two_products_overflows_16_bits(quantised: onnx.ModelProto) -> None:
    # GIVEN what an AVX2 CPU does: it adds two products of a uint8 and an int8 in a signed 16-bit number
    weights = [numpy_helper.to_array(tensor) for tensor in quantised.graph.initializer if len(tensor.dims) == 4]
    # THEN the largest possible sum fits, though 8-bit weights (2 * 255 * 127) would not
    largest = max(int(np.abs(value.astype(np.int32)).max()) for value in weights)
    assert 2 * 255 * largest <= 2**15 - 1 < 2 * 255 * 127


def test_scales_are_per_channel(quantised: onnx.ModelProto) -> None:
    sizes = Counter(
        tensor.dims[0] for tensor in quantised.graph.initializer if tensor.name.startswith(("w1_s", "w2_s"))
    )
    assert sizes == {16: 1, 8: 1}


def test_answers_stay_close(quantised: onnx.ModelProto) -> None:
    exact, small = (Model(model.SerializeToString()) for model in (conv_body(), quantised))
    for picture in pictures(8, seed=2):
        before, after = (model.run(picture)["features"] for model in (exact, small))
        assert np.abs(before - after).max() < 0.05 * np.abs(before).max()


def test_the_last_bits_of_the_calibration_do_not_matter(quantised: onnx.ModelProto) -> None:
    # GIVEN the same pictures with the differences that another CPU's float sums would make
    nudged = [np.nextafter(picture, np.float32(9)) for picture in pictures(32, seed=1)]
    # WHEN the model is quantised with those THEN it is the same, byte for byte
    assert quantise(conv_body(), nudged).SerializeToString() == quantised.SerializeToString()


def test_other_ranges_do_matter(quantised: onnx.ModelProto) -> None:
    wider = [picture * np.float32(1.01) for picture in pictures(32, seed=1)]
    assert quantise(conv_body(), wider).SerializeToString() != quantised.SerializeToString()


def test_nothing_names_a_tool(quantised: onnx.ModelProto) -> None:
    assert not quantised.producer_name
    assert not quantised.producer_version
    assert not list(quantised.metadata_props)
    assert [opset.domain for opset in quantised.opset_import] == [""]
