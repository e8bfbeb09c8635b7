"""What the home process knows again after it was killed: small JSON files, each replaced as a whole."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """A folder of files that their owner alone can read."""

    folder: Path

    def read(self, name: str) -> dict[str, Any]:
        """Return what was written under a name; empty when nothing was."""
        try:
            content = json.loads((self.folder / f"{name}.json").read_text())
        except FileNotFoundError:
            return {}
        return content if isinstance(content, dict) else {}

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Write so that a reader, and whoever comes after a kill, sees the old or the new."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = self.folder / f"{name}.new"
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file)
        scratch.replace(self.folder / f"{name}.json")
