"""What a device heard, and what an item says, in plain values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a device heard, and when it had asked."""

    asked_mono_s: float
    day: str
    outcome: str
    status: int


def slug(body: bytes) -> str:
    try:
        return str(json.loads(body)["type"]).removeprefix("urn:edgewise:problem:")
    except (ValueError, KeyError, TypeError):
        return f"no problem of ours: {body[:80]!r}"


def plain(value: dict[str, Any]) -> int | str | None:
    if "N" in value:
        return int(value["N"])
    return str(value["S"]) if "S" in value else None
