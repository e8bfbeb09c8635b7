"""`edgewise status`: say what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import read_deployment, running_edge
from edgewise.cli.exits import CliError
from edgewise.cli.operating import cloud_of, target_of
from edgewise.engine import LOCAL_STACK, EngineError

if TYPE_CHECKING:
    from edgewise.operate import Position


@plainly
def status(as_json: AsJson = False) -> None:
    """Say what runs of the local edge, and what is open: 0 when all of it is well, 1 when a part is not, 3 for none.

    Example: edgewise status --json
    """
    edge = running_edge()
    positions = _positions(sorted(edge.endpoints))
    if as_json:
        told = {name: found if isinstance(found, str) else found.to_json() for name, found in positions.items()}
        answer({**edge.to_json(), "positions": told})
    else:
        rows = [(name, url, str(positions[name])) for name, url in sorted(edge.endpoints.items())]
        show_table(["function", "local edge", "now"], rows)
        if edge.dashboard_url:
            say(f"dashboard: {edge.dashboard_url}")
        say(str(edge.python["sentence"]))
        say("processes: " + ", ".join(f"{name} {pid}" for name, pid in sorted(edge.pids.items())))
        for note in edge.notes:
            say(f"note: {note}")
    if not edge.healthy:
        raise CliError("a part of the local edge does not answer; run 'make up' again")


def _positions(functions: list[str]) -> dict[str, Position | str]:
    """Return how each function's switches stand, or why nobody can say: a status must come whatever is down."""
    from edgewise import operate

    try:
        deployment, cloud = read_deployment(LOCAL_STACK), cloud_of(LOCAL_STACK)
    except (CliError, EngineError) as error:
        return dict.fromkeys(functions, f"unknown: {error}")

    def position(function: str) -> Position | str:
        try:
            return operate.look(cloud, target_of(deployment, function))
        except (CliError, operate.OperateError) as error:
            return f"unknown: {error}"

    return {function: position(function) for function in functions}


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(status)
