"""What was changed at run time, behind the deployment's back: kept in a file, by ARN and name."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(kw_only=True, eq=False, slots=True)
class Changes:
    """Values by ARN and name, and of each what the stack had said when it was changed.

    The file is one that only its owner can read. As in the cloud, a later deployment that changes a value
    wins over what was written at run time; one that does not, leaves it alone.
    """

    file: Path
    _changes: dict[str, dict[str, tuple[str, str | None]]] = field(default_factory=dict)

    def load(self, deployed: Mapping[str, Mapping[str, str]]) -> None:
        """Read the changes of an earlier run.

        Parameters
        ----------
        deployed : Mapping
            What the stack says now, by ARN and name. A change of what it does not have, or has changed
            since, is dropped.
        """
        if not self.file.exists():
            return
        for arn, names in json.loads(self.file.read_text()).items():
            current = deployed.get(arn)
            if current is not None:
                self._changes[arn] = {
                    name: (base, value) for name, (base, value) in names.items() if base == _mark(current.get(name))
                }

    def of(self, arn: str) -> dict[str, str | None]:
        """Return the changed values of one ARN; None for one that was deleted."""
        return {name: value for name, (_, value) in self._changes.get(arn, {}).items()}

    def note(self, arn: str, values: Mapping[str, str | None], *, deployed: Mapping[str, str]) -> None:
        """Remember changes, over a restart too."""
        changes = self._changes.setdefault(arn, {})
        for name, value in values.items():
            changes[name] = (_mark(deployed.get(name)), value)
        scratch = self.file.with_suffix(".new")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._changes, file)
        scratch.replace(self.file)


def _mark(value: str | None) -> str:
    """Return a digest by which a deployed value is known again without being written down."""
    return "" if value is None else hashlib.sha256(value.encode()).hexdigest()
