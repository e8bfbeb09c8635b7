"""What a function prints: kept in its log, and told line by line."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path

LOG: Final = logging.getLogger("edgewise.local.functions.output")
# CloudWatch Logs, "Quotas": 1 MB an event. A longer line is kept in the log and told to nobody.
MAX_LINE_BYTES: Final = 1_048_576
_CHUNK_BYTES: Final = 65_536


async def follow(stream: asyncio.StreamReader, log_file: Path, on_line: Callable[[bytes], None]) -> None:
    """Read a process's output to its end.

    Parameters
    ----------
    stream : asyncio.StreamReader
    log_file : Path
        Everything is appended to it.
    on_line : callable
        Takes each whole line without its end. What it raises is logged and stops nothing.
    """
    rest = b""
    with log_file.open("ab", buffering=0) as log:
        while chunk := await stream.read(_CHUNK_BYTES):
            log.write(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > MAX_LINE_BYTES:
                rest = rest[:MAX_LINE_BYTES]
            for line in lines:
                if line and len(line) < MAX_LINE_BYTES:
                    _tell(line, on_line)
    if rest:
        _tell(rest, on_line)


def _tell(line: bytes, on_line: Callable[[bytes], None]) -> None:
    try:
        on_line(line)
    except Exception:
        LOG.exception("a line of a function's output was not understood")
