"""`edgewise up`: deploy the local stack with the real engine and start what its state says."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgewise import engine
from edgewise.cli.artefacts import ensure_models
from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir
from edgewise.python313 import find_python313

if TYPE_CHECKING:
    from edgewise.local.supervisor import LocalEdgeStatus

Demo = Annotated[bool, typer.Option("--demo", help="Then let the reference device ask about real faces.")]


@plainly
def up(demo: Demo = False, as_json: AsJson = False) -> None:
    """Deploy the local stack and start the local edge.

    Example: edgewise up --demo
    """
    started = time.monotonic()
    engine.pulumi_path()
    ensure_models(LOCAL_STACK, say=say)
    find_python313(build=True, say=say)  # the program wants it as well: here its progress can be seen
    engine.up(LOCAL_STACK, say=say, output=sys.stderr if as_json else None)
    edge = _start_edge()
    shown = _demonstrate(edge, as_json=as_json) if demo else None
    elapsed_s = round(time.monotonic() - started, 1)
    if as_json:
        answer({"stack": LOCAL_STACK, "elapsed_s": elapsed_s, **describe(edge), "demo": shown})
        return
    show_table(["function", "local edge"], sorted(edge.endpoints.items()))
    say(f"up in {elapsed_s} s; stop it with 'make down'")


def describe(edge: LocalEdgeStatus) -> dict[str, Any]:
    """Return what JSON answers say of a running local edge."""
    return {
        "endpoints": dict(edge.endpoints),
        "python": edge.python,
        "pids": edge.pids,
        "healthy": edge.healthy,
    }


def _start_edge() -> LocalEdgeStatus:
    from edgewise.local import supervisor

    return supervisor.start(engine.export(LOCAL_STACK), run_dir(), say=say)


def _demonstrate(edge: LocalEdgeStatus, *, as_json: bool) -> Any:
    raise NotImplementedError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(up)
