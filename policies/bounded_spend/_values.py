"""Numbers out of properties; what is no number is as good as absent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from policies.core.resource import UNKNOWN, Resource

_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS: Final = {"minute": 60, "hour": 3_600, "day": 86_400}


def whole(resource: Resource, *path: str | int, default: int) -> int:
    """Return a property as a whole number, rounded up.

    Raises
    ------
    UnknownValueError
    """
    value = resource.get(*path, default=default)
    return -int(-float(value) // 1)


def number_of(values: Mapping[str, Any], key: str) -> int | None:
    """Return a whole number that stands as text or number in a mapping; None where it does not."""
    value = values.get(key)
    if value is UNKNOWN or value is None or not str(value).isdecimal():
        return None
    return int(value)


def every_s(expression: str) -> int | None:
    """Return the seconds of a schedule ``rate(5 minutes)``; None for any other."""
    found = _RATE.fullmatch(expression.strip())
    return int(found[1]) * _SECONDS[found[2]] if found else None
