"""Kept stages: made once, made again when a byte or the code changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.models.stages import Stages, code_key, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    entry = tmp_path / "tiny"
    entry.mkdir()
    (entry / "recipe.yaml").write_text("name: tiny\n")
    (entry / "__init__.py").write_text("ENTRY = None\n")
    return entry


def test_a_stage_is_made_once(folder: Path) -> None:
    made = iter([b"one", b"two", b"three"])
    assert Stages(folder).bytes("cut", {"keep": 0.5}, lambda: next(made)) == b"one"
    assert Stages(folder).bytes("cut", {"keep": 0.5}, lambda: next(made)) == b"one"
    assert Stages(folder).bytes("cut", {"keep": 0.4}, lambda: next(made)) == b"two"
    assert Stages(folder).bytes("other", {"keep": 0.5}, lambda: next(made)) == b"three"


def test_a_stage_that_failed_is_made_again(folder: Path) -> None:
    def fail() -> bytes:
        raise RuntimeError("interrupted")

    with pytest.raises(RuntimeError, match="interrupted"):
        Stages(folder).bytes("cut", {}, fail)
    assert Stages(folder).bytes("cut", {}, lambda: b"done") == b"done"


@pytest.mark.parametrize("damage", [b"", b"short", b"x" * 40])
def test_a_damaged_file_is_made_again(folder: Path, tmp_path: Path, damage: bytes) -> None:
    Stages(folder).bytes("cut", {}, lambda: b"right")
    (kept,) = (tmp_path / "cache").rglob("cut-*")
    kept.write_bytes(damage)
    assert Stages(folder).bytes("cut", {}, lambda: b"right again") == b"right again"


def test_json_comes_back_as_it_was(folder: Path) -> None:
    found = {"errors": {"conv": 0.5}, "exclude": ["conv"]}
    assert Stages(folder).json("sweep", {}, lambda: found) == found
    assert Stages(folder).json("sweep", {}, pytest.fail) == found


def test_the_key_follows_recipe_and_code_but_not_what_is_written(folder: Path) -> None:
    before = code_key(folder)
    for written in ("compressed.yaml", "card.md", "curve.png"):
        (folder / written).write_text("new")
    assert code_key(folder) == before
    (folder / "recipe.yaml").write_text("name: tiny\nversion: 2\n")
    changed = code_key(folder)
    assert changed != before
    (folder / "deeper").mkdir()
    (folder / "deeper" / "code.py").write_text("pass\n")
    assert code_key(folder) != changed


def test_budgets_and_caveats_make_no_stage_anew(folder: Path) -> None:
    recipe = folder / "recipe.yaml"
    recipe.write_text("name: tiny\nlayers: 3\n")
    before = code_key(folder)
    recipe.write_text("name: tiny\nlayers: 3\nbudgets: {min_accuracy: 0.95}\ncaveats: [Few people.]\n")
    assert code_key(folder) == before
    recipe.write_text("name: tiny\nlayers: 4\n")
    assert code_key(folder) != before


def test_a_recipe_that_is_no_yaml_has_a_key_too(folder: Path) -> None:
    recipe = folder / "recipe.yaml"
    keys = set()
    for text in ("name: [", "name: {", "- tiny"):
        recipe.write_text(text)
        keys.add(code_key(folder))
    assert len(keys) == 3


def test_what_is_written_may_be_read_by_all(tmp_path: Path) -> None:
    write(tmp_path / "card.md", b"# tiny")
    assert (tmp_path / "card.md").stat().st_mode & 0o777 == 0o644
