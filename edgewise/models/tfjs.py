"""TensorFlow.js weights: one binary shard and the manifest that says what lies where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_DTYPES: Final = {"uint8": np.uint8, "uint16": np.uint16, "float32": np.float32, "int32": np.int32}


def read_weights(manifest_path: Path, shard_path: Path) -> dict[str, NDArray[np.float32]]:
    """Read the weights of a TensorFlow.js model whose weights lie in one shard.

    Parameters
    ----------
    manifest_path : Path
        The JSON weights manifest, or a whole model's JSON that holds one as ``weightsManifest``.
    shard_path : Path
        The binary shard; quantised entries are brought back to float32, integers become float32 too.

    Returns
    -------
    dict
        Weight name to array.

    Raises
    ------
    ValueError
        When the shard is shorter or longer than its manifest says.
    """
    blob = shard_path.read_bytes()
    weights: dict[str, NDArray[np.float32]] = {}
    offset = 0
    for entry in _entries(json.loads(manifest_path.read_text())):
        quantization = entry.get("quantization")
        dtype = np.dtype(_DTYPES[(quantization or entry)["dtype"]])
        count = int(np.prod(entry["shape"]))
        if offset + count * dtype.itemsize > len(blob):
            raise ValueError(f"{shard_path.name}: {len(blob)} bytes, too short for {entry['name']}")
        raw = np.frombuffer(blob, dtype, count, offset).reshape(entry["shape"])
        values = raw.astype(np.float64)
        if quantization:
            values = values * quantization["scale"] + quantization["min"]
        weights[entry["name"]] = values.astype(np.float32)
        offset += count * dtype.itemsize
    if offset != len(blob):
        raise ValueError(f"{shard_path.name}: {len(blob)} bytes, its manifest describes {offset}")
    return weights


def _entries(manifest: Any) -> list[dict[str, Any]]:
    groups = manifest["weightsManifest"] if isinstance(manifest, dict) else manifest
    return [entry for group in groups for entry in group["weights"]]
