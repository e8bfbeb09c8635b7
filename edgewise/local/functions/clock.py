"""A wall clock that can be shifted: the seconds stand in a small file that every environment maps.

The environments' side is `injected_clock.py`, which lies beside the runtime client, never in a zip.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Final

CLOCK_VARIABLE: Final = "EDGEWISE_CLOCK_FILE"
# One double, in the machine's own order: a write of eight bytes is seen whole.
_OFFSET: Final = struct.Struct("d")
INJECTED: Final = Path(__file__).with_name("injected_clock.py")


def make_clock(path: Path) -> None:
    """Make the file when there is none: a clock that goes right."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_offset(path, 0.0)


def write_offset(path: Path, offset_s: float) -> None:
    """Shift the clock of all that read the file; it is written in place, because they map it."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        os.pwrite(file, _OFFSET.pack(offset_s), 0)
    finally:
        os.close(file)


def read_offset(path: Path | None) -> float:
    """Return the seconds that the clock is shifted by; 0 without a file."""
    try:
        content = path.read_bytes() if path is not None else b""
    except FileNotFoundError:
        return 0.0
    return float(_OFFSET.unpack(content)[0]) if len(content) == _OFFSET.size else 0.0


def now_s(path: Path | None) -> float:
    """Return Unix seconds on the shifted clock."""
    return time.time() + read_offset(path)
