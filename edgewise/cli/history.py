"""`edgewise history`: what was done to a function, by whom, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgewise.cli.console import AsJson, answer, plainly, show_table
from edgewise.cli.operating import Function, Stack, places
from edgewise.engine import LOCAL_STACK

if TYPE_CHECKING:
    import typer


@plainly
def history(function: Function, stack: Stack = LOCAL_STACK, as_json: AsJson = False) -> None:
    """Show every stop, start, rollout and rollback of a function, newest first; how it stands now comes first.

    Example: edgewise history face-match
    """
    from edgewise import operate

    cloud, target = places(stack, function)
    position, actions = operate.look(cloud, target), operate.history(cloud, target)
    if as_json:
        shown = [action.to_json() for action in actions]
        answer({"stack": stack, "function": function, "now": position.to_json(), "actions": shown})
        return
    rows = [(action.when, action.action, action.who, action.why, action.details) for action in actions]
    show_table(["when (UTC)", "action", "who", "why", "details"], rows, title=f"{function}: {position}")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(history)
