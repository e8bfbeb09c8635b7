"""The sweep: nodes that int8 hurts are found by measurement."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgewise.models.quantise import Calibrated
from edgewise.models.runtime import Model
from edgewise.models.sweep import Sensitivity, sweep
from tests.unit.models.graphs import conv_body
from tests.unit.models.test_quantise import pictures


def with_an_outlier() -> onnx.ModelProto:
    """The second convolution's input has one channel a thousand times as large, that its weights make small again."""
    body = conv_body()
    tensors = {tensor.name: tensor for tensor in body.graph.initializer}
    for name, at, factor in (("w1", 0, 1000), ("b1", 0, 1000), ("w2", (slice(None), 0), 0.001)):
        value = numpy_helper.to_array(tensors[name]).copy()
        value[at] *= factor
        tensors[name].CopyFrom(numpy_helper.from_array(value.astype(np.float32), name))
    return body


def quiet(_: str) -> None:
    pass


def test_a_harmless_network_is_quantised_whole() -> None:
    inputs = pictures(32, seed=1)
    found = sweep(conv_body(), Calibrated(conv_body(), inputs), inputs, kind="u8s8_reduced", say=quiet)
    assert list(found.errors) == ["c1", "c2"]
    assert all(0 < error < 0.05 for error in found.errors.values())
    assert found.exclusions(0.1) == ()


def test_the_node_that_hurts_stays_in_float32() -> None:
    body, inputs = with_an_outlier(), pictures(32, seed=1)
    calibrated = Calibrated(body, inputs)
    found = sweep(body, calibrated, inputs, kind="u8s8_reduced", say=quiet)
    assert found.errors["c1"] < 0.05
    assert found.errors["c2"] > 0.5
    assert found.exclusions(0.1) == ("c2",)

    def off(exclude: tuple[str, ...]) -> float:
        small = Model(calibrated.quantise(exclude=exclude).SerializeToString())
        exact = Model(body.SerializeToString())
        pairs = [(small.run(each)["features"], exact.run(each)["features"]) for each in pictures(8, seed=2)]
        return float(np.mean([np.linalg.norm(one - other) / np.linalg.norm(other) for one, other in pairs]))

    # AND on other pictures the exclusion is what helps
    assert off(("c2",)) < 0.05
    assert off(()) > 0.5


def test_what_is_excluded_is_left_as_it_was() -> None:
    small = Calibrated(conv_body(), pictures(8, seed=1)).quantise(exclude=["c1", "no-such-node"])
    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in small.graph.initializer}
    assert kept["w1"].dtype == np.float32
    assert not [name for name in kept if name == "w2"]


def test_a_tolerance_decides_how_much_is_excluded() -> None:
    inputs = pictures(16, seed=1)
    found = sweep(conv_body(), Calibrated(conv_body(), inputs), inputs, kind="u8u8", say=quiet)
    assert found.exclusions(0) == ("c1", "c2")
    assert found.exclusions(1) == ()


def test_the_largest_error_for_its_size_goes_first() -> None:
    found = Sensitivity(errors={"big": 0.3, "small": 0.2, "good": 0.01}, weights={"big": 900, "small": 100, "good": 50})
    assert found.exclusions(0.4) == ()
    assert found.exclusions(0.31) == ("small",)
    assert found.exclusions(0.1) == ("big", "small")


@pytest.mark.parametrize(("kind", "dtype", "largest"), [("u8s8_reduced", np.int8, 64), ("u8u8", np.uint8, 255)])
def test_kinds_differ_in_the_weights(kind: str, dtype: type, largest: int) -> None:
    small = Calibrated(conv_body(), pictures(8, seed=1)).quantise(kind=kind)  # type: ignore[arg-type]  # of parametrize
    weights = [numpy_helper.to_array(tensor) for tensor in small.graph.initializer if len(tensor.dims) == 4]
    assert {value.dtype.type for value in weights} == {dtype}
    assert max(int(np.abs(value.astype(int)).max()) for value in weights) <= largest
