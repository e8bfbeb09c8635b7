"""`edgewise rollback`: let the pinned model alone answer again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.cli.console import AsJson, plainly, say
from edgewise.cli.operating import Function, Stack, Why, places, refusals_are_bad_input, show
from edgewise.engine import LOCAL_STACK

if TYPE_CHECKING:
    import typer


@plainly
def rollback(function: Function, why: Why, stack: Stack = LOCAL_STACK, as_json: AsJson = False) -> None:
    """End a rollout: every edge answers with the pinned model from its next lease on. No deployment.

    Example: edgewise rollback face-match --why "it fails more often"
    """
    from edgewise import operate

    cloud, target = places(stack, function)
    with refusals_are_bad_input():
        outcome = operate.roll_back(cloud, target, why=why, say=say)
    show(outcome, as_json=as_json)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(rollback)
