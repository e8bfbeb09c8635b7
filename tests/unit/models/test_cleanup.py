"""Cleaning up: fewer nodes, the same answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.cleanup import clean
from edgewise.models.inspect import ModelError
from edgewise.models.opset import OPSET
from edgewise.models.runtime import Model
from tests.unit.models.prune.nets import Net, batch_norm


def answer(model: onnx.ModelProto, value: Any) -> Any:
    loaded = Model(model.SerializeToString())
    return loaded.run(value)[loaded.outputs[0]]


def kinds(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_a_batch_norm_goes_into_the_convolution_before_it() -> None:
    net, output = batch_norm()
    net.weights["bn.1"] += np.float32(0.3)
    net.weights["bn.2"] -= np.float32(0.2)
    model = net.model(output)
    cleaned = clean(model)
    assert kinds(cleaned) == ["Conv", "PRelu", "Conv"]
    sample = net.samples(1)[0]
    np.testing.assert_allclose(answer(cleaned, sample), answer(model, sample), atol=1e-5)


def test_a_batch_norm_whose_input_is_read_elsewhere_stays() -> None:
    net = Net([1, 3, 8, 8])
    conv = net.conv("x", "c1", (4, 3, 3, 3), relu=False)
    names = [net.constant(f"bn.{i}", np.full(4, 0.5)) for i in range(4)]
    model = net.model(net.add("Add", [conv, net.add("BatchNormalization", [conv, *names], "bn")], "sum"))
    cleaned = clean(model)
    assert kinds(cleaned) == ["Conv", "BatchNormalization", "Add"]
    sample = net.samples(1)[0]
    np.testing.assert_array_equal(answer(cleaned, sample), answer(model, sample))


def test_what_depends_on_constants_only_is_worked_out() -> None:
    # GIVEN a padding that an exporter wrote as a chain of nodes, an Identity, a Dropout and a node nobody reads
    net = Net([1, 3, 8, 8])
    net.nodes.append(helper.make_node("Constant", [], ["four"], value_ints=[4]))
    zeros = net.add("ConstantOfShape", ["four"], "zeros", value=numpy_helper.from_array(np.asarray([0])))
    pads = net.add("Concat", [zeros, net.constant("rest", np.asarray([0, 0, 1, 1]))], "pads", axis=0)
    padded = net.add("Pad", [net.add("Identity", ["x"], "same"), pads], "padded")
    net.add("Neg", ["x"], "unread")
    model = net.model(net.add("Relu", [net.add("Dropout", [padded], "kept")], "y"))
    # WHEN it is cleaned up THEN only what counts is left
    cleaned = clean(model)
    assert kinds(cleaned) == ["Pad", "Relu"]
    assert [tensor.name for tensor in cleaned.graph.initializer] == ["pads"]
    sample = net.samples(1)[0]
    np.testing.assert_array_equal(answer(cleaned, sample), answer(model, sample))


def test_a_constant_that_would_make_the_file_large_stays_a_node() -> None:
    net = Net([1, 1, 256, 256])
    grown = net.add("Expand", [net.constant("one", np.ones(1)), net.constant("shape", np.asarray([256, 256]))], "grown")
    model = net.model(net.add("Add", ["x", grown], "y"))
    assert kinds(clean(model)) == ["Expand", "Add"]


def test_an_old_opset_with_weights_among_its_inputs_is_brought_up_to_date() -> None:
    net, output = Net([1, 3, 8, 8]), "c1"
    net.conv("x", "c1", (4, 3, 3, 3), relu=False)
    model = net.model(output, opset=9)
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, list(tensor.dims)))
    cleaned = clean(model)
    assert [value.name for value in cleaned.graph.input] == ["x"]
    assert [entry.version for entry in cleaned.opset_import] == [OPSET]
    sample = net.samples(1)[0]
    np.testing.assert_array_equal(answer(cleaned, sample), answer(model, sample))


def test_the_given_model_is_not_changed() -> None:
    net, output = batch_norm()
    model = net.model(output)
    before = model.SerializeToString()
    clean(model)
    assert model.SerializeToString() == before


def test_an_opset_that_cannot_be_converted_is_named() -> None:
    net = Net([1, 3, 8, 8])
    model = net.model(net.conv("x", "c1", (4, 3, 3, 3)))
    node = model.graph.node[0]
    node.op_type, model.opset_import[0].version = "Upsample", 7
    with pytest.raises(ModelError, match=r"opset 7 can't be converted to 17: .*; export the model anew"):
        clean(model)
