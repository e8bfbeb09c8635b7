"""`edgewise.paths`: where things are, and who may look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise import paths

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_cache_follows_xdg_and_falls_back_to_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert paths.cache_dir() == tmp_path / "xdg" / "edgewise"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    assert paths.cache_dir() == tmp_path / ".cache" / "edgewise"


def test_own_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    for folder in (paths.state_dir, paths.run_dir, paths.build_dir, paths.engine_home):
        made = folder(tmp_path)
        assert made.parent == tmp_path / ".edgewise"
        assert made.stat().st_mode & 0o777 == 0o700
    assert (tmp_path / ".edgewise").stat().st_mode & 0o777 == 0o700
