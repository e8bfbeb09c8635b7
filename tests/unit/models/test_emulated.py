"""The run on an emulated CPU without AVX512-VNNI: real QEMU, and a network that saturates there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from edgewise.models import emulated
from edgewise.models.emulated import EmulatorError, check, compare, find_qemu
from edgewise.models.fetch import FetchError
from edgewise.models.gate import GateError
from edgewise.models.kinds import Kind
from edgewise.models.quantise import quantise


def scorer() -> onnx.ModelProto:
    """One convolution of large weights of one sign over positive inputs: pairs of products overflow 16 bits."""
    weights = np.random.default_rng(3).uniform(0.9, 1, (16, 32, 3, 3)).astype(np.float32)
    return helper.make_model(
        helper.make_graph(
            [
                helper.make_node("Conv", ["picture", "w"], ["sums"], name="conv"),
                helper.make_node("GlobalAveragePool", ["sums"], ["means"], name="mean"),
                helper.make_node("Mul", ["means", "scale"], ["score"], name="scaled"),
            ],
            "scorer",
            [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 32, 8, 8])],
            [helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 16, 1, 1])],
            [
                numpy_helper.from_array(weights, "w"),
                numpy_helper.from_array(np.asarray(1 / 300, dtype=np.float32), "scale"),
            ],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )


def pictures(count: int, seed: int) -> list[NDArray[np.float32]]:
    return list(np.random.default_rng(seed).uniform(0.5, 1, (count, 1, 32, 8, 8)).astype(np.float32))


def small(kind: Kind) -> bytes:
    content: bytes = quantise(scorer(), pictures(16, seed=1), kind=kind).SerializeToString()
    return content


def test_weights_of_seven_bits_answer_alike_there() -> None:
    said = check("scorer", small("u8s8_reduced"), pictures(4, seed=2), answer=["score"], say=print)
    assert said.startswith("4 of 4 decisions equal on an emulated Haswell, scores within 0.0")


def test_weights_of_eight_bits_are_refused() -> None:
    with pytest.raises(GateError, match=r"scorer: on an emulated Haswell .*by up to 0\.[1-9]\d+, allowed: 0\.02"):
        check("scorer", small("u8s8"), pictures(4, seed=2), answer=["score"], say=print)


def test_a_run_that_fails_says_what_the_emulator_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "qemu-x86_64"
    broken.write_text("#!/bin/sh\necho unsupported syscall >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(EmulatorError, match="emulated Haswell ended with 3:\nunsupported syscall"):
        emulated.answers(b"no model", pictures(1, seed=1), say=print)


def pair(score: float, there: float, *, match: bool = True, match_there: bool = True) -> tuple[dict[str, Any], ...]:
    return (
        {"match": np.asarray(match), "score": np.float32(score), "similarity": np.zeros(3)},
        {"match": np.asarray(match_there), "score": np.float32(there), "similarity": np.ones(3)},
    )


def test_only_what_a_device_gets_is_compared() -> None:
    said = compare("x", [pair(0.5, 0.51)] * 3, answer=["match", "score"])  # type: ignore[list-item]  # pairs
    assert said == "3 of 3 decisions equal on an emulated Haswell, scores within 0.0100"


@pytest.mark.parametrize(
    "pairs",
    [
        [pair(0.5, 0.53)],
        [pair(0.5, float("nan"))],
        [pair(0.5, 0.5)] * 8 + [pair(0.5, 0.5, match_there=False)],
    ],
)
def test_scores_and_decisions_that_differ_are_refused(pairs: list[Any]) -> None:
    with pytest.raises(GateError, match="use u8s8_reduced or u8u8"):
        compare("x", pairs, answer=["match", "score"])


def test_one_decision_in_twenty_may_fall_the_other_way() -> None:
    pairs: list[Any] = [pair(0.5, 0.5)] * 19 + [pair(0.5, 0.5, match_there=False)]
    assert compare("x", pairs, answer=["match", "score"]).startswith("19 of 20 decisions equal")


def test_no_emulator_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # GIVEN a machine without an emulator, an empty cache, and an apt-get that finds nothing
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("edgewise.models.emulated.shutil.which", lambda _: None)

    def unpack(*_: object) -> None:
        raise FetchError("qemu-user-static: apt-get and dpkg-deb are not on PATH")

    monkeypatch.setattr("edgewise.models.emulated.unpack_debian", unpack)
    # WHEN it is wanted THEN the error says what to install
    with pytest.raises(EmulatorError, match=r"no qemu-x86_64 on PATH: install .*apt-get install qemu-user\)"):
        find_qemu(say=print)
