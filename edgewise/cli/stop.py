"""`edgewise stop`: close a function, at the edges and at the gate."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from edgewise.cli.console import AsJson, plainly, say
from edgewise.cli.operating import Function, Stack, Why, places, refusals_are_bad_input, show, until_s
from edgewise.engine import LOCAL_STACK

Until = Annotated[
    str | None,
    typer.Option("--until", help="ISO 8601 or a duration such as 2h; without it: no end.", show_default=False),
]


@plainly
def stop(
    function: Function, why: Why, until: Until = None, stack: Stack = LOCAL_STACK, as_json: AsJson = False
) -> None:
    """Close a function: no lease is granted, and the gate lets nothing pass once every edge knows. No deployment.

    Example: edgewise stop face-match --until 2h --why "a flood"
    """
    from edgewise import operate

    ends_s = until_s(until, time.time())
    cloud, target = places(stack, function)
    with refusals_are_bad_input():
        outcome = operate.stop(cloud, target, until_s=ends_s, why=why, say=say)
    show(outcome, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(stop)
