"""The model artefacts that a stack's settings pin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml

from edgewise.cli.exits import CliError, ExitCode
from edgewise.paths import PROJECT_ROOT, cache_dir

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODELS_KEY: Final = "edgewise:models"


def stack_config(stack: str, root: Path = PROJECT_ROOT) -> dict[str, Any]:
    """Return a stack's configuration as its file has it.

    Raises
    ------
    CliError
        When there is no such stack; it names those that are.
    """
    path = root / "stacks" / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(found.name.split(".")[1] for found in path.parent.glob("Pulumi.*.yaml"))
        raise CliError(f"stack {stack!r}: there is none; stacks/ has {', '.join(known)}", ExitCode.BAD_INPUT)
    settings = yaml.safe_load(path.read_text()) or {}
    return dict(settings.get("config") or {})


def pinned(stack: str, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the models of a stack's settings: catalogue name to digest; errors as for `stack_config`."""
    return dict(stack_config(stack, root).get(MODELS_KEY) or {})


def ensure_models(stack: str, *, say: Callable[[str], None], root: Path = PROJECT_ROOT) -> None:
    """Build what a stack pins, the catalogue has and this machine has not.

    A pinned model that is not the catalogue's is put into the cache by its owner; where it is
    missing, the program says so.

    Raises
    ------
    edgewise.models.catalogue.CatalogueError
        When the catalogue builds another artefact than the pinned one.
    """
    wanted = {name: digest for name, digest in pinned(stack, root).items() if not _is_cached(digest)}
    if not wanted:
        return
    from edgewise.models import catalogue

    for name in wanted.keys() & set(catalogue.names()):
        catalogue.ensure(name, digest=wanted[name], say=say)


def _is_cached(digest: str) -> bool:
    return (cache_dir() / "models" / f"{digest.removeprefix('sha256:')}.onnx").is_file()
