"""Numbers that no CPU's order of summation can change: on the graph, and in what pruning makes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from edgewise.models.prune import Prepared, PruneError, exact, prune
from edgewise.models.prune.graph import Graph
from edgewise.models.prune.grids import PLACES, Grid, measure, on_grid, weights_on_grid
from tests.unit.models.prune import nets
from tests.unit.models.prune.nets import Array, Net
from tests.unit.models.prune.test_prune import like_trained, pictures

if TYPE_CHECKING:
    from collections.abc import Sequence

CHEAP, DEAR = 0, 10**12


def opened(net: Net, output: str, *, work: int = CHEAP) -> tuple[Graph, dict[str, Grid], list[Array]]:
    """Return a rewritten graph, its grids, and samples that lie on the input's grid."""
    samples = net.samples(8)
    graph = Graph(net.model(output), samples[0])
    grids = measure(graph, samples, work=work)
    graph.rewrite = exact.Rewriter(grids, graph.shapes)
    own = grids.get(graph.input)
    return graph, grids, [on_grid(sample, own) for sample in samples] if own else samples


CASES = (nets.batch_norm, nets.concat, nets.residual, nets.widening, nets.flatten, nets.reshape, nets.dense)


@pytest.mark.parametrize("work", [CHEAP, DEAR])
@pytest.mark.parametrize("make", [*CASES, nets.one_axis])
def test_the_rewritten_graph_says_nearly_the_same(make: nets.Maker, work: int) -> None:
    graph, _, samples = opened(*make(), work=work)
    after = graph.session().run({graph.input: samples[0]})
    graph.rewrite = lambda model: model
    before = graph.session().run({graph.input: samples[0]})
    for name, value in before.items():
        assert np.abs(after[name] - value).max() < 0.03 * np.abs(value).max(), name
        assert after[name].shape == value.shape


@pytest.mark.parametrize("work", [CHEAP, DEAR])
@pytest.mark.parametrize("make", CASES)
def test_every_partial_sum_fits_in_24_bits(make: nets.Maker, work: int) -> None:
    # GIVEN the rewritten graph, and what its Convs and matrices read
    graph, _, samples = opened(*make(), work=work)
    model = graph.rewrite(graph.to_model())
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    read = sorted({node.input[0] for node in layers} - {graph.input})
    probed = onnx.ModelProto()
    probed.CopyFrom(model)
    probed.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in read)
    values = exact_values(probed, samples[0], graph.input)
    for node in layers:
        # WHEN the largest number is multiplied with all weights of one output THEN the sum of the amounts, in units of
        # the smallest difference there is, needs no more than float32's bits
        source, weight = values[node.input[0]], weights[node.input[1]]
        turned = node.op_type == "Conv" or any(entry.name == "transB" and entry.i for entry in node.attribute)
        rows = (weight if turned else weight.T).reshape(weight.shape[0 if turned else 1], -1)
        for index, row in enumerate(rows):
            bias = float(weights[node.input[2]].reshape(-1)[index]) if len(node.input) > 2 else 0.0
            unit = unit_of(source) * unit_of(row)
            assert bias % unit == 0
            assert (np.abs(row).sum(dtype=np.float64) * np.abs(source).max() + abs(bias)) / unit <= 2**24
    assert len(layers) >= 2


def exact_values(model: onnx.ModelProto, sample: Array, name: str) -> dict[str, Array]:
    from edgewise.models.prune.running import Session

    return Session(model).run({name: sample}) | {name: sample}


def unit_of(values: Array) -> float:
    """Return the largest power of two of which all numbers are multiples."""
    amounts = np.abs(values[values != 0]).astype(np.float64)
    if not len(amounts):
        return 1.0
    _, exponents = np.frexp(amounts)
    lowest = int(exponents.min()) - 24
    common = int(np.bitwise_or.reduce(np.ldexp(amounts, -lowest).astype(np.int64)))
    return math.ldexp(common & -common, lowest)


@pytest.mark.parametrize("work", [CHEAP, DEAR])
@pytest.mark.parametrize("make", CASES)
def test_the_order_of_channels_changes_no_bit(make: nets.Maker, work: int) -> None:
    """What another kernel does: it adds up the same products in another order."""
    # GIVEN a net's rewritten graph WHEN the channels that "c2" sums over are turned round
    graph, _, samples = opened(*make(), work=work)
    model = graph.rewrite(graph.to_model())
    turned = onnx.ModelProto()
    turned.CopyFrom(model)
    reverse_channels(turned)
    # THEN the answers are equal to the last bit
    for sample in samples:
        one, other = (exact_values(entry, sample, graph.input)[graph.outputs[0]] for entry in (model, turned))
        np.testing.assert_array_equal(one, other)


def reverse_channels(model: onnx.ModelProto) -> None:
    """Turn round what the last layer reads, and its weights with it."""
    layers = [node for node in model.graph.node if node.op_type in ("Conv", "Gemm", "MatMul")]
    name = layers[-1].input[1]
    nodes = list(model.graph.node)
    for node in [entry for entry in layers if entry.input[1] == name]:
        conv = node.op_type == "Conv"
        rank = next(len(t.dims) for t in model.graph.initializer if t.name == name)
        last = 1 if conv or any(entry.name == "transB" and entry.i for entry in node.attribute) else rank - 2
        size = next(t.dims[last] for t in model.graph.initializer if t.name == name)
        order = numpy_helper.from_array(np.arange(size)[::-1].copy(), f"{node.output[0]}@order")
        model.graph.initializer.append(order)
        gather = helper.make_node(
            "Gather", [node.input[0], order.name], [f"{node.output[0]}@turned"], axis=1 if conv else -1
        )
        nodes.insert(nodes.index(node), gather)
        node.input[0] = gather.output[0]
    tensor = next(t for t in model.graph.initializer if t.name == name)
    tensor.CopyFrom(numpy_helper.from_array(np.flip(numpy_helper.to_array(tensor), last).copy(), name))
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def test_what_lies_beyond_the_grid_is_held_at_its_end() -> None:
    grid = Grid(2, 1)
    found = on_grid(np.asarray([-9.0, 0.0101, 4.0, 5.0], dtype=np.float32), grid)
    assert found.tolist() == [-4.0, 0.0078125, 4.0, 4.0]


def test_weights_take_the_finest_grid_that_holds_their_sum() -> None:
    # GIVEN weights of very different amounts from row to row
    random = np.random.default_rng(1)
    weight = (random.normal(0, 1, (5, 300)) * 10.0 ** np.arange(-2, 3)[:, None]).astype(np.float32)
    bias = random.normal(0, 1, 5).astype(np.float32)
    grid = Grid(3)
    # WHEN they are rounded THEN each row's sum uses at least half of what there is, and no more
    rounded, offset = weights_on_grid(weight, bias, grid, 0)
    assert offset is not None
    for row, added, before in zip(rounded, offset, weight, strict=True):
        unit = unit_of(row)
        sums = np.abs(row).sum(dtype=np.float64) / unit * 2**PLACES + abs(float(added)) / (unit * 2.0**grid.step)
        assert 2**22 < sums <= 2**24
        assert np.abs(row - before).max() <= unit / 2


def noisy(model: onnx.ModelProto, seed: int) -> onnx.ModelProto:
    """Return a rewritten model as another CPU might run it: each sum, and each mean, is off in its last bit."""
    random = np.random.default_rng(seed)
    made = onnx.ModelProto()
    made.CopyFrom(model)
    nodes: list[onnx.NodeProto] = []
    for node in made.graph.node:
        nodes.append(node)
        if node.op_type in ("AveragePool", "GlobalAveragePool", "ReduceMean"):
            name = node.output[0]
            one_off = 1 + random.choice([-1, 1]) * 2.0**-23
            factor = numpy_helper.from_array(np.asarray(one_off, dtype=np.float32), f"{name}@factor")
            made.graph.initializer.append(factor)
            node.output[0] = f"{name}@exact"
            nodes.append(helper.make_node("Mul", [node.output[0], factor.name], [name]))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def shuffled(model: onnx.ModelProto) -> onnx.ModelProto:
    """Return a rewritten model in which every Conv adds its input channels up in two halves, the last ones first."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in made.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in made.graph.node:
        weight = weights.get(node.input[1]) if node.op_type == "Conv" else None
        if weight is None or weight.shape[1] < 2:
            nodes.append(node)
            continue
        name, middle = node.output[0], weight.shape[1] // 2
        halves = []
        for part, (first, last) in enumerate(((middle, weight.shape[1]), (0, middle))):
            own = [f"{name}@{part}.{kind}" for kind in ("read", "weight", "from", "to", "axis", "sum")]
            constants = {own[1]: weight[:, first:last], own[2]: [first], own[3]: [last], own[4]: [1]}
            made.graph.initializer.extend(numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items())
            nodes.append(helper.make_node("Slice", [node.input[0], *own[2:5]], [own[0]]))
            half = helper.make_node("Conv", [own[0], own[1], *(node.input[2:] if part else ())], [own[5]])
            half.attribute.extend(node.attribute)
            nodes.append(half)
            halves.append(own[5])
        nodes.append(helper.make_node("Add", halves, [name]))
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def like_averaged() -> onnx.ModelProto:
    """A trained-like net with a mean over windows in its middle, whose ties even counts could turn."""
    net, _ = like_trained(8)
    pool = helper.make_node("AveragePool", ["c1.relu"], ["pooled"], name="pooled", kernel_shape=[2, 3])
    place = next(index for index, node in enumerate(net.nodes) if node.output[0] == "c2")
    net.nodes[place].input[0] = "pooled"
    net.nodes.insert(place, pool)
    return net.model("head")


@pytest.mark.parametrize("cheap", [True, False])
def test_another_cpu_prunes_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch, cheap: bool) -> None:
    # GIVEN what this CPU makes of a net, summing in one part or in two
    model, samples = like_averaged(), pictures(48, seed=3)
    monkeypatch.setattr("edgewise.models.prune.grids._CHEAP", 10**8 if cheap else 0)
    here = prune(model, samples, keep=0.5).SerializeToString()
    # WHEN a CPU adds up in another order, and its means are off in the last bit
    plain = exact.Rewriter.__call__
    calls = []

    def elsewhere(self: exact.Rewriter, model: onnx.ModelProto) -> onnx.ModelProto:
        calls.append(model)
        return noisy(shuffled(plain(self, model)), len(calls))

    monkeypatch.setattr(exact.Rewriter, "__call__", elsewhere)
    there = prune(model, samples, keep=0.5).SerializeToString()
    # THEN the same bytes come out; without the grids they don't
    assert calls
    assert here == there
    monkeypatch.setattr(exact.Rewriter, "__call__", lambda _, model: model)
    as_it_is = prune(model, samples, keep=0.5).SerializeToString()
    monkeypatch.setattr(exact.Rewriter, "__call__", lambda _, model: noisy(shuffled(model), 1))
    assert prune(model, samples, keep=0.5).SerializeToString() != as_it_is


def test_a_prepared_model_is_cut_to_the_same_bytes_at_any_size() -> None:
    _, model = like_trained(9)
    lines: list[str] = []
    prepared = Prepared(model, pictures(24, seed=1), say=lines.append)
    sizes = [0.7, 0.4, 0.7, 1.0]
    cuts: Sequence[bytes] = [prepared.cut(keep).SerializeToString() for keep in sizes]
    # WHEN each is pruned by itself THEN nothing differs, and the ranking was made once
    for keep, content in zip(sizes, cuts, strict=True):
        assert prune(model, pictures(24, seed=1), keep=keep).SerializeToString() == content
    assert sum(line.startswith("ranking") for line in lines) == 1


def test_operators_of_an_old_set_are_refused() -> None:
    net, output = nets.plain()
    with pytest.raises(PruneError, match="opset 11: at least 13; convert the model"):
        prune(net.model(output, opset=11), net.samples(4), keep=0.5)
