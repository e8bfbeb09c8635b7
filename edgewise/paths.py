"""Where things are on disk: the checkout, what it keeps for itself, and the cache outside it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PROJECT_ROOT: Final = Path(__file__).resolve().parent.parent
OWN_DIR: Final = ".edgewise"


def cache_dir() -> Path:
    """Return the cache that all checkouts share, ``${XDG_CACHE_HOME:-~/.cache}/edgewise``."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "edgewise"


def state_dir(root: Path = PROJECT_ROOT) -> Path:
    """Return the folder of the local stack's state. It holds secrets: its mode is 0700."""
    return _private(root / OWN_DIR / "state")


def run_dir(root: Path = PROJECT_ROOT) -> Path:
    """Return the folder of the running local edge: process ids, ports, logs. Its mode is 0700."""
    return _private(root / OWN_DIR / "run")


def build_dir(root: Path = PROJECT_ROOT) -> Path:
    """Return the folder of what is built: zips and gates."""
    return _private(root / OWN_DIR / "build")


def engine_home(root: Path = PROJECT_ROOT) -> Path:
    """Return `pulumi`'s own home for local and stand-in runs, apart from the user's."""
    return _private(root / OWN_DIR / "engine")


def _private(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    folder.parent.chmod(0o700)
    folder.chmod(0o700)
    return folder
