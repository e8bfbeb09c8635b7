"""The exit codes of every verb, and the error that carries one."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What an exit code means."""

    OK = 0
    FAILED = 1
    """Something went wrong; the sentence on standard error says what."""
    BAD_INPUT = 2
    """The command line or a file named on it can't be used."""
    NOT_RUNNING = 3
    """The stack is not deployed, or its local edge is not running."""
    REFUSED = 4
    """The edge answered 4xx: signature, size, quota and the like."""
    UNAVAILABLE = 5
    """The edge answered 5xx, or could not be reached."""
    INTERRUPTED = 130
    """Ended by Ctrl-C, as shells count it."""


class CliError(Exception):
    """Ends a verb with a sentence for the user and an exit code."""

    def __init__(self, message: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(message)
        self.code = code
