"""How long an answer takes on one thread, several artefacts side by side in one run."""

from __future__ import annotations

import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.runtime import Model

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

_ROUNDS: Final = 60
_WARM_UP: Final = 5
_CPU_INFO: Final = Path("/proc/cpuinfo")


def measure(artefacts: Mapping[str, bytes], inputs: Sequence[NDArray[Any]]) -> dict[str, float]:
    """Return the median time of an answer, in milliseconds.

    In each round every artefact answers one input, in turns: what slows the machine down slows all of them. The
    thread's own CPU time counts, so the turns of other processes do not.

    Parameters
    ----------
    artefacts : mapping of str to bytes
        ONNX files by name.
    inputs : sequence of arrays
        What they are asked; at least one.
    """
    models = {name: Model(content) for name, content in artefacts.items()}
    taken: dict[str, list[int]] = {name: [] for name in models}
    for turn in range(_WARM_UP + _ROUNDS):
        tensor = inputs[turn % len(inputs)]
        for name, model in models.items():
            began = time.thread_time_ns()
            model.run(tensor)
            taken[name].append(time.thread_time_ns() - began)
    return {name: round(float(np.median(times[_WARM_UP:])) / 1e6, 4) for name, times in taken.items()}


def machine() -> str:
    """Return the CPU's kind, and whether it has the dot products (VNNI) that int8 is fastest with."""
    text = _CPU_INFO.read_text(encoding="utf-8") if _CPU_INFO.is_file() else ""
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    named = {key.strip(): value.strip() for key, value in fields.items()}
    name = named.get("model name") or platform.processor() or platform.machine()
    vnni = "with AVX512-VNNI" if "avx512_vnni" in named.get("flags", "").split() else "without AVX512-VNNI"
    return f"{name}, {vnni}"
