"""A stretch's receipts as objects of the lake: one a day and function, the same bytes whenever it is handed over."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

from inference.lake import COLUMNS, object_key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inference.settle.decode import Change


def write(client: Any, bucket: str, changes: Iterable[Change]) -> None:
    """Write the receipts of a stretch.

    A repeated write overwrites an object with the same bytes. A batch that is cut in another place the second time
    makes a second object: then a `receipt_id` stands twice, and whoever adds up takes it once.

    Parameters
    ----------
    client : Any
        A client of S3.
    bucket : str
    changes : iterable of Change
        In the stream's order.
    """
    for key, body in objects(changes).items():
        client.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/gzip")


def objects(changes: Iterable[Change]) -> dict[str, bytes]:
    """Return key and bytes of each object."""
    groups: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        if change.receipt:
            groups.setdefault((change.after.day, change.function), []).append(change)
    return {
        object_key(day=day, function=function, first_sequence_number=group[0].sequence_number): _packed(group)
        for (day, function), group in groups.items()
    }


def _packed(group: list[Change]) -> bytes:
    lines = "".join(json.dumps(row(change), separators=(",", ":")) + "\n" for change in group)
    return gzip.compress(lines.encode(), mtime=0)  # the time would make other bytes of the same rows


def row(change: Change) -> dict[str, Any]:
    """Return a receipt's row, in the order of the lake's columns.

    Raises
    ------
    KeyError
        When the lake has a column that nothing fills.
    """
    receipt = change.receipt
    assert receipt is not None
    sketches = {name: sketch.to_text() for name, sketch in receipt.sketches.items() if len(sketch)}
    told = {
        "receipt_id": receipt.receipt_id,
        "edge": change.edge,
        "digest": receipt.digest,
        "began_s": receipt.began_s,
        "ended_s": receipt.ended_s,
        "outcomes": receipt.outcomes,
        "refused": receipt.refused,
        "used": receipt.used,
        "milliseconds": receipt.milliseconds,
        "bytes_up": receipt.bytes_up,
        "bytes_down": receipt.bytes_down,
        "cold": receipt.cold,
        "waited": receipt.waited,
        "lost": receipt.lost,
        "unspent": receipt.unspent,
        "leases": receipt.leases,
        "devices": receipt.devices,
        "top_device": receipt.top_device,
        "latency_ms": sketches.get("latency_ms"),
        "score": sketches.get("score"),
        "bytes_up_sketch": sketches.get("bytes_up"),
        "sequence_number": change.sequence_number,
    }
    return {column.name: told[column.name] for column in COLUMNS if told[column.name] is not None}
