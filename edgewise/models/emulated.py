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
SAMPLES: Final = 24
# Integer sums are equal on every CPU; the few float32 operations differ in the last bits, which moves a value by a step
# of its int8 scale now and then. Scores are from 0 to 1; saturated weights moved them by 0.1 and more.
SCORE_TOLERANCE: Final = 0.02
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
    """Refuse an artefact that answers otherwise on the emulated CPU, and say what came out.

    Parameters
    ----------
    name : str
        For the error.
    artefact : bytes
        The ONNX file.
    inputs : sequence of arrays
        From the test split; `SAMPLES` of them, spread evenly, are run.
    answer : sequence of str
        The outputs that a device gets: whole numbers and truths must be equal, other numbers within
        `SCORE_TOLERANCE`.
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
    here = Model(artefact)
    pairs = [
        (here.run(tensor), there) for tensor, there in zip(chosen, answers(artefact, chosen, say=say), strict=True)
    ]
    return compare(name, pairs, answer=answer)


def compare(name: str, pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], *, answer: Sequence[str]) -> str:
    """Compare this machine's outputs with another CPU's; parameters and errors as for `check`."""
    differing, largest = 0, 0.0
    for here, there in pairs:
        off = False
        for output in answer:
            mine, other = np.asarray(here[output]), np.asarray(there[output])
            if np.issubdtype(mine.dtype, np.floating):
                distance = float(np.abs(mine.astype(np.float64) - other).max())
                largest = max(largest, distance)
                off |= not distance <= SCORE_TOLERANCE
            else:
                off |= not np.array_equal(mine, other)
        differing += off
    if differing:
        raise GateError(
            f"{name}: on an emulated {CPU} (no AVX512-VNNI) {differing} of {len(pairs)} answers differ, a score by "
            f"up to {largest:.4f}; allowed: 0 and {SCORE_TOLERANCE}. Weights of 8 bits saturate there: use "
            "u8s8_reduced or u8u8"
        )
    return f"{len(pairs)} of {len(pairs)} answers equal on an emulated {CPU}, scores within {largest:.4f}"
