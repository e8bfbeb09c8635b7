"""A key-value store's entries fit it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import STORE_KEY
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import STORE_KEY_BYTES, STORE_VALUE_BYTES


def _subjects(stack: Stack) -> Iterator[Resource]:
    return stack.of(STORE_KEY)


def _check(entry: Resource, _: Config) -> Iterator[Violation]:
    # The value may be a secret: its size is told, it is not.
    for key, most in (("key", STORE_KEY_BYTES), ("value", STORE_VALUE_BYTES)):
        found = entry.known(key)
        size = len(found.encode()) if isinstance(found, str) else 0
        if size > most:
            yield Violation(entry, f"{key} has {size} bytes, at most {most} are allowed")


RULE: Final = Rule(
    id="store-entries",
    what=f"A key-value store's key has at most {STORE_KEY_BYTES} bytes and its value {STORE_VALUE_BYTES}.",
    why="CloudFront refuses the entry, so the gate runs without a key that it was to check.",
    source="Amazon CloudFront Developer Guide, Quotas, key value stores",
    fix="split the value over several keys, or keep a digest of it",
    subjects=_subjects,
    check=_check,
)
