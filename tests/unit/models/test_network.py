"""The converted network, against plain numpy written after face-api's TypeScript, and against real faces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgewise.models.catalogue.face_match import data, network
from edgewise.models.enrol import EMBEDDING, embed
from edgewise.models.faces import FaceFinder
from edgewise.models.fetch import fetch
from edgewise.models.runtime import Image, Model
from edgewise.models.tfjs import read_weights

Array = NDArray[np.float64]
Weights = Mapping[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def weights() -> Weights:
    sources = data.recipe().sources
    manifest, shard = (fetch(sources[name].source(), say=print) for name in ("weights_manifest", "weights"))
    return read_weights(manifest, shard)


@pytest.fixture(scope="module")
def model(weights: Weights) -> Model:
    graph = network.build(weights)
    onnx.checker.check_model(graph, full_check=True)
    return Model(graph.SerializeToString())


def conv(x: Array, weights: Weights, name: str, stride: int, *, relu: bool) -> Array:
    """Do what convLayer.ts does: convolution, bias, scale, perhaps relu; x is [height, width, channels]."""
    filters = weights[f"{name}/conv/filters"].astype(np.float64)
    side = filters.shape[0]
    if stride == 1:
        x = np.pad(x, ((side // 2,) * 2, (side // 2,) * 2, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(x, (side, side), axis=(0, 1))[::stride, ::stride]
    out = np.einsum("hwcij,ijco->hwo", windows, filters, optimize=True) + weights[f"{name}/conv/bias"]
    out = out * weights[f"{name}/scale/weights"] + weights[f"{name}/scale/biases"]
    return np.asarray(np.maximum(out, 0) if relu else out)


def residual(x: Array, weights: Weights, name: str) -> Array:
    out = conv(x, weights, f"{name}/conv1", 1, relu=True)
    return np.maximum(conv(out, weights, f"{name}/conv2", 1, relu=False) + x, 0)


def residual_down(x: Array, weights: Weights, name: str) -> Array:
    out = conv(x, weights, f"{name}/conv1", 2, relu=True)
    out = conv(out, weights, f"{name}/conv2", 1, relu=False)
    height, width = x.shape[0] // 2, x.shape[1] // 2
    pooled = x[: height * 2, : width * 2].reshape(height, 2, width, 2, -1).mean(axis=(1, 3))
    if pooled.shape[:2] != out.shape[:2]:
        out = np.pad(out, ((0, 1), (0, 1), (0, 0)))
    pooled = np.pad(pooled, ((0, 0), (0, 0), (0, out.shape[2] - pooled.shape[2])))
    return np.maximum(pooled + out, 0)


def forward(image: Image, weights: Weights) -> Array:
    """Do what FaceRecognitionNet.ts does."""
    x: Array = (image - np.asarray([122.782, 117.001, 104.298])) / 255
    x = conv(x, weights, "conv32_down", 2, relu=True)
    x = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(0, 1))[::2, ::2].max(axis=(3, 4))
    for name in ("conv32_1", "conv32_2", "conv32_3"):
        x = residual(x, weights, name)
    for down, others in (("64", 3), ("128", 2), ("256", 2)):
        x = residual_down(x, weights, f"conv{down}_down")
        for index in range(1, others + 1):
            x = residual(x, weights, f"conv{down}_{index}")
    x = residual_down(x, weights, "conv256_down_out")
    return np.asarray(x.mean(axis=(0, 1)) @ weights["fc"])


def test_the_graph_computes_what_face_api_computes(weights: Weights, model: Model) -> None:
    image = np.random.default_rng(1).integers(256, size=(150, 150, 3), dtype=np.uint8)
    (found,) = model.run(image)[EMBEDDING]
    np.testing.assert_allclose(found, forward(image, weights), atol=1e-5)


def test_one_person_is_nearer_than_two(model: Model) -> None:
    # GIVEN three photos each of three people
    people = data.photos(data.Subjects(first=11, last=13), say=print)
    finder = FaceFinder(say=print)
    found = [embed(model, [finder.aligned(photo.path) for photo in photos[:3]]) for photos in people.values()]
    # WHEN all are compared THEN dlib's 0.6 parts the people
    for person, mine in enumerate(found):
        for other, theirs in enumerate(found):
            distances = np.linalg.norm(mine[:, None] - theirs[None], axis=2)
            assert (distances < 0.6).all() if person == other else (distances > 0.6).all()


def test_a_shard_of_another_size_is_refused(tmp_path: Path) -> None:
    # GIVEN a manifest of two entries, one of them quantised
    entries = [
        {"name": "a", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1.0}},
        {"name": "b", "shape": [1, 2], "dtype": "float32"},
    ]
    manifest, shard = tmp_path / "m.json", tmp_path / "m.bin"
    manifest.write_text(json.dumps([{"weights": entries}]))
    content = bytes([0, 4]) + np.asarray([1.5, -2], dtype="<f4").tobytes()
    # WHEN the shard is right THEN both are read
    shard.write_bytes(content)
    weights = read_weights(manifest, shard)
    assert weights["a"].tolist() == [-1, 1]
    assert weights["b"].tolist() == [[1.5, -2]]
    # WHEN a byte is missing or left over THEN the error says so
    shard.write_bytes(content[:-1])
    with pytest.raises(ValueError, match=r"m\.bin: 9 bytes, too short for b"):
        read_weights(manifest, shard)
    shard.write_bytes(content + b"x")
    with pytest.raises(ValueError, match=r"m\.bin: 11 bytes, its manifest describes 10"):
        read_weights(manifest, shard)
