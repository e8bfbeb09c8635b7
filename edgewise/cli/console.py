"""What the verbs show: progress and errors on standard error, the answer on standard output."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Final, ParamSpec, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from edgewise.cli.exits import CliError, ExitCode

P = ParamSpec("P")
R = TypeVar("R")

TRACEBACK_VARIABLE: Final = "EDGEWISE_TRACEBACK"
# An error that the project's own code raises says all there is to say; of any other the kind is shown too.
OWN_PACKAGES: Final = ("edgewise", "inference", "infra")

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON on standard output.")]


def say(message: str) -> None:
    """Show a line of progress."""
    print(message, file=sys.stderr, flush=True)


def answer(fields: Mapping[str, Any]) -> None:
    """Print a machine's answer."""
    print(json.dumps(fields, indent=2), flush=True)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None) -> None:
    """Print a table."""
    table = Table(*columns, title=title, title_justify="left")
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def plainly(verb: Callable[P, R]) -> Callable[P, R]:
    """End a verb that fails with one sentence and an exit code, and with ``--json`` in JSON as well.

    ``EDGEWISE_TRACEBACK=1`` shows where the error came from.
    """

    @functools.wraps(verb)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return verb(*args, **kwargs)
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            code, message = ExitCode.INTERRUPTED, "interrupted"
        except Exception as error:
            code, message = _explain(error)
        say(f"error: {message}")
        if kwargs.get("as_json"):
            answer({"error": message, "exit_code": int(code)})
        raise typer.Exit(code)

    return run


def _explain(error: Exception) -> tuple[ExitCode, str]:
    if os.environ.get(TRACEBACK_VARIABLE):
        traceback.print_exception(error)
    if isinstance(error, CliError):
        return error.code, str(error)
    if type(error).__module__.split(".")[0] in OWN_PACKAGES:
        return ExitCode.FAILED, str(error)
    hint = f"set {TRACEBACK_VARIABLE}=1 to see where it comes from"
    return ExitCode.FAILED, f"{type(error).__name__}: {error} ({hint})"
