"""A throw-away copy of the project, for previews that must leave the checkout as it is."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from edgewise.engine.environment import EngineError
from edgewise.paths import OWN_DIR, PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_LINKED: Final = frozenset({"Pulumi.yaml", "stacks", OWN_DIR, ".git"})
# How a stack's own secrets are encrypted: with the user's keys, which a preview without a cloud has not got.
ENCRYPTION_KEYS: Final = ("secretsprovider", "encryptedkey", "encryptionsalt")


@contextmanager
def throwaway_project(root: Path = PROJECT_ROOT) -> Iterator[Path]:
    """Lend a folder that is the project to `pulumi`: its settings copied, everything else linked.

    `pulumi stack init` writes an encryption salt into the stack's file. Here it lands in the copy, and
    so does the state.

    Raises
    ------
    EngineError
        When a stack has an encrypted value: only the user's keys can read it.
    """
    with tempfile.TemporaryDirectory(prefix="edgewise-preview-") as folder:
        copy = Path(folder)
        shutil.copyfile(root / "Pulumi.yaml", copy / "Pulumi.yaml")
        (copy / "stacks").mkdir()
        for stack in (root / "stacks").glob("Pulumi.*.yaml"):
            (copy / "stacks" / stack.name).write_text(_without_encryption(stack))
        for entry in root.iterdir():
            if entry.name not in NOT_LINKED:
                (copy / entry.name).symlink_to(entry)
        yield copy


def _without_encryption(stack: Path) -> str:
    settings = yaml.safe_load(stack.read_text()) or {}
    for key in ENCRYPTION_KEYS:
        settings.pop(key, None)
    for key, value in settings.get("config", {}).items():
        if _holds_secret(value):
            raise EngineError(
                f"{stack.name}: {key} is encrypted with the stack's own key, which a preview without a cloud "
                "has not got; run 'edgewise preview --cloud' with your own credentials"
            )
    return yaml.safe_dump(settings, sort_keys=False)


def _holds_secret(value: Any) -> bool:
    if isinstance(value, dict):
        return set(value) == {"secure"} or any(map(_holds_secret, value.values()))
    return isinstance(value, list) and any(map(_holds_secret, value))
