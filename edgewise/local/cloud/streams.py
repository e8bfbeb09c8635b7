"""The stream records of a write, in the form in which Lambda hands them to a function.

moto makes them, in order and with the right images; it numbers them anew after each start, so they get numbers of
ours. AWS, DynamoDB API Reference, "Record" and "StreamRecord".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from moto.dynamodb.models import dynamodb_backends

if TYPE_CHECKING:
    from collections.abc import Sequence

# 21 digits, as AWS's are at least; they are compared as numbers and, of one length, as text.
_FIRST_SEQUENCE_NUMBER: Final = 100_000_000_000_000_000_000
SHARD: Final = "shardId-00000001541626099285-f35f62ef"


@dataclass(kw_only=True, slots=True)
class Streams:
    """Takes what moto adds to the tables' streams.

    Attributes
    ----------
    account, region : str
        Where moto keeps the tables.
    tables : sequence of str
        Those with a stream.
    made : int
        Records that were numbered so far.
    """

    account: str
    region: str
    tables: Sequence[str]
    made: int = 0
    _seen: dict[str, int] = field(default_factory=dict)

    def skip(self) -> None:
        """Take what is there for seen: the writes of a seed and of a replay."""
        for table in self.tables:
            self._seen[table] = len(self._items(table))

    def take(self, now_s: float) -> list[dict[str, Any]]:
        """Return what was added since, numbered.

        Parameters
        ----------
        now_s : float
            Unix seconds, on the clock that the functions see.
        """
        found = []
        for table in self.tables:
            items = self._items(table)
            # A refused transaction puts back an older copy of the table, and of its stream.
            seen = min(self._seen.get(table, 0), len(items))
            found += [self._record(entry.to_json(), table, now_s) for entry in items[seen:] if _changed(entry)]
            self._seen[table] = len(items)
        return found

    def _items(self, table: str) -> list[Any]:
        shard = dynamodb_backends[self.account][self.region].tables[table].stream_shard
        return shard.items if shard is not None else []

    def _record(self, told: dict[str, Any], table: str, now_s: float) -> dict[str, Any]:
        number = str(_FIRST_SEQUENCE_NUMBER + self.made)
        self.made += 1
        change = {**told["dynamodb"], "ApproximateCreationDateTime": float(int(now_s)), "SequenceNumber": number}
        identity = hashlib.sha256(f"{table}/{number}".encode()).hexdigest()[:32]
        return {
            "eventID": identity,
            "eventName": told["eventName"],
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": self.region,
            "dynamodb": change,
            # Which table; whoever hands the record on writes the stream's ARN instead.
            "eventSourceARN": table,
        }


def number_of(sequence_number: str) -> int:
    """Return the place of a sequence number among all, from 0."""
    return int(sequence_number) - _FIRST_SEQUENCE_NUMBER


def _changed(entry: Any) -> bool:
    """Tell whether a record is one in AWS: a write that changes nothing makes none there, in moto it does."""
    change = entry.to_json()["dynamodb"]
    return "OldImage" not in change or change["OldImage"] != change.get("NewImage")
