"""The lake's columns for each reader: Hive's words for Glue and Athena, DuckDB's own.

The columns themselves are `inference.lake.COLUMNS`; whoever reads a lake hands them in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Protocol

_SIMPLE: Final = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "int": "INTEGER",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
}
_MAP: Final = re.compile(r"map<(\w+),\s*(\w+)>")


class Column(Protocol):
    """A column: its name and its type in Hive's words."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def hive_type(self) -> str:
        """The type."""


def duckdb_type(hive_type: str) -> str:
    """Return a type in DuckDB's words.

    Raises
    ------
    ValueError
        When it is none that the lake may use.

    Examples
    --------
    >>> duckdb_type("map<string,bigint>")
    'MAP(VARCHAR, BIGINT)'
    """
    if match := _MAP.fullmatch(hive_type):
        return f"MAP({duckdb_type(match[1])}, {duckdb_type(match[2])})"
    if hive_type not in _SIMPLE:
        raise ValueError(f"type {hive_type!r} has no DuckDB type here: use one of {sorted(_SIMPLE)}, or a map of them")
    return _SIMPLE[hive_type]


def duckdb_columns(columns: Iterable[Column]) -> dict[str, str]:
    """Return DuckDB's type by column."""
    return {column.name: duckdb_type(column.hive_type) for column in columns}


def glue_columns(columns: Iterable[Column]) -> list[dict[str, str]]:
    """Return the columns as a Glue table declares them: ``name`` and ``type``."""
    return [{"name": column.name, "type": column.hive_type} for column in columns]
