"""Channels are followed through each operator: a silent one goes everywhere, and nothing else changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from edgewise.models.prune import PruneError, prune, ranking
from edgewise.models.runtime import Model
from tests.unit.models.prune import nets
from tests.unit.models.prune.nets import Array, Net

if TYPE_CHECKING:
    from collections.abc import Callable

Shapes: TypeAlias = dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Case:
    """A net, the weights and axes to silence, the channels, and every prunable weight's shape without them."""

    make: Callable[[], tuple[Net, str]]
    silence: dict[str, int]
    left: Shapes
    channels: tuple[int, ...] = (2, 5, 11)
    maker: str = "c1"


C1 = {"c1.w": 0, "c1.b": 0}
TRUNK = C1 | {"in2.w": 0, "in2.b": 0}
INNER: Shapes = {"in1.w": (12, 13, 3, 3), "in1.b": (12,)}
CASES = {
    "plain": Case(nets.plain, C1, {"c1.w": (13, 3, 3, 3), "c1.b": (13,), "c2.w": (6, 13, 3, 3)}),
    "batch norm, PRelu": Case(
        nets.batch_norm,
        {"c1.w": 0},
        {"c1.w": (13, 3, 3, 3), **{f"bn.{i}": (13,) for i in range(4)}, "slope": (13, 1, 1), "c2.w": (6, 13, 3, 3)},
    ),
    "depthwise": Case(
        nets.depthwise,
        C1 | {"dw.b": 0},
        {"c1.w": (13, 3, 3, 3), "c1.b": (13,), "dw.w": (13, 1, 3, 3), "dw.b": (13,), "c2.w": (6, 13, 1, 1)},
    ),
    "concat": Case(
        nets.concat,
        C1,
        {"left.w": (8, 3, 3, 3), "left.b": (8,), "c1.w": (13, 3, 1, 1), "c1.b": (13,), "c2.w": (6, 21, 3, 3)},
    ),
    "residual": Case(
        nets.residual,
        TRUNK,
        {"c1.w": (13, 3, 3, 3), "c1.b": (13,), **INNER, "in2.w": (13, 12, 3, 3), "in2.b": (13,), "c2.w": (6, 13, 3, 3)},
    ),
    "widening, old channels": Case(
        nets.widening,
        TRUNK,
        {"c1.w": (13, 3, 3, 3), "c1.b": (13,), **INNER, "in2.w": (21, 12, 3, 3), "in2.b": (21,), "c2.w": (6, 21, 3, 3)},
    ),
    "widening, new channels": Case(
        nets.widening,
        {"in2.w": 0, "in2.b": 0},
        {
            **{"c1.w": (16, 3, 3, 3), "c1.b": (16,), "in1.w": (12, 16, 3, 3), "in1.b": (12,)},
            **{"in2.w": (21, 12, 3, 3), "in2.b": (21,), "c2.w": (6, 21, 3, 3)},
        },
        channels=(16, 18, 23),
        maker="in2",
    ),
    "flatten": Case(nets.flatten, C1, {"c1.w": (13, 3, 3, 3), "c1.b": (13,), "c2.w": (6, 13 * 9)}),
    "reshape": Case(nets.reshape, C1, {"c1.w": (13, 3, 3, 3), "c1.b": (13,), "c2.w": (13 * 36, 6)}),
    "dense": Case(nets.dense, {"c1.w": 1, "c1.b": 0}, {"c1.w": (9, 13), "c1.b": (13,), "c2.w": (6, 13)}),
    "spectrum": Case(
        nets.one_axis,
        {"c1.w": 0},
        {"c1.w": (26, 1, 16), "enc.w": (12, 13, 3), "enc.b": (12,), "lw": (1, 20, 12)},
        channels=(2, 5, 11, 18, 21, 27),
    ),
    "before an LSTM": Case(
        nets.one_axis,
        {"enc.w": 0, "enc.b": 0},
        {"c1.w": (32, 1, 16), "enc.w": (9, 16, 3), "enc.b": (9,), "lw": (1, 20, 9)},
        maker="enc",
    ),
}


def answers(model: onnx.ModelProto, samples: list[Array]) -> Array:
    loaded = Model(model.SerializeToString())
    return np.stack([loaded.run(sample)[loaded.outputs[0]] for sample in samples])


@pytest.mark.parametrize("name", CASES)
def test_silent_channels_go_first_and_nothing_changes(name: str) -> None:
    # GIVEN a net of which some channels are zero whatever comes in
    case = CASES[name]
    net, output = case.make()
    model = net.model(output)
    was = nets.shapes(model)
    for weight, axis in case.silence.items():
        model = nets.silence(model, weight, case.channels, axis=axis)
    samples = net.samples()
    # WHEN the units are ranked THEN those stand first
    first = [place for entry in ranking(model, samples) for node, place in entry.filters if node == case.maker]
    assert sorted(first[: len(case.channels)]) == list(case.channels)
    # WHEN as much is pruned as they take
    keep = sum(map(math.prod, case.left.values())) / sum(math.prod(was[weight]) for weight in case.left)
    pruned = prune(model, samples, keep=keep)
    # THEN every weight shrinks where it should, and the answers to other inputs stay the same
    onnx.checker.check_model(pruned, full_check=True)
    found = nets.shapes(pruned)
    assert {weight: found[weight] for weight in case.left} == case.left
    others = net.samples(16, seed=9)
    np.testing.assert_allclose(answers(pruned, others), answers(model, others), atol=1e-5)


@pytest.mark.parametrize("make", [case.make for case in CASES.values()])
@pytest.mark.parametrize("criterion", ["reconstruction", "magnitude"])
def test_a_third_of_any_net_can_stay(make: Callable[[], tuple[Net, str]], criterion: str) -> None:
    net, output = make()
    model, samples = net.model(output), net.samples()
    pruned = prune(model, samples, keep=0.4, criterion=criterion)  # type: ignore[arg-type]  # from the list above
    onnx.checker.check_model(pruned, full_check=True)
    assert answers(pruned, samples[:2]).shape == answers(model, samples[:2]).shape
    assert len(pruned.SerializeToString()) < 0.8 * len(model.SerializeToString())


def test_a_block_that_does_nothing_goes_whole() -> None:
    # GIVEN a residual block whose inner branch gives nothing but its bias
    net, output = nets.residual()
    model = nets.silence(net.model(output), "in1.w", range(12))
    model = nets.silence(model, "in1.b", range(12))
    was = nets.shapes(model)
    inner = sum(math.prod(was[weight]) for weight in ("in1.w", "in1.b", "in2.w"))
    total = inner + sum(math.prod(was[weight]) for weight in ("c1.w", "c1.b", "in2.b", "c2.w"))
    # WHEN as much is pruned as the branch has
    pruned = prune(model, net.samples(), keep=1 - inner / total)
    # THEN its convolutions are gone, and the answers stay
    assert [node.name for node in pruned.graph.node if node.op_type == "Conv"] == ["c1", "c2"]
    others = net.samples(16, seed=9)
    np.testing.assert_allclose(answers(pruned, others), answers(model, others), atol=1e-5)


def test_grouped_convolutions_and_softmax_keep_their_channels() -> None:
    net = Net([1, 3, 8, 8])
    tensor = net.conv("x", "c1", (16, 3, 3, 3))
    tensor = net.conv(tensor, "grouped", (16, 4, 3, 3), group=4)
    tensor = net.add("Softmax", [tensor], "softmax", axis=1)
    tensor = net.conv(tensor, "c2", (8, 16, 1, 1))
    pruned = prune(net.model(net.conv(tensor, "c3", (4, 8, 1, 1))), net.samples(), keep=0.5)
    found = nets.shapes(pruned)
    assert (found["c1.w"], found["grouped.w"]) == ((16, 3, 3, 3), (16, 4, 3, 3))
    assert found["c2.w"] == (4, 16, 1, 1)


def test_a_shared_weight_shrinks_for_all_its_readers() -> None:
    net = Net([1, 6, 8, 8])
    tensor = net.conv("x", "c1", (12, 6, 3, 3), pads=[1] * 4)
    tensor = net.conv(tensor, "c2", (12, 12, 3, 3), pads=[1] * 4)
    tensor = net.add("Relu", [net.add("Conv", [tensor, "c2.w"], "again", pads=[1] * 4)], "r")
    model = net.model(net.conv(tensor, "c3", (4, 12, 1, 1), relu=False))
    found = nets.shapes(prune(model, net.samples(), keep=0.5))
    outputs, inputs = found["c2.w"][:2]
    assert outputs == inputs == found["c1.w"][0] == found["c3.w"][1] < 12


def test_an_operator_that_cannot_be_followed_is_refused_by_its_nodes_name() -> None:
    net = Net([1, 3, 8, 8])
    tensor = net.add("Einsum", [net.conv("x", "c1", (16, 3, 3, 3))], "mix", equation="nchw->nwhc")
    with pytest.raises(PruneError, match=r"Einsum 'mix': pruning can't follow .* Einsum; replace"):
        prune(net.model(tensor), net.samples(), keep=0.5)


def test_an_operator_of_another_domain_is_refused() -> None:
    net, output = nets.plain()
    model = net.model(output)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    node = helper.make_node("BiasGelu", ["c2", "b"], ["y"], name="gelu", domain="com.microsoft")
    model.graph.node.append(node)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(4, dtype=np.float32), "b"))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 6, 4, 4]))
    with pytest.raises(PruneError, match=r"'gelu': .* BiasGelu of com\.microsoft"):
        prune(model, net.samples(), keep=0.5)


def test_a_net_of_one_layer_has_nothing_to_prune() -> None:
    net = Net([1, 3, 8, 8])
    with pytest.raises(PruneError, match=r"no channel of this graph can go.*Conv 'c1'"):
        prune(net.model(net.conv("x", "c1", (4, 3, 3, 3), relu=False)), net.samples(), keep=0.5)


def test_less_than_one_channel_a_layer_is_refused() -> None:
    net, output = nets.plain()
    with pytest.raises(PruneError, match=r"keep=0.01: 82 of 1312 prunable weights are the least .* at least 0.0"):
        prune(net.model(output), net.samples(), keep=0.01)
