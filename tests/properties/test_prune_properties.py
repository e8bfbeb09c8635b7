"""Properties of pruning, on random nets: nothing pruned, nothing changed; what is silent goes first."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.models.prune import prune, ranking
from edgewise.models.runtime import Model
from tests.unit.models.prune import nets
from tests.unit.models.prune.nets import Net

KINDS = ("Relu", "Tanh", "LeakyRelu", "HardSwish")  # each is 0 at 0

# About one step of int8, of the largest answer.
ROUNDING = 1 / 256


@st.composite
def networks(draw: Any) -> tuple[Net, str, dict[str, int]]:
    """Draw two to four layers, some behind a pool, some with a shortcut; with each inner layer's width."""
    net = Net([1, 3, 9, 9], seed=draw(st.integers(0, 2**16)))
    widths: dict[str, int] = {}
    tensor, size = "x", 3
    for number in range(draw(st.integers(1, 3))):
        name, width = f"c{number}", draw(st.integers(2, 12))
        side = draw(st.sampled_from([1, 3]))
        tensor = net.conv(tensor, name, (width, size, side, side), relu=False, pads=[side // 2] * 4)
        tensor = net.add(draw(st.sampled_from(KINDS)), [tensor], f"{name}.act")
        widths[name], size = width, width
        if draw(st.booleans()):
            tensor = net.add("AveragePool", [tensor], f"{name}.pool", kernel_shape=[2, 2])
        if draw(st.booleans()):
            inner = draw(st.integers(1, 6))
            branch = net.conv(tensor, f"{name}.in", (inner, size, 1, 1))
            branch = net.conv(branch, f"{name}.back", (size, inner, 1, 1), relu=False)
            tensor = net.add("Add", [branch, tensor], f"{name}.sum")
    return net, net.conv(tensor, "last", (4, size, 1, 1), relu=False), widths


def answers(model: onnx.ModelProto, samples: list[Any]) -> Any:
    loaded = Model(model.SerializeToString())
    return np.stack([loaded.run(sample)[loaded.outputs[0]] for sample in samples])


@settings(max_examples=20, deadline=None)
@given(networks())
def test_pruning_nothing_changes_nothing(drawn: tuple[Net, str, dict[str, int]]) -> None:
    net, output, _ = drawn
    model = net.model(output)
    assert prune(model, net.samples(2), keep=1).SerializeToString() == model.SerializeToString()


@settings(max_examples=20, deadline=None)
@given(drawn=networks(), data=st.data())
def test_a_silent_unit_is_the_first_to_go(drawn: tuple[Net, str, dict[str, int]], data: st.DataObject) -> None:
    # GIVEN a net in which one unit is zero whatever comes in: it, and what a shortcut adds to it
    net, output, widths = drawn
    layer = data.draw(st.sampled_from(sorted(widths)))
    unit = data.draw(st.integers(0, widths[layer] - 1))
    model = net.model(output)
    for maker in (layer, f"{layer}.back"):
        if f"{maker}.w" in net.weights:
            model = nets.silence(nets.silence(model, f"{maker}.w", [unit]), f"{maker}.b", [unit])
    # WHEN the units are ranked THEN it goes before every unit that ever says something
    samples = net.samples(12)
    for criterion in ("reconstruction", "magnitude"):
        ranked = ranking(model, samples, criterion)
        place = next(i for i, entry in enumerate(ranked) if (layer, unit) in entry.filters)
        assert ranked[place].loss == 0
        before = [entry.filters[0] for entry in ranked[:place]]
        assert all(is_silent(model, samples, name, index) for name, index in before)
    # WHEN just it goes THEN nothing else changes, but for what the repair fits of the grids' own rounding
    pruned = prune(model, samples, keep=1 - 1e-5)
    others = net.samples(8, seed=77)
    before_it, after_it = answers(model, others), answers(pruned, others)
    np.testing.assert_allclose(after_it, before_it, atol=ROUNDING * max(1.0, float(np.abs(before_it).max())))


def is_silent(model: onnx.ModelProto, samples: list[Any], node: str, channel: int) -> bool:
    """Say whether an inner layer's channel comes out as zero, behind its activation, on all samples."""
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    readers = [entry for entry in model.graph.node if node in entry.input]
    tensor = readers[0].output[0] if readers[0].op_type != "Add" else node
    del probed.graph.output[:]
    probed.graph.output.append(onnx.helper.make_empty_tensor_value_info(tensor))
    return not answers(probed, samples)[:, :, channel].any()
