"""The audit: rows as settle writes them, doubles planted, sums beside the ledger's, and SQL that Athena takes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlglot import exp

from edgewise.cost.audit import (
    QUERIES,
    Column,
    Counted,
    Lake,
    LakeBucketError,
    LakeError,
    compare,
    counted_from_item,
    duckdb_columns,
    duckdb_type,
    fetch,
    find_bucket,
    glue_columns,
)
from inference.lake import COLUMNS, PARTITIONS, PREFIX, object_key

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64
TUESDAY, WEDNESDAY = "2026-11-24", "2026-11-25"


def receipt(receipt_id: str, *, digest: str = A, sequence: str = "100", **changed: Any) -> dict[str, Any]:
    """A row as settle writes it: what is empty is left out."""
    row = {
        "receipt_id": receipt_id,
        "edge": "cloudfront",
        "digest": digest,
        "began_s": 1_795_520_000,
        "ended_s": 1_795_520_600,
        "outcomes": {"ok": 48, "shape": 2},
        "refused": {},
        "used": 50,
        "milliseconds": 1_100,
        "bytes_up": 3_375_000,
        "bytes_down": 5_000,
        "cold": 0,
        "waited": 1,
        "lost": 0,
        "unspent": 0,
        "leases": 1,
        "devices": 3,
        "top_device": 20,
        "latency_ms": "0;0;150x48",
        "sequence_number": sequence,
    }
    return row | changed


def write(folder: Path, rows: list[dict[str, Any]], *, day: str, function: str, first: str) -> None:
    key = object_key(day=day, function=function, first_sequence_number=first)
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
    path.write_bytes(gzip.compress(lines.encode(), mtime=0))


def planted(folder: Path) -> Path:
    """Two days, two functions, two digests; a batch that came again in other pieces."""
    r1 = receipt("r1", sequence="100", cold=1)
    r2 = receipt("r2", sequence="101", used=10, outcomes={"ok": 10}, unspent=40, refused={"quota": 7})
    r3 = receipt("r3", sequence="102", digest=B, used=20, outcomes={"ok": 5, "model": 15})
    write(folder, [r1, r2], day=TUESDAY, function="face-match", first="100")
    # Handed over again, cut after the first record.
    write(folder, [r2, r3], day=TUESDAY, function="face-match", first="101")
    write(folder, [receipt("r4", sequence="90", lost=1)], day=WEDNESDAY, function="face-match", first="90")
    write(folder, [receipt("s1", sequence="103", used=0, outcomes={})], day=TUESDAY, function="other", first="103")
    return folder


def opened(folder: Path) -> Lake:
    return Lake.open(folder, columns=COLUMNS, partitions=PARTITIONS)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return opened(planted(tmp_path))


def test_each_receipt_counts_once(lake: Lake) -> None:
    assert [row["receipt_id"] for row in lake.ask("receipts")] == ["r1", "r2", "r3", "s1", "r4"]


def test_the_doubles_are_found(lake: Lake) -> None:
    double = {"function": "face-match", "receipt_id": "r2", "copies": 2, "first_sequence_number": "101"}
    assert lake.ask("doubles") == [double]


def test_requests_by_day_function_and_digest(lake: Lake) -> None:
    rows = [tuple(row.values()) for row in lake.ask("requests")]
    assert rows == [
        (TUESDAY, "face-match", A, 2, 60, 1, 2),
        (TUESDAY, "face-match", B, 1, 20, 0, 1),
        (TUESDAY, "other", A, 1, 0, 0, 1),
        (WEDNESDAY, "face-match", A, 1, 50, 0, 1),
    ]


def test_outcomes_are_taken_out_of_their_map(lake: Lake) -> None:
    rows = [(row["dt"], row["digest"], row["outcome"], row["requests"]) for row in lake.ask("outcomes")]
    assert rows == [
        (TUESDAY, A, "ok", 58),
        (TUESDAY, A, "shape", 2),
        (TUESDAY, B, "model", 15),
        (TUESDAY, B, "ok", 5),
        (WEDNESDAY, A, "ok", 48),
        (WEDNESDAY, A, "shape", 2),
    ]
    assert [(row["reason"], row["requests"]) for row in lake.ask("refused")] == [("quota", 7)]


def test_success_is_a_share_and_none_where_nothing_was_asked(lake: Lake) -> None:
    rows = {(row["dt"], row["function"], row["digest"]): row for row in lake.ask("success")}
    assert rows[TUESDAY, "face-match", A]["success"] == pytest.approx(58 / 60)
    assert rows[TUESDAY, "face-match", B]["success"] == pytest.approx(0.25)
    assert rows[TUESDAY, "other", A]["success"] is None


def test_egress_in_bytes(lake: Lake) -> None:
    first = lake.ask("egress")[0]
    assert (first["dt"], first["bytes_up"], first["bytes_down"], first["milliseconds"]) == (
        TUESDAY,
        3 * 3_375_000,
        15_000,
        3_300,
    )


def test_sums_equal_the_ledgers(lake: Lake) -> None:
    # GIVEN a ledger that granted 200: 130 told as used, 40 given back, 30 never told of
    item = {
        name: {"N": str(value)} for name, value in {"granted": 200, "used": 130, "unspent": 40, "receipts": 4}.items()
    }
    other = Counted(granted=50, receipts=1, used=0, unspent=0)

    first, second = compare(lake, {"face-match": counted_from_item(item), "other": other})

    assert (first.equal, first.missing, first.doubles) == (True, 30, 1)
    assert first.verdict == "the lake has every receipt that the ledger counted"
    assert (second.function, second.equal, second.missing) == ("other", True, 50)
    assert json.loads(json.dumps(first.to_json()))["lake"]["used"] == 130


def test_a_lake_that_lags_says_by_how_much(lake: Lake) -> None:
    ledger = Counted(granted=300, receipts=6, used=200, unspent=50)
    comparison = compare(lake, {"face-match": ledger})[0]
    assert comparison.behind == {"receipts": 2, "used": 70, "unspent": 10}
    assert not comparison.equal
    assert comparison.verdict.startswith("the lake lacks 2 receipts")


def test_a_lake_with_more_than_the_ledger_is_told(lake: Lake) -> None:
    comparisons = compare(lake, {})
    assert [each.function for each in comparisons] == ["face-match", "other"]
    assert "more than the ledger" in comparisons[0].verdict


def test_a_ledger_before_its_first_lease_is_zero() -> None:
    assert counted_from_item({}) == Counted(granted=0, receipts=0, used=0, unspent=0)
    with pytest.raises(ValueError, match="its attributes are"):
        counted_from_item({"granted": {"S": "many"}})


def test_an_empty_lake_answers_nothing_and_has_its_columns(tmp_path: Path) -> None:
    lake = opened(tmp_path)
    assert {name: lake.ask(name) for name in QUERIES} == {name: [] for name in QUERIES}
    assert lake.columns() == duckdb_columns(COLUMNS) | dict.fromkeys(PARTITIONS, "VARCHAR")


def test_a_file_that_is_damaged_is_named(tmp_path: Path) -> None:
    planted(tmp_path)
    torn = tmp_path / PREFIX / f"dt={TUESDAY}" / "function=face-match" / "104.jsonl.gz"
    torn.write_bytes(gzip.compress(b'{"receipt_id": "r5", "used": "ma')[:-4])
    with pytest.raises(LakeError, match=r"104\.jsonl\.gz"):
        opened(tmp_path).ask("sums")


def test_an_unknown_query_is_refused(lake: Lake) -> None:
    with pytest.raises(LakeError, match="'everything' is unknown, use one of receipts"):
        lake.ask("everything")


# --- The schema: one list of columns for settle, Glue and DuckDB ---


def test_duckdb_reads_exactly_the_lakes_columns(lake: Lake) -> None:
    assert lake.columns() == duckdb_columns(COLUMNS) | dict.fromkeys(PARTITIONS, "VARCHAR")


def test_glue_declares_exactly_the_lakes_columns() -> None:
    assert [(each["name"], each["type"]) for each in glue_columns(COLUMNS)] == [tuple(column) for column in COLUMNS]


def test_both_types_say_the_same() -> None:
    """Through sqlglot's own types, which know nothing of this project."""
    for column in COLUMNS:
        hive = exp.DataType.build(column.hive_type, dialect="hive")
        assert exp.DataType.build(duckdb_type(column.hive_type), dialect="duckdb").sql("duckdb") == _bigger(hive)


def _bigger(hive: exp.DataType) -> str:
    """Return Hive's type in DuckDB's words, whose text is TEXT."""
    return hive.sql("duckdb").replace("VARCHAR", "TEXT")


def test_a_row_of_the_test_has_the_lakes_columns() -> None:
    assert set(receipt("r")) <= {column.name for column in COLUMNS}


def test_a_type_that_the_lake_may_not_use_is_refused() -> None:
    with pytest.raises(ValueError, match=r"array<string>.*use one of"):
        duckdb_type("array<string>")


def test_columns_of_the_lake_are_such_columns() -> None:
    columns: list[Column] = list(COLUMNS)
    assert columns


# --- The SQL, in Athena's dialect ---


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_parses_in_athenas_dialect(name: str) -> None:
    tree = sqlglot.parse_one(QUERIES[name], dialect="athena")
    assert isinstance(tree, exp.Select)
    tables = {table.name for table in tree.find_all(exp.Table)} - {cte.alias for cte in tree.find_all(exp.CTE)}
    assert tables == {"receipts"}


@pytest.mark.parametrize("name", QUERIES)
def test_no_query_names_a_column_that_the_lake_lacks(name: str) -> None:
    tree = sqlglot.parse_one(QUERIES[name], dialect="athena")
    made = {alias.alias for alias in tree.find_all(exp.Alias)} | {"outcome", "reason"}
    named = {column.name for column in tree.find_all(exp.Column)}
    assert named <= {column.name for column in COLUMNS} | set(PARTITIONS) | made


@pytest.mark.parametrize("name", QUERIES)
def test_no_function_of_a_query_is_one_dialects_alone(name: str) -> None:
    """Trino's manual, "Functions and operators": each of these is there under this name, and in DuckDB too.

    IF is how sqlglot calls a branch of CASE.
    """
    shared = {"ROW_NUMBER", "COUNT", "SUM", "MIN", "MAX", "COALESCE", "NULLIF", "MAP_KEYS", "UNNEST", "CAST", "CASE"}
    tree = sqlglot.parse_one(QUERIES[name], dialect="athena")
    assert {function.sql_name() for function in tree.find_all(exp.Func)} - {"AND", "OR", "IF"} <= shared


# --- From the bucket ---


class Bucket:
    """As much of S3's client as a fetch takes."""

    def __init__(self, objects: dict[str, bytes], *names: str) -> None:
        self.objects = objects
        self.names = names

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.names]}

    def get_paginator(self, operation: str) -> Bucket:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803  # boto3's own names
        keys = [key for key in sorted(self.objects) if key.startswith(Prefix)]
        return [{"Contents": [{"Key": key}]} for key in keys] + [{}]

    def download_file(self, bucket: str, key: str, path: str) -> None:
        Path(path).write_bytes(self.objects[key])


def test_objects_are_fetched_into_folders_that_can_be_read(tmp_path: Path) -> None:
    source = planted(tmp_path / "source")
    objects = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*.gz")}
    client = Bucket(objects | {"alerts/quota.json": b"{}", f"{PREFIX}/note.txt": b"by hand"})
    folder = tmp_path / "fetched"

    assert fetch(client, "lake", folder, prefix=PREFIX) == len(objects) == 4

    assert opened(folder).ask("sums") == opened(source).ask("sums")
    assert not (folder / "alerts").exists()


def test_a_key_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    client = Bucket({f"{PREFIX}/../../evil.jsonl.gz": b""})
    with pytest.raises(LakeBucketError, match=r"evil\.jsonl\.gz"):
        fetch(client, "lake", tmp_path, prefix=PREFIX)


def test_the_bucket_is_found_by_the_stacks_name() -> None:
    client = Bucket({}, "edgewise-local-models-1a2b", "edgewise-local-lake-1a2b", "edgewise-dev-lake-3c4d")
    assert find_bucket(client, "local") == "edgewise-local-lake-1a2b"
    with pytest.raises(LakeBucketError, match="stack prod has 0 buckets"):
        find_bucket(client, "prod")
