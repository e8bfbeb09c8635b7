"""`edgewise status`: say what runs."""

from __future__ import annotations

import typer

from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import running_edge
from edgewise.cli.exits import CliError


@plainly
def status(as_json: AsJson = False) -> None:
    """Say what runs of the local edge: 0 when all of it is well, 1 when a part is not, 3 when none runs.

    Example: edgewise status --json
    """
    edge = running_edge()
    if as_json:
        answer(edge.to_json())
    else:
        show_table(["function", "local edge"], sorted(edge.endpoints.items()))
        say(str(edge.python["sentence"]))
        say("processes: " + ", ".join(f"{name} {pid}" for name, pid in sorted(edge.pids.items())))
        for note in edge.notes:
            say(f"note: {note}")
    if not edge.healthy:
        raise CliError("a part of the local edge does not answer; run 'make up' again")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)
