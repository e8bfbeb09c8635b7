"""`edgewise down`: stop the local edge and destroy the local stack."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from edgewise import engine
from edgewise.cli.console import AsJson, answer, plainly, say
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir

KeepState = Annotated[bool, typer.Option("--keep-state", help="Only stop the local edge; keep the stack.")]


@plainly
def down(keep_state: KeepState = False, as_json: AsJson = False) -> None:
    """Stop the local edge and destroy the local stack.

    Example: edgewise down --keep-state
    """
    from edgewise.local import supervisor

    was_running = supervisor.status(run_dir()) is not None
    supervisor.stop(run_dir(), keep_data=keep_state)
    destroys = engine.has_state() and not keep_state
    if destroys:
        engine.destroy(LOCAL_STACK, say=say, output=sys.stderr if as_json else None)
    if as_json:
        answer({"stack": LOCAL_STACK, "was_running": was_running, "destroyed": destroys})
        return
    say("the local edge is stopped" if was_running else "the local edge was not running")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(down)
