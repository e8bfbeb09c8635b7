"""What pruning promises: close answers, better than magnitude, the same bytes each time, clear refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from edgewise.models.prune import PruneError, prune
from edgewise.models.runtime import Model
from tests.unit.models.graphs import conv_body
from tests.unit.models.prune import nets
from tests.unit.models.prune.nets import Array, Net

if TYPE_CHECKING:
    from collections.abc import Sequence


def like_trained(seed: int) -> tuple[Net, onnx.ModelProto]:
    """A net whose channels are mixtures of few features, at different scales, as training leaves them.

    What a channel's weights are worth and how large they are have nothing to do with each other: the layer that
    reads it multiplies a small channel by much.
    """
    net = Net([1, 3, 12, 12], seed=seed)
    tensor, size, previous = "x", 3, np.ones(3)
    for number, (channels, features) in enumerate(((24, 10), (32, 12), (32, 12))):
        name = f"c{number}"
        tensor = net.conv(tensor, name, (channels, size, 3, 3), pads=[1] * 4)
        shape = (channels, size, 3, 3)
        basis = net.random.normal(0, (9 * size) ** -0.5, (features, *shape[1:]))
        mixture = net.random.normal(0, 1, (channels, features)) * (net.random.random((channels, features)) < 0.3)
        scale = np.exp(net.random.normal(0, 1, channels))
        weight = np.tensordot(mixture, basis, axes=1) * scale[:, None, None, None]
        weight /= previous[None, :, None, None]
        net.constant(f"{name}.w", weight)
        net.constant(f"{name}.b", net.random.normal(0, 0.1, channels) * scale)
        previous, size = scale, channels
    pooled = net.add("Flatten", [net.add("GlobalAveragePool", [tensor], "mean")], "flat")
    net.gemm(pooled, "head", 32, 8)
    net.weights["head.w"] = (net.weights["head.w"] / previous).astype(np.float32)
    return net, net.model("head")


def pictures(count: int, seed: int) -> list[Array]:
    """Smooth pictures: sums of a few waves."""
    random = np.random.default_rng(seed)
    grid = np.linspace(0, 1, 12)
    waves = np.sin(random.uniform(0, 9, (count, 3, 4, 2)) @ np.stack(np.meshgrid(grid, grid)).reshape(2, -1))
    amount = random.normal(0, 1, (count, 3, 4, 1))
    return list((waves * amount).sum(axis=2).reshape(count, 1, 3, 12, 12).astype(np.float32))


def error(model: onnx.ModelProto, pruned: onnx.ModelProto, samples: Sequence[Array]) -> float:
    """Squared distance of the answers over their variance."""
    before, after = (
        np.stack([loaded.run(sample)[loaded.outputs[0]] for sample in samples])
        for loaded in (Model(entry.SerializeToString()) for entry in (model, pruned))
    )
    return float(((after - before) ** 2).sum() / ((before - before.mean(axis=0)) ** 2).sum())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_reconstruction_beats_magnitude_at_the_same_size(seed: int) -> None:
    # GIVEN a net with redundant channels of all scales
    _, model = like_trained(seed)
    calibration, held_out = pictures(96, seed=10 + seed), pictures(48, seed=20 + seed)
    # WHEN it is pruned to half in three ways
    ours = prune(model, calibration, keep=0.5)
    unrepaired = prune(model, calibration, keep=0.5, repair=False)
    repaired = prune(model, calibration, keep=0.5, criterion="magnitude")
    magnitude = prune(model, calibration, keep=0.5, criterion="magnitude", repair=False)
    errors = [error(model, pruned, held_out) for pruned in (ours, unrepaired, repaired, magnitude)]
    # THEN measured importance and repair beat the norm of the weights, together and each by itself
    assert errors[0] < 0.1
    assert errors[0] < 0.7 * errors[2]
    assert errors[0] < 0.5 * errors[1]
    assert errors[1] < errors[3]
    assert abs(len(ours.SerializeToString()) / len(magnitude.SerializeToString()) - 1) < 0.1


def test_the_budget_is_kept_and_used() -> None:
    _, model = like_trained(4)
    prunable = ("c0.w", "c0.b", "c1.w", "c1.b", "c2.w", "c2.b", "head.w")

    def size(of: onnx.ModelProto) -> int:
        return int(sum(np.prod(shape) for name, shape in nets.shapes(of).items() if name in prunable))

    for keep in (0.75, 0.5, 0.25):
        pruned = prune(model, pictures(48, seed=1), keep=keep)
        assert keep - 0.04 < size(pruned) / size(model) <= keep


def test_the_same_call_gives_the_same_bytes() -> None:
    _, model = like_trained(5)
    first, second = (prune(model, pictures(48, seed=1), keep=0.5).SerializeToString() for _ in range(2))
    assert first == second


def test_repaired_weights_lie_on_a_coarse_grid() -> None:
    _, model = like_trained(6)
    pruned = prune(model, pictures(48, seed=1), keep=0.5)
    weight = next(numpy_helper.to_array(t) for t in pruned.graph.initializer if t.name == "c2.w")
    rows = weight.reshape(len(weight), -1).astype(np.float64)
    steps = rows / 2.0 ** (np.frexp(np.abs(rows).max(axis=1, keepdims=True))[1] - 12)
    np.testing.assert_array_equal(steps, np.round(steps))


def test_progress_is_told() -> None:
    _, model = like_trained(7)
    lines: list[str] = []
    prune(model, pictures(16, seed=1), keep=0.5, say=lines.append)
    assert lines[0] == "reading activations"
    assert lines[-1] == "repairing"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"keep": 0}, r"keep=0: .*above 0, at most 1"),
        ({"keep": 1.01}, r"keep=1\.01: .*above 0, at most 1"),
        ({"keep": float("nan")}, r"keep=nan: "),
        ({"keep": 0.5, "criterion": "taste"}, r"criterion='taste': one of reconstruction, magnitude"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings: dict[str, Any], text: str) -> None:
    with pytest.raises(PruneError, match=text):
        prune(conv_body(), pictures(1, seed=1), **settings)


def test_no_samples_are_refused() -> None:
    with pytest.raises(PruneError, match="samples: none; give inputs"):
        prune(conv_body(), [], keep=0.5)


def test_a_sample_of_another_shape_is_refused() -> None:
    with pytest.raises(
        PruneError, match=r"sample 1: float32 \[1, 3, 9, 8\], the input 'picture' is float32 \[1, 3, 8, 8\]"
    ):
        prune(conv_body(), [np.zeros((1, 3, 8, 8), np.float32), np.zeros((1, 3, 9, 8), np.float32)], keep=0.5)


def test_weights_that_are_no_numbers_are_refused_by_node() -> None:
    model = conv_body()
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((16, 3, 3, 3), np.nan, np.float32), "w1"))
    with pytest.raises(PruneError, match="weight 'w1' of node c1 holds 432 of 432"):
        prune(model, pictures(1, seed=1), keep=0.5)


def test_a_dynamic_axis_is_refused_by_name() -> None:
    model = conv_body()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "height"
    with pytest.raises(PruneError, match=r"axis 2 of 'picture' is dynamic \(height\)"):
        prune(model, pictures(1, seed=1), keep=0.5)
