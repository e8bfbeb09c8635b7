"""Find a Python 3.13 that works, the runtime the zip is made for, or build one.

The zip holds wheels for CPython 3.13 on x86_64 with glibc 2.28 (`manylinux_2_28`). Every candidate is run before it
is used: the command of that name may be a version manager's shim that only prints an error.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from edgewise.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Kind = Literal["path", "pyenv", "uv", "debootstrap"]

CHOICE_VARIABLE: Final = "EDGEWISE_PYTHON313"
CHOICES: Final = ("path", "debootstrap", "none")
MINIMUM_GLIBC: Final = (2, 28)  # manylinux_2_28, the wheels in the zip
PROBE_TIMEOUT_S: Final = 20.0
PROGRESS_EVERY_S: Final = 5.0

DEBIAN_RELEASE: Final = "trixie"  # Debian 13: the first release with Python 3.13
DEBIAN_PACKAGES: Final = "python3.13,ca-certificates"
ROOT_PYTHON: Final = "/usr/bin/python3.13"

PROBE: Final = """
import json, platform, ssl, sys, sysconfig
print(json.dumps({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "cpython": sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "machine": platform.machine(), "libc": platform.libc_ver(),
}))
"""

# Runs in a mount namespace of its own, so the mounts are gone with the process, however it ends.
# Every step is an exec: the process id is Python's own, for signals and for freezing.
# Without /proc, ONNX Runtime cannot see the CPU and warns.
ENTER_ROOT: Final = """
root=$1; shift
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do mkdir -p "$root$1"; mount --bind "$1" "$root$1"; shift; done
shift
exec chroot "$root" "$@"
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Python313:
    """A Python 3.13 that was run and found to work.

    Attributes
    ----------
    command : tuple of str
        What runs it on this machine: arguments of Python's own are added behind.
    version : str
        For instance ``3.13.5``.
    kind : {"path", "pyenv", "uv", "debootstrap"}
        Where it was found.
    root : Path or None
        Its file-system root, when it has one of its own.
    """

    command: tuple[str, ...]
    version: str
    kind: Kind
    root: Path | None = None


def enter_root(root: Path, *command: str, binds: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """Return what runs a command inside a root file system with /proc, and folders of the host at the same path.

    Parameters
    ----------
    root : Path
        The root file system.
    *command : str
        The command, by its path inside.
    binds : tuple of Path
        Absolute folders of the host that are to be seen inside, under the same name.
    """
    inside = [str(folder) for folder in binds]
    return ("unshare", "--mount", "sh", "-ec", ENTER_ROOT, "sh", str(root), *inside, "--", *command)


def with_folders(python: Python313, *folders: Path) -> Python313:
    """Return the same Python with folders of the host in its sight; only one with a root of its own needs that."""
    if python.root is None:
        return python
    return replace(python, command=enter_root(python.root, ROOT_PYTHON, binds=folders))


def find_python313(*, build: bool, say: Callable[[str], None]) -> Python313 | None:
    """Find a Python 3.13 on PATH, under pyenv or uv, or in a Debian root in the cache.

    Parameters
    ----------
    build : bool
        Whether the Debian root may be made when there is none (root only; about 25 s, 240 MB).
    say : callable
        Takes lines of progress.

    Returns
    -------
    Python313 or None
        None when there is none, or ``EDGEWISE_PYTHON313=none``.

    Raises
    ------
    ValueError
        When ``EDGEWISE_PYTHON313`` is none of ``path``, ``debootstrap``, ``none``.
    """
    choice = os.environ.get(CHOICE_VARIABLE, "")
    if choice and choice not in CHOICES:
        raise ValueError(f"{CHOICE_VARIABLE}={choice!r}: must be one of {', '.join(CHOICES)}, or not set")
    if choice == "none":
        return None
    if choice != "debootstrap" and (found := _on_host()):
        return found
    return None if choice == "path" else _in_debian_root(build=build, say=say)


def _on_host() -> Python313 | None:
    for kind, path in _host_candidates():
        if version := _probe((str(path),)):
            return Python313(command=(str(path),), version=version, kind=kind)
    return None


def _host_candidates() -> Iterator[tuple[Kind, Path]]:
    if found := shutil.which("python3.13"):
        yield "path", Path(found)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for version in sorted((pyenv / "versions").glob("3.13.*"), key=_patch_number, reverse=True):
        yield "pyenv", version / "bin" / "python3.13"
    if managed := _uv_python():
        yield "uv", managed


def _patch_number(folder: Path) -> int:
    digits = folder.name.split(".")[2]
    return int(digits) if digits.isdigit() else -1


def _uv_python() -> Path | None:
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is None:
        return None
    command = [uv, "python", "find", "--managed-python", "--no-python-downloads", "--no-project", "3.13"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return Path(answer.stdout.strip()) if answer.returncode == 0 else None


def _probe(command: tuple[str, ...]) -> str | None:
    """Run a candidate and return its version when the zip's wheels would load in it."""
    try:
        answer = subprocess.run(
            [*command, "-c", PROBE], capture_output=True, text=True, check=False, timeout=PROBE_TIMEOUT_S
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return None
    version, libc = str(facts["version"]), facts["libc"]
    if not version.startswith("3.13.") or not facts["cpython"] or facts["machine"] != "x86_64":
        return None
    if libc[0] != "glibc" or tuple(int(part) for part in libc[1].split(".")[:2]) < MINIMUM_GLIBC:
        return None
    return version


def _in_debian_root(*, build: bool, say: Callable[[str], None]) -> Python313 | None:
    root = cache_dir() / "python313" / DEBIAN_RELEASE
    if os.geteuid() != 0:
        return None  # entering a root file system takes root
    if not root.exists() and not (build and _make_debian_root(root, say)):
        return None
    command = enter_root(root, ROOT_PYTHON)
    version = _probe(command)
    return Python313(command=command, version=version, kind="debootstrap", root=root) if version else None


def _make_debian_root(root: Path, say: Callable[[str], None]) -> bool:
    root.parent.mkdir(parents=True, exist_ok=True)
    with _only_one(root.parent / "lock", say):
        if root.exists():
            return True
        debootstrap = shutil.which("debootstrap") or _install_debootstrap(say)
        if debootstrap is None:
            return False
        for left_over in root.parent.glob("making-*"):
            shutil.rmtree(left_over)
        scratch = Path(tempfile.mkdtemp(dir=root.parent, prefix="making-"))
        scratch.chmod(0o755)
        # debootstrap mounts /proc for a while: in a namespace of its own nothing of that can stay behind.
        command = ["unshare", "--mount", debootstrap, "--variant=minbase", f"--include={DEBIAN_PACKAGES}"]
        what = "making a Debian root with Python 3.13 (about 25 s, 240 MB, once)"
        if not _run([*command, DEBIAN_RELEASE, str(scratch)], what, say):
            shutil.rmtree(scratch)
            return False
        scratch.rename(root)
    return True


def _install_debootstrap(say: Callable[[str], None]) -> str | None:
    if shutil.which("apt-get") is None:
        say("there is no debootstrap, and no apt-get to install it with")
        return None
    update, install = ["apt-get", "update", "-q"], ["apt-get", "install", "-qy", "--no-install-recommends"]
    if _run([*install, "debootstrap"], "installing debootstrap", say):
        return shutil.which("debootstrap")
    if _run(update, "updating the list of packages", say):
        _run([*install, "debootstrap"], "installing debootstrap", say)
    return shutil.which("debootstrap")


def _run(command: list[str], what: str, say: Callable[[str], None]) -> bool:
    """Run a command, say every few seconds how long it has taken, and show its last line when it fails."""
    say(what)
    started = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment)
        try:
            while True:
                try:
                    code = process.wait(PROGRESS_EVERY_S)
                    break
                except subprocess.TimeoutExpired:
                    say(f"{what}: {time.monotonic() - started:.0f} s")
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
        if code != 0:
            output.seek(0)
            last = ([line for line in output.read().splitlines() if line.strip()] or ["no output"])[-1]
            say(f"{command[0]} failed with exit code {code}: {last}")
    return code == 0


@contextmanager
def _only_one(lock: Path, say: Callable[[str], None]) -> Iterator[None]:
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is making the Debian root: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
