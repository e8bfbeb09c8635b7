"""MobileFace as converted, against plain numpy written after the TensorFlow.js graph, and against real faces."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgewise.models.catalogue.face_match_small import ENTRY, network
from edgewise.models.enrol import EMBEDDING
from edgewise.models.face_entry import on_the_unit_sphere
from edgewise.models.fetch import fetch
from edgewise.models.runtime import Image, Model
from edgewise.models.tfjs import read_weights

Array = NDArray[np.float64]
Weights = Mapping[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def weights() -> Weights:
    sources = ENTRY.recipe.sources
    manifest, shard = (fetch(sources[name].source(), say=print) for name in ("weights_manifest", "weights"))
    return read_weights(manifest, shard)


def windows(x: Array, stride: int) -> Array:
    padded = np.pad(x, ((1, 1), (1, 1), (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))[::stride, ::stride]


def conv(x: Array, filters: NDArray[np.float32], stride: int) -> Array:
    return np.asarray(np.einsum("hwcij,ijco->hwo", windows(x, stride), filters.astype(np.float64), optimize=True))


def depthwise(x: Array, filters: NDArray[np.float32], stride: int) -> Array:
    return np.asarray(np.einsum("hwcij,ijc->hwc", windows(x, stride), filters[..., 0].astype(np.float64)))


def prelu(x: Array, gamma: NDArray[np.float32]) -> Array:
    return np.asarray(np.maximum(0, x) + gamma * np.minimum(0, x))


def forward(image: Image, weights: Weights) -> Array:
    """Do what mobileface.json's nodes do, in their order."""
    x: Array = (image.astype(np.float64) - 127.5) * 0.0078125
    x = prelu(conv(x, weights["conv1_weight"], 2), weights["prelu1_gamma"])
    for number in range(1, 5):
        unit = f"stage{number}_unit1"
        x = x @ weights[f"{unit}_conv0_0_weight"][0, 0]
        x = prelu(depthwise(x, weights[f"{unit}_conv0_1_df"], 2), weights[f"{unit}_prelu0_gamma"])
        y = prelu(depthwise(x, weights[f"{unit}_conv1_df"], 1), weights[f"{unit}_prelu1_gamma"])
        y = prelu(depthwise(y, weights[f"{unit}_conv2_df"], 1), weights[f"{unit}_prelu2_gamma"])
        x = y + x
    return np.asarray(x.reshape(-1) @ weights["dense/kernel"] * weights["batchnorm0/mul"] + weights["batchnorm0/sub"])


def test_the_graph_computes_what_the_source_computes(weights: Weights) -> None:
    graph = network.build(weights)
    onnx.checker.check_model(graph, full_check=True)
    image = np.random.default_rng(1).integers(256, size=(112, 112, 3), dtype=np.uint8)
    (found,) = Model(graph.SerializeToString()).run(image)[EMBEDDING]
    np.testing.assert_allclose(found, forward(image, weights), atol=1e-4)


def test_only_the_direction_of_an_embedding_counts(weights: Weights) -> None:
    graph = network.build(weights)
    before = graph.SerializeToString()
    measured = on_the_unit_sphere(graph)
    onnx.checker.check_model(measured, full_check=True)
    image = np.random.default_rng(2).integers(256, size=(112, 112, 3), dtype=np.uint8)
    raw, half = (Model(model.SerializeToString()).run(image)[EMBEDDING] for model in (graph, measured))
    assert np.linalg.norm(half) == pytest.approx(0.5, abs=1e-6)
    np.testing.assert_allclose(half / 0.5, raw / np.linalg.norm(raw), atol=1e-6)
    assert graph.SerializeToString() == before


def test_people_are_told_apart() -> None:
    # GIVEN the float32 network with its gallery WHEN it judges people it has not seen
    artefact = ENTRY.finish(ENTRY.body(say=print), say=print)
    found = ENTRY.judge(artefact, split="test", say=print)
    # THEN it is as good as was measured of this network: 97.1 %
    assert found.accuracy > 0.965
    assert len(found.groups) == 20
    assert sum(tally.genuine for tally in found.groups.values()) == 20 * 10 * 7
