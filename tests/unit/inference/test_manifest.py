"""Manifests say exactly what is wrong with them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference.manifest import Manifest, ManifestError

GOOD: dict[str, Any] = {
    "name": "face-match",
    "digest": "sha256:" + "0f" * 32,
    "bytes": 310_000,
    "input": {"dtype": "uint8", "shape": [150, 150, 3]},
    "outputs": ["match", "score", "row", "embedding"],
    "answer": ["match", "score", "row"],
    "accuracy": {"fp32": 0.99, "int8": 0.985},
    "data": "200 pairs",
    "recipe": "1",
}


def test_reads_back_what_it_writes() -> None:
    manifest = Manifest.from_json(json.dumps(GOOD))
    assert manifest.request_bytes == 67_500
    assert manifest.answer == ("match", "score", "row")
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert json.loads(manifest.to_json()) == GOOD


@pytest.mark.parametrize(
    ("dtype", "shape", "size_bytes"),
    [("float32", [1, 3, 8, 8], 768), ("bool", [7], 7), ("int64", [2], 16), ("float16", [5], 10), ("uint8", [], 1)],
)
def test_request_bytes(dtype: str, shape: list[int], size_bytes: int) -> None:
    manifest = Manifest.from_json(json.dumps(GOOD | {"input": {"dtype": dtype, "shape": shape}}))
    assert manifest.request_bytes == size_bytes


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"name": "Face"}, r"name: 'Face' does not fit"),
        ({"name": 3}, r"name: 3 is no text"),
        ({"digest": "md5:00"}, r"digest: 'md5:00' .* 'sha256:' and 64"),
        ({"bytes": 0}, r"bytes: 0 is no whole number of at least 1"),
        ({"bytes": True}, r"bytes: True is no whole number"),
        ({"input": []}, r"input: \[\] is no object"),
        ({"input": {"dtype": "uint8"}}, r"input: missing \['shape'\]"),
        ({"input": {"dtype": "uint8", "shape": [1], "name": "x"}}, r"input: unknown \['name'\]"),
        ({"input": {"dtype": "string", "shape": [1]}}, r"input.dtype: 'string' is not supported; expected one of"),
        ({"input": {"dtype": "uint8", "shape": [150, -1]}}, r"input.shape\[1\]: -1 is no whole number"),
        ({"input": {"dtype": "uint8", "shape": "150"}}, r"input.shape: '150' is no list"),
        ({"input": {"dtype": "uint8", "shape": [1_000_001]}}, r"input: 1000001 bytes; Lambda@Edge exposes 1000000"),
        ({"outputs": []}, r"outputs: \[\] is no list of names"),
        ({"outputs": ["match", "match"]}, r"outputs: .* names an output twice"),
        ({"answer": ["nothing"]}, r"answer: 'nothing' is none of the outputs"),
        ({"answer": [1]}, r"answer\[0\]: 1 is no text"),
        ({"accuracy": {}}, r"accuracy: \{\} is no object of figures"),
        ({"accuracy": {"int8": 98}}, r"accuracy.int8: 98 is no number from 0 to 1"),
        ({"accuracy": {"int8": float("nan")}}, r"accuracy.int8: nan is no number from 0 to 1"),
        ({"data": " "}, r"data: ' ' is no text"),
        ({"recipe": None}, r"recipe: None is no text"),
        ({"more": 1}, r"manifest: unknown \['more'\]"),
    ],
)
def test_a_bad_field_is_named(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ManifestError, match=told):
        Manifest.from_json(json.dumps(GOOD | change))


@pytest.mark.parametrize("key", GOOD)
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ManifestError, match=f"manifest: missing .'{key}'.; add them"):
        Manifest.from_json(json.dumps({k: v for k, v in GOOD.items() if k != key}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "3"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(ManifestError, match=r"^manifest: "):
        Manifest.from_json(text)
