"""A function's dependencies, trimmed and precompiled: the part of a zip that no function changes.

Sizes (decimal MB, zipped). At the edge, onnxruntime 1.28.0 and numpy: about 36 as installed, about 22 after the
trimming. At home, botocore 1.44.8 and awscrt 0.38.0: about 22 as installed, 7 after it, most of it awscrt's library.
Precompiling takes the edge's cold start from 187 ms to 69 ms; it is the one big lever.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edgewise.paths import cache_dir
from infra.edge_python import EdgePython

TASK_ROOT: Final = "/var/task"  # Where Lambda unpacks a zip: AWS Lambda Developer Guide, "LAMBDA_TASK_ROOT".
PLATFORM: Final = "x86_64-manylinux_2_28"  # Amazon Linux 2023 has glibc 2.34.

# What InferenceSession never reads. `libonnxruntime_providers_shared.so` stays: without it a session logs an error.
TRIMMED_AT_THE_EDGE: Final = (
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

# What an AWS client of the four services never reads.
TRIMMED_AT_HOME: Final = (
    ".lock",
    "bin",
    "awscrt/_test.py",
    "botocore/data/**/examples-*.json*",
    "**/tests",
    "**/*.pyi",
    "**/py.typed",
    "**/__pycache__",
    "*.dist-info/[!lLN]*",
)
# botocore knows some 440 services, each in every version of its API: 29 MB of which settle and the guard call four.
KEPT_AT_HOME: Final[Mapping[str, tuple[str, ...]]] = {
    "botocore/data": (
        "_retry.json",
        "endpoints.json",
        "partitions.json",
        "sdk-default-configuration.json",
        "cloudfront",
        "cloudfront-keyvaluestore",
        "s3",
        "sns",
    ),
    "botocore/data/cloudfront": ("2020-05-31",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What a layer is made of.

    Attributes
    ----------
    lock : Path
        Every package with its hashes.
    trimmed : tuple of str
        Patterns of what is thrown away.
    kept : mapping of str to tuple of str
        Of these folders only these names stay.
    """

    lock: Path
    trimmed: tuple[str, ...]
    kept: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


EDGE: Final = Recipe(lock=Path(__file__).parent / "lambda.lock", trimmed=TRIMMED_AT_THE_EDGE)
HOME: Final = Recipe(lock=Path(__file__).parent / "home.lock", trimmed=TRIMMED_AT_HOME, kept=KEPT_AT_HOME)


class LayerError(RuntimeError):
    """The dependencies could not be installed or compiled."""


def dependency_layer(python: EdgePython, recipe: Recipe = EDGE) -> Path:
    """Install, trim and compile the locked dependencies, or find them in the cache.

    Parameters
    ----------
    python : EdgePython
        The interpreter that the zip is for; it compiles, since byte code belongs to one version.
    recipe : Recipe

    Returns
    -------
    Path
        A folder of the cache, named after everything that goes into it. Not to be written to.

    Raises
    ------
    LayerError
        With the installer's last words.
    """
    kept = [f"{folder}: {' '.join(names)}" for folder, names in recipe.kept.items()]
    inputs = "\n".join([recipe.lock.read_text(), *recipe.trimmed, *kept, python.version, PLATFORM])
    layer = cache_dir() / "layers" / hashlib.sha256(inputs.encode()).hexdigest()[:32]
    if layer.is_dir():
        return layer
    layer.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=layer.parent) as folder:
        stage = Path(folder) / "layer"
        _install(stage, python, recipe.lock)
        _trim(stage, recipe)
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


def _install(stage: Path, python: EdgePython, lock: Path) -> None:
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
            str(lock),
        ],
        f"install the dependencies of {lock.name}",
    )


def _trim(stage: Path, recipe: Recipe) -> None:
    for pattern in recipe.trimmed:
        for path in sorted(stage.glob(pattern), reverse=True):
            _remove(path)
    for folder, names in recipe.kept.items():
        found = {path.name: path for path in (stage / folder).iterdir()}
        missing = sorted(set(names) - set(found))
        if missing:
            raise LayerError(f"{recipe.lock.name}: {folder} has no {', '.join(missing)}: correct infra/layer.py")
        for name in set(found) - set(names):
            _remove(found[name])


def _remove(path: Path) -> None:
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
