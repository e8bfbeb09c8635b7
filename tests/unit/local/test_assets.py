"""Assets, archives and unpacked zips."""

from __future__ import annotations

import os
import stat
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from edgewise.local.stack.assets import UNUSED_DAYS, archive_path, asset_path, reveal, unpack
from edgewise.local.stack.model import LocalEdgeError
from tests.edge.handmade import ARCHIVE, ASSET, secret, zip_of

if TYPE_CHECKING:
    from pathlib import Path


def test_secrets_are_revealed_at_any_depth_and_notes_left_out() -> None:
    value = {"__defaults": ["a"], "a": [secret({"b": secret("c")})], "d": 1}

    assert reveal(value) == {"a": [{"b": "c"}], "d": 1}


def test_a_zip_is_unpacked_once(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", {"handler.py": "x = 1"})

    first = unpack(archive, tmp_path / "tasks")
    marker = first / "marker"
    marker.touch()

    assert unpack(archive, tmp_path / "tasks") == first
    assert marker.exists()
    assert (first / "handler.py").read_text() == "x = 1"
    assert [path.name for path in (tmp_path / "tasks").iterdir()] == [first.name]


def test_another_zip_goes_elsewhere(tmp_path: Path) -> None:
    one = unpack(zip_of(tmp_path / "a.zip", {"a": "1"}), tmp_path / "tasks")
    two = unpack(zip_of(tmp_path / "a.zip", {"a": "2"}), tmp_path / "tasks")

    assert one != two
    assert (one / "a").read_text() == "1"


def test_what_was_not_started_for_long_is_taken_away(tmp_path: Path) -> None:
    # GIVEN two unpacked zips, one of them not started for longer than is kept
    old = unpack(zip_of(tmp_path / "a.zip", {"a": "1"}), tmp_path / "tasks")
    used = unpack(zip_of(tmp_path / "b.zip", {"a": "2"}), tmp_path / "tasks")
    long_ago = time.time() - (UNUSED_DAYS + 1) * 86_400
    for folder in (old, used):
        os.utime(folder, (long_ago, long_ago))
    unpack(tmp_path / "b.zip", tmp_path / "tasks")

    # WHEN a third comes THEN only the one that was not started is gone
    unpack(zip_of(tmp_path / "c.zip", {"a": "3"}), tmp_path / "tasks")
    assert not old.exists()
    assert used.exists()


def test_modes_of_the_zip_are_kept(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as bundle:
        member = zipfile.ZipInfo("tool")
        member.external_attr = 0o100755 << 16
        bundle.writestr(member, "#!/bin/sh")

    folder = unpack(archive, tmp_path / "tasks")

    assert stat.S_IMODE((folder / "tool").stat().st_mode) == 0o755


def test_relative_paths_start_at_the_project(tmp_path: Path) -> None:
    zip_of(tmp_path / "a.zip", {})

    assert archive_path({**ARCHIVE, "path": "a.zip", "hash": "h"}, where="x", project=tmp_path) == (
        tmp_path / "a.zip",
        "h",
    )


@pytest.mark.parametrize("value", [None, "a.zip", {**ARCHIVE, "assets": {}}, {**ARCHIVE, "path": "folder"}])
def test_only_one_zip_is_an_archive(tmp_path: Path, value: object) -> None:
    with pytest.raises(LocalEdgeError, match=r"FileArchive of one \.zip file"):
        archive_path(value, where="function code", project=tmp_path)


def test_assets_are_files_or_text(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(b"m")

    assert asset_path({**ASSET, "path": "model"}, where="x", project=tmp_path) == tmp_path / "model"
    assert asset_path({**ASSET, "text": "hi"}, where="x", project=tmp_path) == b"hi"
    with pytest.raises(LocalEdgeError, match="gone is missing"):
        asset_path({**ASSET, "path": "gone"}, where="x", project=tmp_path)
    with pytest.raises(LocalEdgeError, match="FileAsset"):
        asset_path("model", where="object source", project=tmp_path)
