"""How packs are found, and what is refused of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import policies
from policies.core.pack import PackError, load, packs, together

RULE = """
from policies.core.rule import Rule

RULE = Rule(id="{id}", what="w", why="y", source="s", fix="f", subjects=lambda _: (), check=lambda *_: ())
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder whose packs are found beside the project's own."""
    monkeypatch.setattr(policies, "__path__", [*policies.__path__, str(tmp_path)])
    for name in [each for each in sys.modules if each.startswith("policies.house")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def pack(root: Path, name: str, **files: str) -> None:
    folder = root / name
    folder.mkdir()
    (folder / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (folder / "__init__.py").write_text('"""What a house asks."""\n')
    for file, text in files.items():
        (folder / f"{file}.py").write_text(text)


def test_a_pack_is_its_folders_rules_and_helpers_are_none(root: Path) -> None:
    pack(root, "house_a", one_thing=RULE.format(id="one-thing"), _helper="")

    (found,) = packs(root)

    assert (found.name, found.what) == ("house_a", "What a house asks.")
    assert [rule.id for rule in found.rules] == ["one-thing"]


def test_a_folder_that_is_no_python_package_is_left_to_pulumi(root: Path) -> None:
    pack(root, "house_b", one_thing=RULE.format(id="one-thing"))
    (root / "house_b" / "__init__.py").unlink()

    assert packs(root) == []


@pytest.mark.parametrize(
    ("name", "files", "says"),
    [
        ("house_c", {}, "policies/house_c has no rule"),
        ("house_d", {"plain": "ANSWER = 1\n"}, "policies/house_d/plain.py has no RULE"),
        ("house_e", {"one_thing": RULE.format(id="other-thing")}, "its rule is called 'other-thing'"),
    ],
)
def test_what_is_no_pack_is_refused_by_its_file(root: Path, name: str, files: dict[str, str], says: str) -> None:
    pack(root, name, **files)

    with pytest.raises(PackError, match=says):
        load(name, root)


def test_two_packs_with_a_rule_of_one_id_are_refused(root: Path) -> None:
    for name in ("house_f", "house_g"):
        pack(root, name, same=RULE.format(id="same"))

    with pytest.raises(PackError, match="same is a rule of house_f and of house_g"):
        together(root)


def test_together_has_every_rule_once() -> None:
    every = [rule.id for each in packs() for rule in each.rules]

    assert [rule.id for rule in together().rules] == every
    assert len(set(every)) == len(every)
