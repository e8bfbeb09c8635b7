"""The lake's one table: a row a receipt, JSON lines, gzip, partitioned by date and function.

Settle writes it, the Glue table is declared from it, DuckDB and Athena read it. Standard library only.
"""

from __future__ import annotations

from typing import Final, NamedTuple

PREFIX: Final = "receipts"
# Partition keys; they stand in the object's key and not in the rows.
PARTITIONS: Final = ("dt", "function")


class Column(NamedTuple):
    """A column: its name and its type in Hive's words, which Glue and Athena use."""

    name: str
    hive_type: str


COLUMNS: Final = (
    # Whoever adds rows up takes each `receipt_id` once: a batch that was handed over again may stand twice.
    Column("receipt_id", "string"),
    Column("edge", "string"),
    Column("digest", "string"),
    Column("began_s", "bigint"),
    Column("ended_s", "bigint"),
    Column("outcomes", "map<string,bigint>"),
    Column("refused", "map<string,bigint>"),
    Column("used", "bigint"),
    Column("milliseconds", "bigint"),
    Column("bytes_up", "bigint"),
    Column("bytes_down", "bigint"),
    Column("cold", "bigint"),
    Column("waited", "bigint"),
    Column("lost", "bigint"),
    Column("unspent", "bigint"),
    Column("leases", "bigint"),
    Column("devices", "bigint"),
    Column("top_device", "bigint"),
    # DDSketch as text, see `inference.sketch`; absent when nothing was measured.
    Column("latency_ms", "string"),
    Column("score", "string"),
    Column("bytes_up_sketch", "string"),
    # The stream record that brought it.
    Column("sequence_number", "string"),
)


def object_key(*, day: str, function: str, first_sequence_number: str) -> str:
    """Return the key of a batch's object; the same batch handed over again overwrites it.

    Parameters
    ----------
    day : str
        The counter's UTC date, such as ``2026-11-24``.
    function : str
    first_sequence_number : str
        Of the batch's first record of this day and function.
    """
    return f"{PREFIX}/dt={day}/function={function}/{first_sequence_number}.jsonl.gz"
