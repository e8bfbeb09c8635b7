"""The lock: what is written is read back, and what can't be used is refused by key."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.models import catalogue
from edgewise.models.lock import Choice, LockError, read_lock, write_lock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of face-match's lock."""
    copy = tmp_path / "face_match"
    copy.mkdir()
    original = catalogue.folder_of("face-match") / "compressed.yaml"
    (copy / "compressed.yaml").write_bytes(original.read_bytes())
    return copy


def test_it_is_read_as_it_was_written(folder: Path) -> None:
    before = (folder / "compressed.yaml").read_bytes()
    lock = read_lock(folder)
    write_lock(folder, lock)
    assert (folder / "compressed.yaml").read_bytes() == before
    assert read_lock(folder) == lock


@pytest.mark.parametrize("name", catalogue.names())
def test_every_lock_holds_together(name: str) -> None:
    folder = catalogue.folder_of(name)
    lock, recipe = read_lock(folder), catalogue.load(folder).recipe
    found = lock.evidence
    assert lock.recipe == recipe.version
    # the shipped variant is one that was measured, and its figures are those of the summary
    (shipped,) = [each for each in found.candidates if each.choice == lock.choice]
    assert shipped.bytes == found.shipped_bytes
    assert shipped.test_accuracy == found.shipped[1]
    assert (found.fp32[1] - found.shipped[1]) * 100 == pytest.approx(found.loss_points, abs=2e-4)
    # and it keeps the recipe's budgets
    assert found.loss_points <= recipe.budgets.accuracy_points
    assert found.shipped[0] >= recipe.budgets.min_accuracy
    assert found.fp32_bytes / found.shipped_bytes >= recipe.budgets.min_size_ratio


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  keep: ", "  keep: 1", "choice.keep: Input should be less than or equal to 1"),
        ("digest: sha256:", "digest: md5:", "digest: String should match pattern"),
        ("kind: u8s8_reduced", "kind: int4", "choice.kind: Input should be 'u8s8_reduced', 'u8u8' or 'u8s8'"),
        ("recipe: ", "recipes: ", "recipe: Field required"),
        ("recipe: ", "[", "not YAML"),
    ],
)
def test_a_damaged_lock_is_refused(folder: Path, before: str, after: str, message: str) -> None:
    path = folder / "compressed.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(LockError, match=message) as caught:
        read_lock(folder)
    assert "`edgewise compress face-match --update` writes it" in str(caught.value)


def test_a_missing_lock_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"compressed.yaml: missing; `edgewise compress .* --update` writes it"):
        read_lock(tmp_path)


def test_a_choice_cuts_nothing_unless_told() -> None:
    assert Choice().keep == 1
