"""The key-value stores as they are at run time: what the stack wrote, and what was changed since."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.local.stack.model import KeyValueStore

# Others measured 20 to 75 s in the cloud, AWS promises "seconds"; a local test should not sit that long.
DEFAULT_PROPAGATION_S: Final = 0.2
# CloudFront Developer Guide, "Quotas": key-value stores.
MAX_KEY_BYTES: Final = 512
MAX_VALUE_BYTES: Final = 1024

Publish = Callable[[str, Mapping[str, str]], None]


@dataclass(kw_only=True, eq=False, slots=True)
class Stores:
    """All stores of a stack.

    Changes are kept in a file that only its owner can read, so that they outlive the gateway. As in the
    cloud, a later deployment that changes a key wins over what was written to it at run time; one that
    does not, leaves it alone.
    """

    stores: Mapping[str, KeyValueStore]
    changes_file: Path
    publish: Publish | None = None
    _changes: dict[str, dict[str, tuple[str, str | None]]] = field(default_factory=dict)

    def load(self) -> None:
        """Read the changes of an earlier run; those on keys that the stack has changed since are dropped."""
        if not self.changes_file.exists():
            return
        for arn, keys in json.loads(self.changes_file.read_text()).items():
            if arn in self.stores:
                current = self.stores[arn].values
                kept = {key: (base, value) for key, (base, value) in keys.items() if base == _mark(current.get(key))}
                self._changes[arn] = kept

    def values(self, arn: str) -> dict[str, str]:
        """Return a store's values as of now."""
        merged = dict(self.stores[arn].values)
        for key, (_, value) in self._changes.get(arn, {}).items():
            if value is None:
                merged.pop(key, None)
            else:
                merged[key] = value
        return merged

    def all_values(self) -> dict[str, dict[str, str]]:
        """Return every store's values by ARN."""
        return {arn: self.values(arn) for arn in self.stores}

    def arn(self, name: str) -> str:
        """Return a store's ARN by its name.

        Raises
        ------
        KeyError
            When there is none.
        """
        for arn, store in self.stores.items():
            if name in (store.name, arn):
                return arn
        raise KeyError(f"no key-value store {name!r}; there are {sorted(s.name for s in self.stores.values())}")

    def change(self, arn: str, key: str, value: str | None, *, delay_s: float = DEFAULT_PROPAGATION_S) -> None:
        """Write a key, or delete it (None); the gates see it after the delay.

        Raises
        ------
        ValueError
            When key or value is longer than CloudFront takes.
        """
        if not 1 <= len(key.encode()) <= MAX_KEY_BYTES:
            raise ValueError(f"key {key!r}: {len(key.encode())} bytes, CloudFront takes 1 to {MAX_KEY_BYTES}")
        if value is not None and len(value.encode()) > MAX_VALUE_BYTES:
            raise ValueError(f"value of {key!r}: {len(value.encode())} bytes, CloudFront takes {MAX_VALUE_BYTES}")
        base = _mark(self.stores[arn].values.get(key))
        self._changes.setdefault(arn, {})[key] = (base, value)
        self._save()
        snapshot = self.values(arn)
        if self.publish is not None:
            asyncio.get_running_loop().call_later(delay_s, self.publish, arn, snapshot)

    def _save(self) -> None:
        scratch = self.changes_file.with_suffix(".new")
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._changes, file)
        scratch.replace(self.changes_file)


def _mark(value: str | None) -> str:
    """Return a digest by which a key's deployed value is known again without being written down."""
    return "" if value is None else hashlib.sha256(value.encode()).hexdigest()
