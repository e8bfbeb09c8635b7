"""A journal of DynamoDB writes: what the runtime was told is written survives the emulator's death.

It is the tables' stream too. A line holds the write, when it was made, and the stream records that it made, so that
a write and its records are kept or lost together. A replay makes no records: what a stream has handed out once it
never hands out again as new.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


class Written(NamedTuple):
    """A line with stream records: where it ends in the file, when it was written, the records."""

    end: int
    written_s: float
    records: list[dict[str, Any]]


class Journal:
    """An append-only file of acknowledged writes, one JSON line each, readable by its owner alone.

    A line is written after the emulator applied the write and before its caller hears of it: a write
    that was acknowledged is never lost with a killed process. A power cut is not survived (no fsync).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        drop_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(
        self, operation: str, body: bytes, *, written_s: float = 0.0, records: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Note one write: the operation's name, the request's body, the stream records that it made."""
        line = json.dumps([operation, body.decode(), written_s, records], separators=(",", ":"))
        os.write(self._file, line.encode() + b"\n")

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield the writes in their order."""
        return self.read(self._path)

    def lines(self) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
        """Yield the writes in their order: the operation, its body, the stream records that it made."""
        for _, (operation, body, *stream) in _lines(self._path, 0):
            yield operation, json.loads(body), stream[1] if stream else []

    @staticmethod
    def read(path: Path) -> Iterator[tuple[str, bytes]]:
        """Yield the writes of a journal that another process may be writing on; a line without its end is left out."""
        for _, (operation, body, *_) in _lines(path, 0):
            yield operation, body.encode()

    @staticmethod
    def stream(path: Path, start: int) -> Iterator[Written]:
        """Yield the stream records behind a place in the file, a write at a time; none when there is no file yet."""
        if path.exists():
            for end, (_, _, *stream) in _lines(path, start):
                written_s, records = stream or (0.0, [])
                yield Written(end=end, written_s=written_s, records=records)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _lines(path: Path, start: int) -> Iterator[tuple[int, list[Any]]]:
    with path.open("rb") as lines:
        end = lines.seek(start)
        for line in lines:
            if line.endswith(b"\n"):
                end += len(line)
                yield end, json.loads(line)


def drop_torn_line(path: Path) -> None:
    """Cut off a last line without its end: the process died in mid-write and nobody was told."""
    if not path.exists():
        return
    whole = path.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end != len(whole):
        os.truncate(path, end)
