"""The key-value stores as they are at run time: what the stack wrote, and what was changed since."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.local.gate.changes import Changes
    from edgewise.local.stack.model import KeyValueStore

# Others measured 20 to 75 s in the cloud, AWS promises "seconds"; a local test should not sit that long.
DEFAULT_PROPAGATION_S: Final = 0.2
# CloudFront Developer Guide, "Quotas": key-value stores.
MAX_KEY_BYTES: Final = 512
MAX_VALUE_BYTES: Final = 1024
MAX_STORE_BYTES: Final = 5 * 1024 * 1024

Publish = Callable[[str, Mapping[str, str]], None]


class StoreFullError(ValueError):
    """A write would make a store larger than CloudFront takes."""


@dataclass(kw_only=True, eq=False, slots=True)
class Stores:
    """All stores of a stack.

    Attributes
    ----------
    stores : Mapping
        What the stack wrote, by ARN.
    changes : Changes
        What was changed since; loaded.
    publish : callable, optional
        Tells the gates what a store holds.
    propagation_s : float
        How long a write takes to reach them, unless it says otherwise.
    """

    stores: Mapping[str, KeyValueStore]
    changes: Changes
    publish: Publish | None = None
    propagation_s: float = DEFAULT_PROPAGATION_S
    _etags: dict[str, str] = field(default_factory=dict)
    _modified: dict[str, float] = field(default_factory=dict)
    _visible: dict[str, dict[str, str]] = field(default_factory=dict)
    # The number of the last write of each key that has reached the gates.
    _reached: dict[tuple[str, str], int] = field(default_factory=dict)
    _writes: int = 0

    def __post_init__(self) -> None:
        """Take what an earlier run left as seen by all."""
        now = time.time()
        for arn in self.stores:
            self._visible[arn] = self.values(arn)
            self._etags[arn], self._modified[arn] = _new_etag(), now

    def values(self, arn: str) -> dict[str, str]:
        """Return a store's values as of now."""
        merged: dict[str, str | None] = {**self.stores[arn].values, **self.changes.of(arn)}
        return {key: value for key, value in merged.items() if value is not None}

    def all_values(self) -> dict[str, dict[str, str]]:
        """Return every store's values by ARN."""
        return {arn: self.values(arn) for arn in self.stores}

    def etag(self, arn: str) -> str:
        """Return the version of a store: another one after each write, and after a restart."""
        return self._etags[arn]

    def modified(self, arn: str) -> float:
        """Return when a store was last written to, in Unix seconds."""
        return self._modified[arn]

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

    def change(self, arn: str, key: str, value: str | None, *, delay_s: float | None = None) -> None:
        """Write a key, or delete it (None); the gates see it after the delay.

        Raises
        ------
        ValueError
            When key or value is longer than CloudFront takes.
        """
        self.change_all(arn, {key: value}, delay_s=delay_s)

    def change_all(self, arn: str, values: Mapping[str, str | None], *, delay_s: float | None = None) -> None:
        """Write and delete several keys as one; the gates see all of them together.

        Raises
        ------
        ValueError
            When a key or a value is longer than CloudFront takes; nothing is written.
        StoreFullError
            When the store would be.
        """
        for key, value in values.items():
            _check(key, value)
        after = {key: value for key, value in {**self.values(arn), **values}.items() if value is not None}
        if size(after) > MAX_STORE_BYTES:
            raise StoreFullError(f"the store would have {size(after)} bytes, CloudFront takes {MAX_STORE_BYTES}")
        self.changes.note(arn, values, deployed=self.stores[arn].values)
        self._etags[arn], self._modified[arn] = _new_etag(), time.time()
        self._writes += 1
        seconds = self.propagation_s if delay_s is None else delay_s
        asyncio.get_running_loop().call_later(seconds, self._reach, arn, dict(values), self._writes)

    def _reach(self, arn: str, values: Mapping[str, str | None], write: int) -> None:
        """Let the gates see a write; one that was overtaken by a later write of the key is old news."""
        visible = self._visible[arn]
        for key, value in values.items():
            if self._reached.get((arn, key), 0) > write:
                continue
            self._reached[arn, key] = write
            if value is None:
                visible.pop(key, None)
            else:
                visible[key] = value
        if self.publish is not None:
            self.publish(arn, dict(visible))


def size(values: Mapping[str, str]) -> int:
    """Return what a store's values have in bytes, keys included."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in values.items())


def _check(key: str, value: str | None) -> None:
    if not 1 <= len(key.encode()) <= MAX_KEY_BYTES:
        raise ValueError(f"key {key!r}: {len(key.encode())} bytes, CloudFront takes 1 to {MAX_KEY_BYTES}")
    if value is not None and len(value.encode()) > MAX_VALUE_BYTES:
        raise ValueError(f"value of {key!r}: {len(value.encode())} bytes, CloudFront takes {MAX_VALUE_BYTES}")


def _new_etag() -> str:
    return f"KV{secrets.token_hex(7).upper()}"
