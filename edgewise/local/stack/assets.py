"""Assets, archives and secrets as the engine writes them into a state, and zips unpacked once."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from edgewise.local.stack.model import LocalEdgeError

# Signatures of special values in a Pulumi state: pulumi/sdk, `resource.sig` and friends.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"

# An unpacked zip has some 70 MB; what no local edge has started for this long is taken away.
UNUSED_DAYS: Final = 30


def reveal(value: object) -> object:
    """Replace every secret in a state's value by its plain text, and leave out the engine's own notes.

    Those are keys that begin with two underscores, ``__defaults`` for instance.

    Raises
    ------
    LocalEdgeError
        When the state was exported without ``--show-secrets``.
    """
    if isinstance(value, list):
        return [reveal(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get(SIGNATURE) != SECRET:
        return {key: reveal(item) for key, item in value.items() if not str(key).startswith("__")}
    plaintext = value.get("plaintext")
    if not isinstance(plaintext, str):
        raise LocalEdgeError("the state holds encrypted secrets: export it with 'pulumi stack export --show-secrets'")
    return reveal(json.loads(plaintext))


def archive_path(value: object, *, where: str, project: Path) -> tuple[Path, str]:
    """Return the path and the engine's hash of a zip archive.

    Parameters
    ----------
    value : object
        The property as it stands in the state.
    where : str
        The resource and property, for the error.
    project : Path
        The folder that relative paths start from: the Pulumi project's.

    Raises
    ------
    LocalEdgeError
        When it is no archive of one existing zip file.
    """
    path = value.get("path") if isinstance(value, Mapping) and value.get(SIGNATURE) == ARCHIVE else None
    if not isinstance(value, Mapping) or not isinstance(path, str) or not path.endswith(".zip"):
        raise LocalEdgeError(f"{where}: expected a FileArchive of one .zip file, the very zip that AWS would get")
    file = project / path
    if not file.is_file():
        raise LocalEdgeError(f"{where}: {file} is missing; run 'pulumi up' again to build it")
    return file, str(value.get("hash") or "")


def asset_path(value: object, *, where: str, project: Path) -> Path | bytes:
    """Return the file of a file asset, or the bytes of a text asset.

    Raises
    ------
    LocalEdgeError
        When it is neither, or the file is missing.
    """
    if isinstance(value, Mapping) and value.get(SIGNATURE) == ASSET:
        if isinstance(text := value.get("text"), str) and text:
            return text.encode()
        if isinstance(path := value.get("path"), str) and path:
            if (file := project / path).is_file():
                return file
            raise LocalEdgeError(f"{where}: {file} is missing; run 'pulumi up' again to build it")
    raise LocalEdgeError(f"{where}: expected a FileAsset or a StringAsset")


def file_digest(path: Path) -> str:
    """Return a file's SHA-256 as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(archive: Path, into: Path) -> Path:
    """Unpack a zip into a folder named after its digest, once.

    Parameters
    ----------
    archive : Path
        The zip.
    into : Path
        The folder of unpacked zips.

    Returns
    -------
    Path
        The unpacked zip. Two processes that unpack the same zip at once end with one whole folder.
    """
    folder = into / file_digest(archive)[:24]
    if folder.is_dir():
        os.utime(folder)
        return folder
    into.mkdir(parents=True, exist_ok=True)
    _remove_unused(into)
    scratch = Path(tempfile.mkdtemp(dir=into, prefix=".unpacking-"))
    try:
        with zipfile.ZipFile(archive) as bundle:
            bundle.extractall(scratch)
            _restore_modes(bundle, scratch)
        scratch.chmod(0o755)
        scratch.rename(folder)
    except OSError:
        # Another process was first: its folder is as good as ours.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _remove_unused(folder: Path) -> None:
    """Remove what was unpacked long ago and never started since."""
    for entry in folder.iterdir():
        if time.time() - entry.stat().st_mtime > UNUSED_DAYS * 86_400:
            shutil.rmtree(entry, ignore_errors=True)


def _restore_modes(bundle: zipfile.ZipFile, folder: Path) -> None:
    """Give files the permissions that stand in the zip: `extractall` leaves them out."""
    for member in bundle.infolist():
        mode = member.external_attr >> 16 & 0o777
        if mode and not member.is_dir():
            (folder / member.filename).chmod(mode | 0o400)
