"""`edgewise up`: deploy the local stack with the real engine and start what its state says."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from edgewise import engine
from edgewise.cli import demonstration
from edgewise.cli.artefacts import ensure_models
from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.exits import CliError
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir
from edgewise.python313 import find_python313

if TYPE_CHECKING:
    from edgewise.local.supervisor import LocalEdgeStatus

Demo = Annotated[bool, typer.Option("--demo", help="Then let the reference device ask each function about real data.")]


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
    shown = demonstration.demonstrate(edge) if demo else None
    elapsed_s = round(time.monotonic() - started, 1)
    if as_json:
        asked = None if shown is None else {each.result.function: each.fields() for each in shown}
        answer({"stack": LOCAL_STACK, "elapsed_s": elapsed_s, "edge": edge.to_json(), "demo": asked})
    else:
        if shown:
            demonstration.show(shown)
        show_table(["function", "local edge"], sorted(edge.endpoints.items()))
        if edge.dashboard_url:
            say(f"dashboard: {edge.dashboard_url}")
        say(f"up in {elapsed_s} s; stop it with 'make down'")
    failed = [each.result.function for each in shown or [] if not each.passed]
    if failed:
        raise CliError(f"the demonstration of {', '.join(failed)} did not pass: see above what was not as expected")


def _start_edge() -> LocalEdgeStatus:
    from edgewise.cli.described import read_stack
    from edgewise.local import supervisor

    # The owner put the plan on the distribution by hand: the state knows nothing of it, the meter must.
    billing = {name: {"plan": function.plan} for name, function in read_stack(LOCAL_STACK).functions.items()}
    return supervisor.start(engine.export(LOCAL_STACK), run_dir(), say=say, billing=billing)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(up)
