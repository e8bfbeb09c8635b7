"""Ask an artefact in ONNX Runtime for Python and in onnxruntime-web (Node, WebAssembly, one thread)."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.models.runtime import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ASK = Path(__file__).with_name("ask.mjs")
TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class Compared:
    """Both runtimes' answers to the same inputs.

    Attributes
    ----------
    python, web : dict
        Output name to array [inputs, values of each].
    web_p50_ms : float
        Median time of an answer in WebAssembly.
    """

    python: dict[str, NDArray[np.float64]]
    web: dict[str, NDArray[np.float64]]
    web_p50_ms: float

    def largest_difference(self, output: str) -> float:
        return float(np.abs(self.python[output] - self.web[output]).max())

    def differing(self, output: str) -> int:
        """Return how many inputs have another value of this output."""
        return int((self.python[output] != self.web[output]).any(axis=1).sum())


def compare(artefact: bytes, inputs: Sequence[NDArray[Any]]) -> Compared:
    web, p50_ms = ask_web(artefact, inputs)
    model = Model(artefact)
    answers = [model.run(tensor) for tensor in inputs]
    python = {name: np.stack([answer[name].reshape(-1).astype(float) for answer in answers]) for name in model.outputs}
    return Compared(python=python, web=web, web_p50_ms=p50_ms)


def ask_web(artefact: bytes, inputs: Sequence[NDArray[Any]]) -> tuple[dict[str, NDArray[np.float64]], float]:
    """Return each output's values, [inputs, values of each], and the median milliseconds of an answer."""
    node = shutil.which("node")
    assert node is not None, "Node.js 20 or newer is needed"
    with tempfile.TemporaryDirectory(prefix="edgewise-") as folder:
        model, tensors = Path(folder, "model.onnx"), Path(folder, "inputs.bin")
        model.write_bytes(artefact)
        tensors.write_bytes(b"".join(np.ascontiguousarray(tensor).tobytes() for tensor in inputs))
        spec = json.dumps({"dtype": str(inputs[0].dtype), "shape": list(inputs[0].shape)})
        command = [node, str(ASK), str(model), str(tensors), spec]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return {name: np.asarray(values, dtype=float) for name, values in answer["outputs"].items()}, answer["p50_ms"]
