"""`edgewise simulate`: whole months of adversaries against the bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import track

from edgewise.cli.console import AsJson, answer, plainly, show_table
from edgewise.cli.described import endpoint
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK

if TYPE_CHECKING:
    from edgewise.cost.simulate import Month

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Stack = Annotated[str, typer.Option("--stack", help="A stack of stacks/.")]
Months = Annotated[int, typer.Option("--months", min=1, max=1000, help="Months an adversary.")]
Only = Annotated[list[str] | None, typer.Option("--adversary", help="Only this one; may be repeated.")]


@plainly
def simulate(
    function: Function,
    stack: Stack = LOCAL_STACK,
    months: Months = 3,
    adversary: Only = None,
    as_json: AsJson = False,
) -> None:
    """Let adversaries spend whole simulated months and compare with the bound. 1 when one outspends it.

    Example: edgewise simulate face-match --months 20
    """
    from edgewise.cost import bound as bounds
    from edgewise.cost.prices import default_prices
    from edgewise.cost.simulate import ADVERSARIES
    from edgewise.cost.simulate import simulate as spend

    described = endpoint(stack, function)
    names = adversary or list(ADVERSARIES)
    unknown = [name for name in names if name not in ADVERSARIES]
    if unknown:
        raise CliError(f"--adversary {unknown[0]!r}: there are {', '.join(ADVERSARIES)}", ExitCode.BAD_INPUT)
    sheet = default_prices()
    most = bounds.bound(described, sheet)
    worst = {}
    for name in track(names, description="simulating", disable=as_json):
        runs = [spend(described, sheet, ADVERSARIES[name], seed, _month(seed)) for seed in range(months)]
        worst[name] = max(run.total for run in runs)
    broken = [name for name, total in worst.items() if total > most.total]
    if as_json:
        spent = {name: str(total) for name, total in worst.items()}
        answer({"function": function, "months": months, "bound_usd": str(most.total), "worst_usd": spent})
    else:
        rows = [
            (name, ADVERSARIES[name].description, f"{total:.2f}", f"{total / most.total:.2f}")
            for name, total in sorted(worst.items(), key=lambda item: -item[1])
        ]
        title = f"{function}: worst of {months} months each; the bound is {most.total_usd} USD"
        show_table(["adversary", "what it does", "USD", "of the bound"], rows, title=title)
    if broken:
        raise CliError(f"{', '.join(broken)} outspent the bound of {most.total_usd} USD")


def _month(seed: int) -> Month:
    """Take the next calendar month for each seed, so that long and short ones all have their turn."""
    from edgewise.cost.simulate import Month

    return Month(2027 + seed // 12, seed % 12 + 1)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(simulate)
