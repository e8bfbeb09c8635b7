"""Variants of the pinned model, made from it in a test: the same graph under another digest, and one with errors."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgewise.paths import cache_dir
from tests.live.system import FUNCTION, System

# A body that begins with this value makes the faulty variant fail; with any other it answers.
POISON: Final = 0
HARMLESS: Final = 255
SCORE: Final = "score"


def pinned(system: System) -> str:
    """Return the digest that the deployment pins."""
    return str(system.project.outputs()["endpoints"][FUNCTION]["model_digest"])


def relabelled(system: System, *, label: str) -> tuple[str, bytes]:
    """Return a variant that answers the same, its digest and the artefact; another label makes another one."""
    model = _load(system)
    model.doc_string = label
    return _artefact(model)


def faulty(system: System) -> tuple[str, bytes]:
    """Return a variant whose score is infinite for a body that begins with `POISON`: no answer may carry that."""
    model = _load(system)
    graph = model.graph
    (given,) = graph.input
    whole = f"{SCORE}_whole"
    for node in graph.node:
        node.output[:] = [whole if name == SCORE else name for name in node.output]
        node.input[:] = [whole if name == SCORE else name for name in node.input]
    constants = {"planted_shape": np.array([-1]), "planted_at": np.array([0])}
    for name, value in constants.items():
        graph.initializer.append(onnx.numpy_helper.from_array(value.astype(np.int64), name))
    graph.node.extend(
        [
            helper.make_node("Cast", [given.name], ["planted_floats"], to=TensorProto.FLOAT),
            helper.make_node("Reshape", ["planted_floats", "planted_shape"], ["planted_flat"]),
            helper.make_node("Gather", ["planted_flat", "planted_at"], ["planted_first"]),
            helper.make_node("Sign", ["planted_first"], ["planted_sign"]),
            # Nothing changes for a first byte over 0; for 0 the score is divided by it.
            helper.make_node("Div", [whole, "planted_sign"], ["planted_score"]),
            helper.make_node("Shape", [whole], ["planted_size"]),
            helper.make_node("Reshape", ["planted_score", "planted_size"], [SCORE]),
        ]
    )
    model.doc_string = "planted errors"
    return _artefact(model)


def put_into_the_cache(digest: str, artefact: bytes) -> Path:
    """Put an artefact where `rollout` looks; return its path, which is the caller's to take away."""
    path = cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx"
    path.write_bytes(artefact)
    return path


def bodies(system: System, *, poisoned: int, number: int = 8) -> list[bytes]:
    """Return so many different bodies, of which the first ones are poisoned."""
    draw = np.random.default_rng(6)
    found = []
    for turn in range(number):
        body = bytearray(draw.integers(0, 256, system.request_bytes, dtype=np.uint8).tobytes())
        body[0] = POISON if turn < poisoned else HARMLESS
        found.append(bytes(body))
    return found


def _load(system: System) -> onnx.ModelProto:
    path = cache_dir() / "models" / f"{pinned(system).removeprefix('sha256:')}.onnx"
    return onnx.load_model_from_string(path.read_bytes())


def _artefact(model: onnx.ModelProto) -> tuple[str, bytes]:
    content = model.SerializeToString()
    return "sha256:" + hashlib.sha256(content).hexdigest(), content
