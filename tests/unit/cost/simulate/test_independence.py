"""The meter is other code than the bound's: it reads the endpoint's description and the price sheet, no more."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import edgewise.cost.simulate

SOURCES = sorted(Path(edgewise.cost.simulate.__file__).parent.rglob("*.py"))
ALLOWED = ("edgewise.cost.bound.endpoint", "edgewise.cost.prices", "edgewise.cost.simulate")


def imported(source: str) -> set[str]:
    tree = ast.parse(source)
    plain = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return plain | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_nothing_is_shared_with_the_bound(path: Path) -> None:
    ours = {name for name in imported(path.read_text()) if name.startswith("edgewise")}

    assert {name for name in ours if not name.startswith(ALLOWED)} == set()


def test_a_shared_line_would_be_seen() -> None:
    assert imported("from edgewise.cost.bound.counts import counts") == {"edgewise.cost.bound.counts"}
