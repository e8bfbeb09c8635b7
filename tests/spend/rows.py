"""What rows of the lake must be like."""

from __future__ import annotations

from typing import Any

from edgewise.cost.audit import duckdb_type
from inference.lake import Column

PYTHON_TYPES = {"string": str, "bigint": int, "map<string,bigint>": dict}


def by_key(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return rows by their key; rows of one key must be the same."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        assert found.setdefault(row["receipt_id"], row) == row
    return found


def check_type(value: Any, column: Column) -> None:
    """Fail unless a JSON value is of a column's type; one that is left out is NULL."""
    assert duckdb_type(column.hive_type)
    if value is not None:
        assert type(value) is PYTHON_TYPES[column.hive_type], (column, value)
    if isinstance(value, dict):
        assert all(type(count) is int for count in value.values()), (column, value)
