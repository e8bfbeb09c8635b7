"""`edgewise bound`: the worst bill of a month, with its arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.described import budgets_usd, endpoints, read_stack
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK

Stack = Annotated[str, typer.Argument(help="A stack of stacks/.")]
Explain = Annotated[bool, typer.Option("--explain", help="Show every line's arithmetic and assumptions.")]
WhatIf = Annotated[
    list[str] | None, typer.Option("--what-if", help="key=value, laid over every function; may be repeated.")
]
Picture = Annotated[Path | None, typer.Option("--picture", help="Also draw it: a path that ends in .html or .svg.")]


@plainly
def bound(
    stack: Stack = LOCAL_STACK,
    explain: Explain = False,
    what_if: WhatIf = None,
    picture: Picture = None,
    as_json: AsJson = False,
) -> None:
    """Print the worst bill of a calendar month, by function and in total; exit code 1 when one is over its budget.

    Example: edgewise bound prod --explain --what-if daily_quota=50000
    """
    from edgewise.cost import bound as bounds
    from edgewise.cost import picture as drawing
    from edgewise.cost import render
    from edgewise.cost.what_if import what_if as changed
    from infra.bound import shared_resources

    settings = read_stack(stack)
    budgets = budgets_usd(settings)
    try:
        described = {name: changed(each, what_if or []) for name, each in endpoints(settings).items()}
    except ValueError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from None
    entries = [render.Entry(bound=bounds.bound(each), budget_usd=budgets[name]) for name, each in described.items()]
    shared = render.Entry(bound=bounds.shared_bound(shared_resources(settings)), budget_usd=None)
    if picture is not None:
        drawing.write([*entries, shared], picture)
    if as_json:
        shown = [render.to_json(entry.bound, entry.budget_usd) for entry in entries]
        answer({"stack": stack, "functions": shown, "shared": render.to_json(shared.bound)})
    else:
        Console().print(render.bounds_table([*entries, shared], title=f"{stack}: the worst month, USD"))
        if explain:
            for entry in [*entries, shared]:
                print(render.explain(entry.bound))
    if not all(entry.bound.fits(entry.budget_usd) for entry in entries if entry.budget_usd is not None):
        raise typer.Exit(ExitCode.FAILED)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(bound)
