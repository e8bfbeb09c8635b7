"""The Python that runs the stack's zips, and AWS's runtime client for it."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.files import clock_folder
from edgewise.local.functions.clock import INJECTED
from edgewise.local.stack.assets import unpack
from edgewise.local.stack.model import LambdaFunction, LocalEdgeError
from edgewise.paths import cache_dir
from edgewise.python313 import Python313, find_python313, with_folders

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

EDGE_RUNTIME: Final = "python3.13"  # what Lambda runs, Amazon Linux 2023
LOCK: Final = Path(__file__).with_name("runtime.lock")
PLATFORM: Final = "x86_64-manylinux_2_28"  # the zip's wheels are for the same
INSTALL_TIMEOUT_S: Final = 300

# The runtime client takes the folder it is started in for the task root. Python may stand in a root file
# system of its own, so it goes there itself.
BOOTSTRAP: Final = (
    "import os, runpy\n"
    'os.chdir(os.environ["LAMBDA_TASK_ROOT"])\n'
    'runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)\n'
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """How one function's environments are started: a command without a shell, and two folders."""

    command: tuple[str, ...]
    task_root: Path
    runtime_folder: Path

    def to_json(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "command": list(self.command),
            "task_root": str(self.task_root),
            "runtime_folder": str(self.runtime_folder),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Launch:
        """Read what `to_json` wrote."""
        return cls(
            command=tuple(value["command"]),
            task_root=Path(str(value["task_root"])),
            runtime_folder=Path(str(value["runtime_folder"])),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class EdgeRuntime:
    """The Python found for a stack's zips.

    `very_zip` tells whether it is the clouds' Python, so that the very zip that AWS would get runs.
    """

    version: str
    very_zip: bool
    launches: dict[str, Launch]

    def describe(self) -> str:
        """Return a sentence for people."""
        what = "the very zip that AWS would get" if self.very_zip else "a zip for this machine's Python, not AWS's"
        return f"Python {self.version} runs {what}"


def prepare(functions: Iterable[LambdaFunction], *, say: Callable[[str], None]) -> EdgeRuntime:
    """Find the Python, install the runtime client into a cache folder of its own, unpack the zips.

    Parameters
    ----------
    functions : Iterable of LambdaFunction
        The stack's functions.
    say : callable
        Takes lines of progress.

    Returns
    -------
    EdgeRuntime
        Launches by qualified ARN.

    Raises
    ------
    LocalEdgeError
        When a zip is for a Python that this machine does not have.
    """
    functions = list(functions)
    wanted = {function.runtime for function in functions}
    python = find_python313(build=True, say=say) if EDGE_RUNTIME in wanted or not wanted else None
    host = f"python{sys.version_info.major}.{sys.version_info.minor}"
    version = python.version if python else platform.python_version()
    for function in functions:
        if function.runtime != (EDGE_RUNTIME if python else host):
            raise LocalEdgeError(
                f"function {function.name!r} is built for {function.runtime}, this machine runs "
                f"{EDGE_RUNTIME if python else host}; run 'pulumi up' again to build it anew"
            )
    folder = runtime_client(".".join(version.split(".")[:2]), say=say)
    launches = {function.qualified_arn: _launch(function, python, folder) for function in functions}
    return EdgeRuntime(version=version, very_zip=python is not None, launches=launches)


def _launch(function: LambdaFunction, python: Python313 | None, folder: Path) -> Launch:
    task_root = unpack(function.archive, cache_dir() / "tasks")
    clocks = clock_folder()
    command = with_folders(python, task_root, folder, clocks).command if python else (sys.executable,)
    return Launch(command=(*command, "-c", BOOTSTRAP, function.handler), task_root=task_root, runtime_folder=folder)


def runtime_client(minor: str, *, say: Callable[[str], None]) -> Path:
    """Return the folder of ``awslambdaric`` for a Python, installed once from the lock, with the clock beside it.

    Parameters
    ----------
    minor : str
        ``3.13`` for instance.
    say : callable
        Takes lines of progress.

    Raises
    ------
    LocalEdgeError
        When ``uv`` is missing or fails.
    """
    lock = hashlib.sha256(LOCK.read_bytes() + INJECTED.read_bytes()).hexdigest()[:16]
    folder = cache_dir() / "runtime" / f"{minor}-{lock}"
    if folder.is_dir():
        return folder
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        raise LocalEdgeError("uv is missing: install the 'dev' dependencies of pyproject.toml")
    say(f"installing AWS's runtime client for Python {minor}")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".installing-") as scratch:
        target = Path(scratch) / "site"
        command = [uv, "pip", "install", "--quiet", "--target", str(target), "--python-version", minor]
        command += [
            "--python-platform",
            PLATFORM,
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--requirement",
            str(LOCK),
        ]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_TIMEOUT_S)
        if answer.returncode != 0:
            raise LocalEdgeError(f"uv could not install AWS's runtime client: {answer.stderr.strip()[-500:]}")
        # Python imports a module of this name as it starts, before AWS's client.
        shutil.copyfile(INJECTED, target / "sitecustomize.py")
        try:
            target.rename(folder)
        except OSError:
            # Another process was first: its folder is as good as ours.
            if not folder.is_dir():
                raise
    return folder
