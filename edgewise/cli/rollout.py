"""`edgewise rollout`: let another model answer a share of the leases."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.console import AsJson, plainly, say
from edgewise.cli.operating import Function, Stack, Why, places, refusals_are_bad_input, show
from edgewise.engine import LOCAL_STACK

Digest = Annotated[str, typer.Argument(help="sha256: and 64 digits, of a model that takes what the pinned one takes.")]
Percent = Annotated[float, typer.Option("--percent", help="The share of the leases, 0 to 100.")]


@plainly
def rollout(
    *,
    function: Function,
    digest: Digest,
    percent: Percent,
    why: Why,
    stack: Stack = LOCAL_STACK,
    as_json: AsJson = False,
) -> None:
    """Let another model answer a share of the leases; the bucket gets it first where it is missing. No deployment.

    Example: edgewise rollout face-match sha256:… --percent 10 --why "try the new gallery"
    """
    from edgewise import operate

    cloud, target = places(stack, function)
    with refusals_are_bad_input():
        outcome = operate.roll_out(cloud, target, digest=digest, percent=percent, why=why, say=say)
    show(outcome, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(rollout)
