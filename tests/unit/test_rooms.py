"""The rooms of the house: who may import whom (docs/adr/0001-rooms.md). No import runs back up."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgewise.paths import PROJECT_ROOT

# Leaves that import nothing of ours; any room but the edge's own may use them.
LEAVES = ("edgewise.paths", "edgewise.python313")
CONTRACT = ("inference.contract", "inference.manifest", "inference.lake", "inference.telemetry")

# Most specific room first. A room may always import itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "inference": (),
    "edgewise.paths": (),
    "edgewise.python313": ("edgewise.paths",),
    "edgewise.cost": (),
    "edgewise.engine": LEAVES,
    "edgewise.models": (*LEAVES, *CONTRACT),
    "edgewise.device": (*LEAVES, *CONTRACT, "edgewise.models"),
    "edgewise.local": (*LEAVES, *CONTRACT, "edgewise.cost"),
    "edgewise.operate": (*LEAVES, *CONTRACT, "edgewise.models"),
    "edgewise.cli": (*LEAVES, *CONTRACT, "edgewise", "infra.settings", "infra.bound", "infra.models", "policies"),
    "infra": (*LEAVES, *CONTRACT, "edgewise.cost"),
    "policies": ("edgewise.cost",),
    "tools": (),
}
OURS = ("inference", "edgewise", "infra", "policies", "tools", "tests")


def covers(room: str, module: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def room_of(module: str) -> str | None:
    return next((room for room in MAY_IMPORT if covers(room, module)), None)


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(module: str, source: str) -> list[str]:
    room = room_of(module)
    if room is None:
        return []
    allowed = (room, *MAY_IMPORT[room])
    ours = [name for name in imports(ast.parse(source)) if name.split(".")[0] in OURS]
    return [name for name in ours if not any(covers(each, name) for each in allowed)]


def modules() -> list[Path]:
    tops = {room.split(".")[0] for room in MAY_IMPORT}
    return sorted(path for top in tops for path in (PROJECT_ROOT / top).rglob("*.py"))


def module_name(path: Path) -> str:
    relative = path.relative_to(PROJECT_ROOT).with_suffix("")
    parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
    return ".".join(parts)


@pytest.mark.parametrize("path", modules(), ids=module_name)
def test_no_import_runs_back_up(path: Path) -> None:
    assert forbidden(module_name(path), path.read_text()) == []


def test_an_import_back_up_would_be_seen() -> None:
    assert forbidden("inference.handler", "from edgewise.cost import bound") == ["edgewise.cost.bound"]
    assert forbidden("edgewise.cost.bound", "import infra.settings") == ["infra.settings"]
    assert forbidden("infra.functions", "from edgewise.local import supervisor") == ["edgewise.local.supervisor"]
