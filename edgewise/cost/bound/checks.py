"""What can't be a description is refused: negative numbers, divisors of nothing, words that mean nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Final

# Divisors and counters that are at least 1; every other number is at least 0.
_POSITIVE: Final = frozenset(
    {"memory_mb", "timeout_s", "requests", "seconds", "attempts", "interval_s", "window_s", "refusal_memory_s"}
    | {"alarm_period_s", "model_attempts"}
)


def check(described: object, name: str, path: str = "") -> None:
    """Refuse a negative number anywhere, and a zero where it can't be.

    Raises
    ------
    ValueError
        Names endpoint, field, value and the least value.
    """
    if not is_dataclass(described):
        return
    for each in fields(described):
        value = getattr(described, each.name)
        check(value, name, f"{each.name}.")
        least = 1 if each.name in _POSITIVE else 0
        if isinstance(value, int | Decimal) and not isinstance(value, bool) and value < least:
            raise ValueError(f"endpoint {name!r}: {path}{each.name} is {value}, must be {least} or more")


def one_of(name: str, field: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a word that is not one of `allowed`."""
    if value not in allowed:
        raise ValueError(f"endpoint {name!r}: {field} is {value!r}, must be one of {sorted(allowed)}")
