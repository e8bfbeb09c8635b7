"""The files of a running local edge, in its run folder."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgewise.paths import cache_dir

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def clock_folder() -> Path:
    """Return the folder of all local edges' clocks.

    Environments may have a root file system of their own, into which folders are bound: one folder for all
    leaves no more than one empty folder in there.
    """
    folder = cache_dir() / "clocks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class RunFiles:
    """Names in a run folder. Those that may hold secrets are readable by their owner alone."""

    folder: Path

    @property
    def status(self) -> Path:
        """How things stand, without secrets."""
        return self.folder / "local-edge.json"

    @property
    def admin_token(self) -> Path:
        """The token of the admin port."""
        return self.folder / "admin-token"

    @property
    def journal(self) -> Path:
        """The runtime's writes to DynamoDB."""
        return self.folder / "dynamodb-journal.jsonl"

    @property
    def store_changes(self) -> Path:
        """Changes to key-value stores at run time."""
        return self.folder / "store-changes.json"

    @property
    def requests_journal(self) -> Path:
        """The runtime's writes to the other services: the lake's objects, metrics, dead letters."""
        return self.folder / "requests-journal.jsonl"

    @property
    def inbox(self) -> Path:
        """The alerts that people were sent."""
        return self.folder / "inbox.jsonl"

    @property
    def home_memory(self) -> Path:
        """Where the home Region's streams, alarms and meters stand."""
        return self.folder / "home"

    @property
    def clock(self) -> Path:
        """The seconds that this local edge's clock is shifted by."""
        return clock_folder() / hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:16]

    def log(self, name: str) -> Path:
        """Return a log file's path; its folder is made when it is missing."""
        folder = self.folder / "logs"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder / f"{name}.log"

    def read_status(self) -> dict[str, object]:
        """Return what the keeper wrote last; empty when it never did."""
        try:
            content = json.loads(self.status.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def write_status(self, content: Mapping[str, object]) -> None:
        """Write it so that a reader sees the old file or the new one."""
        scratch = self.status.with_suffix(".new")
        scratch.write_text(json.dumps(content, indent=2, sort_keys=True) + "\n")
        scratch.replace(self.status)

    @staticmethod
    def write_secret(path: Path, text: str) -> None:
        """Write a file that its owner alone can read."""
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)

    def forget(self, *, data: bool) -> None:
        """Remove what a stopped local edge leaves; with `data`, what it remembered too."""
        gone = [self.status, self.admin_token]
        if data:
            gone += [self.journal, self.store_changes, self.requests_journal, self.inbox, self.clock]
            shutil.rmtree(self.home_memory, ignore_errors=True)
        for path in gone:
            path.unlink(missing_ok=True)

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Let one caller at a time start or stop."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
