"""Float32 layers read float32: which rounding steps go, and that nothing else changes."""

from __future__ import annotations

from collections import Counter

import numpy as np

from edgewise.models.quantise import Calibrated
from edgewise.models.runtime import Model
from tests.unit.models.graphs import conv_body
from tests.unit.models.test_quantise import pictures


def test_a_float_layer_reads_what_the_layer_before_computed() -> None:
    # GIVEN two convolutions with a relu between them, of which the second stays in float32
    small = Calibrated(conv_body(), pictures(32, seed=1)).quantise(exclude=["c2"])
    # THEN only the picture is rounded, and the relu is still there
    assert Counter(node.op_type for node in small.graph.node)["QuantizeLinear"] == 1
    (last,) = [node for node in small.graph.node if node.name == "c2"]
    (relu,) = [node for node in small.graph.node if node.op_type == "Relu"]
    assert last.input[0] == relu.output[0]
    # AND the answers are nearer than with both in int8
    exact = Model(conv_body().SerializeToString())
    whole = Calibrated(conv_body(), pictures(32, seed=1)).quantise()

    def off(model: bytes) -> float:
        answers = [(Model(model).run(each)["features"], exact.run(each)["features"]) for each in pictures(8, seed=2)]
        return float(np.mean([np.abs(one - other).mean() for one, other in answers]))

    assert off(small.SerializeToString()) < off(whole.SerializeToString())


def test_what_an_int8_layer_reads_stays_rounded() -> None:
    small = Calibrated(conv_body(), pictures(32, seed=1)).quantise(exclude=["c1"])
    (last,) = [node for node in small.graph.node if node.name == "c2"]
    makers = {name: node for node in small.graph.node for name in node.output}
    assert [makers[name].op_type for name in last.input[:2]] == ["DequantizeLinear"] * 2
    # AND the first one reads the picture itself
    (first,) = [node for node in small.graph.node if node.name == "c1"]
    assert first.input[0] == "picture"
    # AND no constant is left that nobody reads
    read = {name for node in small.graph.node for name in node.input}
    assert {tensor.name for tensor in small.graph.initializer} <= read
