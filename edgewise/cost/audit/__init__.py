"""The audit: the lake of receipts in SQL, and its sums beside the ledger's.

The same SQL runs in DuckDB over files and in Athena over the bucket. A lake is read with `Lake.open`, its bucket
brought to a folder with `fetch`, and compared with the ledger's counter item by `compare`.
"""

from __future__ import annotations

from edgewise.cost.audit.compare import Comparison, Counted, compare, counted_from_item
from edgewise.cost.audit.fetch import LakeBucketError, fetch, find_bucket
from edgewise.cost.audit.queries import QUERIES
from edgewise.cost.audit.reader import Lake, LakeError
from edgewise.cost.audit.schema import Column, duckdb_columns, duckdb_type, glue_columns

__all__ = [
    "QUERIES",
    "Column",
    "Comparison",
    "Counted",
    "Lake",
    "LakeBucketError",
    "LakeError",
    "compare",
    "counted_from_item",
    "duckdb_columns",
    "duckdb_type",
    "fetch",
    "find_bucket",
    "glue_columns",
]
