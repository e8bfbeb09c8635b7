"""The platforms' own limits, one place each, with their source. Bounds fall back on them where nothing else holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Final

from edgewise.cost.sheet_file import SheetError, cited, dated, known_keys, number, read_sheet, require

DEFAULT_QUOTAS: Final = Path(__file__).with_name("quotas.yaml")
_KEYS: Final = frozenset(("id", "value", "unit", "source", "date"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """One limit of a platform: a whole number of `unit`."""

    quota_id: str
    value: int
    unit: str
    source: str
    dated: date


def load_quotas(path: Path = DEFAULT_QUOTAS) -> Mapping[str, Quota]:
    """Load the platforms' limits by id.

    Raises
    ------
    SheetError
        When a quota lacks a key, cites an unknown source or stands twice. The message names it.
    """
    sources, rows = read_sheet(path, "quotas")
    quotas: dict[str, Quota] = {}
    for row in rows:
        require(row, ("id", "value", "unit", "source", "date"), "quota")
        known_keys(row, _KEYS, "quota")
        quota_id = str(row["id"])
        if quota_id in quotas:
            raise SheetError(f"quota {quota_id!r}: stands twice")
        quotas[quota_id] = Quota(
            quota_id=quota_id,
            value=int(number(row["value"], row_id=quota_id, key="value")),
            unit=str(row["unit"]),
            source=cited(sources, row["source"], row_id=quota_id),
            dated=dated(row["date"], row_id=quota_id),
        )
    return quotas


@lru_cache(maxsize=1)
def default_quotas() -> Mapping[str, Quota]:
    """Return the project's own list, read once."""
    return load_quotas()


def limit(quota_id: str) -> int:
    """Return a limit's value; a limit that nobody wrote down is a `KeyError`, a mistake of the program."""
    return default_quotas()[quota_id].value


def source(quota_id: str) -> str:
    """Return where a limit comes from."""
    quota = default_quotas()[quota_id]
    return f"{quota.source}, {quota.dated.isoformat()}"
