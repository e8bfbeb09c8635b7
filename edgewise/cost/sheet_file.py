"""Read a dated sheet (prices or quotas) and refuse a row that doesn't say where its figure comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import yaml


class SheetError(ValueError):
    """A sheet that can't be believed: a row lacks a key, names an unknown source, or holds no number."""


def read_sheet(path: Path, rows_key: str) -> tuple[Mapping[str, str], Sequence[Mapping[str, Any]]]:
    """Read a sheet's sources and rows.

    Parameters
    ----------
    path : Path
        A YAML file with a mapping ``sources`` and a list under `rows_key`.
    rows_key : str
        ``lines`` for prices, ``quotas`` for limits.

    Raises
    ------
    SheetError
        When the file is not of that form.
    """
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise SheetError(f"{path.name}: expected a mapping with 'sources' and '{rows_key}'")
    sources, rows = content.get("sources"), content.get(rows_key)
    if not isinstance(sources, dict) or not isinstance(rows, list):
        raise SheetError(f"{path.name}: expected a mapping 'sources' and a list '{rows_key}'")
    for row in rows:
        if not isinstance(row, dict):
            raise SheetError(f"{path.name}: {row!r} in '{rows_key}' is not a mapping")
    return sources, rows


def require(row: Mapping[str, Any], keys: Sequence[str], kind: str) -> None:
    """Refuse a row without one of `keys`.

    Raises
    ------
    SheetError
        Names the row's id and the missing key.
    """
    for key in keys:
        if row.get(key) is None:
            raise SheetError(f"{kind} {row.get('id', '(no id)')!r}: key '{key}' is missing, add it")


def known_keys(row: Mapping[str, Any], keys: frozenset[str], kind: str) -> None:
    """Refuse a key that nobody reads: it would be a typing mistake in silence."""
    unknown = sorted(set(row) - keys)
    if unknown:
        raise SheetError(f"{kind} {row.get('id', '(no id)')!r}: unknown key '{unknown[0]}'")


def number(value: object, *, row_id: str, key: str) -> Decimal:
    """Read a finite number that is not negative, written as text or as an integer (a float has lost digits)."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SheetError(f"{row_id!r}: '{key}' is {value!r}, write the number in quotes: a float loses digits")
    try:
        read = Decimal(value)
    except InvalidOperation as error:
        raise SheetError(f"{row_id!r}: '{key}' is {value!r}, not a number") from error
    if not read.is_finite() or read < 0:
        raise SheetError(f"{row_id!r}: '{key}' is {value!r}, must be finite and not negative")
    return read


def dated(value: object, *, row_id: str) -> date:
    """Read a date, written as ``2026-11-24``."""
    if type(value) is date:
        return value
    raise SheetError(f"{row_id!r}: 'date' is {value!r}, write it as YYYY-MM-DD")


def cited(sources: Mapping[str, str], key: object, *, row_id: str) -> str:
    """Return the text of a cited source."""
    if key not in sources:
        raise SheetError(f"{row_id!r}: source {key!r} is not among the file's sources")
    return str(sources[str(key)])
