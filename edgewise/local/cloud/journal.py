"""A journal of DynamoDB writes: what the runtime was told is written survives the emulator's death."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

WRITES: Final = frozenset({"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"})


class Journal:
    """An append-only file of acknowledged writes, one JSON line each, readable by its owner alone.

    A line is written after the emulator applied the write and before its caller hears of it: a write
    that was acknowledged is never lost with a killed process. A power cut is not survived (no fsync).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        _drop_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, operation: str, body: bytes) -> None:
        """Note one write: the operation's name and the request's body."""
        line = json.dumps([operation, body.decode()], separators=(",", ":"))
        os.write(self._file, line.encode() + b"\n")

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """Yield the writes in their order."""
        return self.read(self._path)

    @staticmethod
    def read(path: Path) -> Iterator[tuple[str, bytes]]:
        """Yield the writes of a journal that another process may be writing on; a line without its end is left out."""
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    operation, body = json.loads(line)
                    yield operation, body.encode()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def _drop_torn_line(path: Path) -> None:
    """Cut off a last line without its end: the process died in mid-write and nobody was told."""
    if not path.exists():
        return
    whole = path.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end != len(whole):
        os.truncate(path, end)
