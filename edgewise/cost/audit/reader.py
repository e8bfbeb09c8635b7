"""Reads a lake's files with DuckDB, by the lake's own columns: nothing is guessed from the data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from edgewise.cost.audit.queries import QUERIES
from edgewise.cost.audit.schema import Column, duckdb_columns

if TYPE_CHECKING:
    import duckdb

SUFFIX: Final = ".jsonl.gz"
# No line of the lake is longer: a receipt has at most 1 KB (inference/receipt.py) and few names around it.
_MAX_LINE_BYTES: Final = 65_536


class LakeError(Exception):
    """A lake can't be read; the text names the file and what is wrong with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lake:
    """A lake that answers the audit's questions.

    Examples
    --------
    >>> lake = Lake.open(Path("nowhere"), columns=[], partitions=["dt", "function"])  # doctest: +SKIP
    >>> lake.ask("sums")  # doctest: +SKIP
    []
    """

    connection: duckdb.DuckDBPyConnection

    @classmethod
    def open(cls, folder: Path, *, columns: Iterable[Column], partitions: Sequence[str]) -> Lake:
        """Open the files under a folder, whose own folders are named ``<partition>=<value>``.

        Parameters
        ----------
        folder : Path
            One without files is a lake without rows.
        columns : iterable of Column
            ``inference.lake.COLUMNS``; what a row has beside them is passed over, what it lacks is NULL.
        partitions : sequence of str
            ``inference.lake.PARTITIONS``.
        """
        import duckdb

        connection = duckdb.connect(":memory:", config={"enable_external_access": True, "threads": 1})
        types = duckdb_columns(columns)
        keys = dict.fromkeys(partitions, "VARCHAR")
        if any(folder.rglob(f"*{SUFFIX}")):
            connection.execute(_view(folder, types, keys))
        else:
            nothing = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in {**types, **keys}.items())
            connection.execute(f"CREATE VIEW receipts AS SELECT {nothing} WHERE false")
        return cls(connection=connection)

    def ask(self, query: str) -> list[dict[str, Any]]:
        """Answer one of `QUERIES` as a list of rows.

        Raises
        ------
        LakeError
            When there is no such query, or a file of the lake can't be read.
        """
        import duckdb

        if query not in QUERIES:
            raise LakeError(f"query {query!r} is unknown, use one of {', '.join(QUERIES)}")
        try:
            cursor = self.connection.execute(QUERIES[query])
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except duckdb.Error as error:
            raise LakeError(f"the lake can't be read ({query}): {error}") from error

    def columns(self) -> Mapping[str, str]:
        """Return the type of each column as DuckDB reads it."""
        return {name: kind for name, kind, *_ in self.connection.execute("DESCRIBE receipts").fetchall()}


def _view(folder: Path, types: Mapping[str, str], keys: Mapping[str, str]) -> str:
    files = _text(f"{folder.resolve()}/**/*{SUFFIX}")
    return (
        f"CREATE VIEW receipts AS SELECT * FROM read_json({files}, format = 'newline_delimited', "
        f"compression = 'gzip', columns = {_struct(types)}, maximum_object_size = {_MAX_LINE_BYTES}, "
        f"hive_partitioning = true, hive_types = {_struct(keys)})"
    )


def _struct(types: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {_text(kind)}" for name, kind in types.items()) + "}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
