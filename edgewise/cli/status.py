"""`edgewise status`: say what runs."""

from __future__ import annotations

import typer

from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import running_edge
from edgewise.cli.exits import ExitCode
from edgewise.cli.up import describe


@plainly
def status(as_json: AsJson = False) -> None:
    """Say what runs of the local edge: 0 when all of it is well, 1 when a part is not, 3 when none runs.

    Example: edgewise status --json
    """
    edge = running_edge()
    if as_json:
        answer(describe(edge))
    else:
        show_table(["function", "local edge"], sorted(edge.endpoints.items()))
        say(f"Python: {edge.python}; processes: {edge.pids}")
    if not edge.healthy:
        say("error: a part of the local edge has died; run 'make up' again")
        raise typer.Exit(ExitCode.FAILED)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)
