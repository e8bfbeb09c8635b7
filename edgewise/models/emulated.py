"""The gate's run on a CPU without AVX512-VNNI, emulated by QEMU's user mode.

Lambda's fleet is mixed, and ONNX Runtime takes other int8 kernels there: full-range weights saturate in them. Whoever
builds models mostly has a newer CPU and would not see it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.fetch import FetchError, unpack_debian
from edgewise.models.gate import GateError
from edgewise.models.runtime import Model
from edgewise.paths import PROJECT_ROOT, cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

CPU: Final = "Haswell"  # AVX2, the newest kind without any AVX512
SAMPLES: Final = 16
# Integer sums are exact, but kernels round to the next int8 step in another order than the graph says. Scores are from
# 0 to 1. Measured without AVX512 over 53 photos against the graph as it is written: 7-bit weights moved face-match's
# score by up to 0.0065 and face-match-small's by 0; 8-bit weights, which saturate, by 0.060 and 0.222.
SCORE_TOLERANCE: Final = 0.02
# A decision whose score lies that near to its threshold may fall either way: this share may.
DECISION_TOLERANCE: Final = 0.07
_PACKAGE: Final = "qemu-user-static"
_NAMES: Final = ("qemu-x86_64", "qemu-x86_64-static")
# Emulated, the imports of numpy and ONNX Runtime alone take some ten seconds.
_TIMEOUT_S: Final = 600
_LAST_LINES: Final = 5


class EmulatorError(Exception):
    """There is no emulator, or it did not run; the text says what to do."""


def find_qemu(*, say: Callable[[str], None]) -> Path:
    """Return QEMU's user-mode emulator: from PATH, else unpacked from Debian's package into the cache.

    Neither root nor an installation is needed.

    Raises
    ------
    EmulatorError
        When there is none and none can be had.
    """
    for name in _NAMES:
        if found := shutil.which(name):
            return Path(found)
    kept = cache_dir() / "tools" / "qemu-x86_64-static"
    if kept.is_file():
        return kept
    say("fetching QEMU's user-mode emulator from Debian's packages (some 50 MB, once)")
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="fetch-") as scratch:
        try:
            unpack_debian(_PACKAGE, Path(scratch), _PACKAGE)
        except FetchError as error:
            by_hand = "install QEMU's user-mode emulation (on Debian: apt-get install qemu-user)"
            raise EmulatorError(f"there is no {_NAMES[0]} on PATH: {by_hand}. {error}") from None
        Path(scratch, "package/usr/bin/qemu-x86_64-static").rename(kept)
    return kept


def answers(artefact: bytes, inputs: Sequence[NDArray[Any]], *, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Return an artefact's outputs for each input, computed on the emulated CPU.

    Raises
    ------
    EmulatorError
        When there is no emulator, or the run fails.
    """
    qemu = find_qemu(say=say)
    with tempfile.TemporaryDirectory(prefix="edgewise-") as scratch:
        model, given, found = (Path(scratch, name) for name in ("model.onnx", "inputs.npz", "answers.npz"))
        model.write_bytes(artefact)
        np.savez(given, **{str(index): tensor for index, tensor in enumerate(inputs)})  # type: ignore[arg-type]  # as in emulated_run
        command = [str(qemu), "-cpu", CPU, sys.executable, "-m", "edgewise.models.emulated_run"]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT_ROOT), "OPENBLAS_NUM_THREADS": "1"}
        # QEMU says on standard error which of the host's features its CPU lacks: that is the point.
        done = subprocess.run(
            [*command, str(model), str(given), str(found)],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
        if done.returncode != 0:
            last = "\n".join(done.stderr.strip().splitlines()[-_LAST_LINES:])
            raise EmulatorError(f"the run on an emulated {CPU} ended with {done.returncode}:\n{last}")
        with np.load(found) as kept:
            return [
                {name.split("/")[0]: kept[name] for name in kept.files if name.split("/")[1] == str(index)}
                for index in range(len(inputs))
            ]


def check(
    name: str,
    artefact: bytes,
    inputs: Sequence[NDArray[Any]],
    *,
    answer: Sequence[str],
    say: Callable[[str], None],
) -> str:
    """Refuse an artefact that answers otherwise on the emulated CPU than its graph says, and say what came out.

    What the graph says is computed here, node by node in float32, so that the comparison is as strict on a machine
    whose own CPU lacks AVX512-VNNI.

    Parameters
    ----------
    name : str
        For the error.
    artefact : bytes
        The ONNX file.
    inputs : sequence of arrays
        From the test split; `SAMPLES` of them, spread evenly, are run.
    answer : sequence of str
        The outputs that a device gets. Scores must be equal within `SCORE_TOLERANCE`; whole numbers and truths in
        all answers but a share of `DECISION_TOLERANCE`.
    say : callable
        Takes progress lines.

    Raises
    ------
    GateError
        When answers differ; it says how many and by how much.
    EmulatorError
        See `answers`.
    """
    count = min(SAMPLES, len(inputs))
    chosen = [inputs[index * len(inputs) // count] for index in range(count)]
    say(f"{name}: asking {count} inputs on an emulated {CPU}")
    exact = Model(artefact, fused=False)
    pairs = [
        (exact.run(tensor), there) for tensor, there in zip(chosen, answers(artefact, chosen, say=say), strict=True)
    ]
    return compare(name, pairs, answer=answer)


def compare(name: str, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], *, answer: Sequence[str]) -> str:
    """Compare the graph's exact outputs with another CPU's; parameters and errors as for `check`."""
    decided, largest = 0, 0.0
    for exact, there in pairs:
        values = [(np.asarray(exact[output]), np.asarray(there[output])) for output in answer]
        scores = [pair for pair in values if np.issubdtype(pair[0].dtype, np.floating)]
        largest = max([largest, *(_distance(*pair) for pair in scores)])
        decided += any(not np.array_equal(*pair) for pair in values if not np.issubdtype(pair[0].dtype, np.floating))
    if largest > SCORE_TOLERANCE or decided > DECISION_TOLERANCE * len(pairs):
        raise GateError(
            f"{name}: on an emulated {CPU} (no AVX512-VNNI) scores differ from what the graph says by up to "
            f"{largest:.4f}, allowed: {SCORE_TOLERANCE}; {decided} of {len(pairs)} decisions differ, allowed: "
            f"{DECISION_TOLERANCE:.0%}. Weights of 8 bits saturate there: use u8s8_reduced or u8u8"
        )
    same = len(pairs) - decided
    return f"{same} of {len(pairs)} decisions equal on an emulated {CPU}, scores within {largest:.4f}"


def _distance(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Return the largest difference; infinite where a value is no number."""
    distance = float(np.abs(one.astype(np.float64) - other).max())
    return distance if np.isfinite(distance) else float("inf")
