"""What a module imports of our own: a zip takes what its handler reaches, and nothing else changes it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


class ImportedError(ValueError):
    """An import that can't be followed."""


def imported(modules: Iterable[Path], package: Path) -> list[Path]:
    """Follow imports within one package.

    Parameters
    ----------
    modules : iterable of Path
        Where to start; they are in the answer.
    package : Path
        The package's folder; what lies outside is nobody's of ours.

    Returns
    -------
    list of Path
        Sorted, with the ``__init__.py`` of every folder on the way.

    Raises
    ------
    ImportedError
        At a relative import, which this does not follow.
    """
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        waiting += [file for name in _names(path) for file in _files(name, package)]
        waiting += _initials(path, package)
    return sorted(found)


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), filename=str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level or not node.module:
                raise ImportedError(f"{path.name}, line {node.lineno}: a relative import; write the module in full")
            yield node.module
            # `from inference import lake` names a module, `from inference.lake import PREFIX` does not.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _files(name: str, package: Path) -> list[Path]:
    first, *rest = name.split(".")
    if first != package.name or not rest:
        return []
    path = package.joinpath(*rest)
    return [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()]


def _initials(path: Path, package: Path) -> list[Path]:
    folders = [folder for folder in path.parents if folder == package or package in folder.parents]
    return [file for folder in folders if (file := folder / "__init__.py").is_file()]
