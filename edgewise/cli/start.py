"""`edgewise start`: open a function again."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

import typer

from edgewise.cli.console import AsJson, plainly, say
from edgewise.cli.operating import Function, Stack, Why, places, refusals_are_bad_input, show
from edgewise.engine import LOCAL_STACK

# The bound's terms for refused requests; opening by hand may buy each once more.
_REFUSED: Final = ("N_firewall·r", "N_gate·r", "N_ledger·r", "R")


EnableDistribution = Annotated[
    bool, typer.Option("--enable-distribution", help="Enable the distribution too, where a flood had it disabled.")
]


@plainly
def start(
    function: Function,
    why: Why,
    enable_distribution: EnableDistribution = False,
    stack: Stack = LOCAL_STACK,
    as_json: AsJson = False,
) -> None:
    """Open a function, whoever closed it; the gate stays closed while a quota is used up. No deployment.

    Example: edgewise start face-match --why "the flood is over"
    """
    from edgewise import operate

    cloud, target = places(stack, function)
    with refusals_are_bad_input():
        outcome = operate.start(
            cloud,
            target,
            why=why,
            enable_distribution=enable_distribution,
            another_flood_usd=lambda: _flood_usd(stack, function),
            say=say,
        )
    show(outcome, as_json=as_json)


def _flood_usd(stack: str, function: str) -> Decimal | None:
    """Return what the worst bill counts for refused requests; None when the settings don't say."""
    from edgewise.cli.described import endpoint
    from edgewise.cli.exits import CliError
    from edgewise.cost import bound as bounds
    from edgewise.models.catalogue import CatalogueError
    from infra.models import ModelMissingError

    try:
        worst = bounds.bound(endpoint(stack, function))
    except (CliError, CatalogueError, ModelMissingError):
        return None  # an estimate that can't be made must not keep anybody from opening
    if worst.status is not bounds.Status.FINITE:
        return None
    return sum((term.amount for term in worst.terms if term.symbol in _REFUSED), Decimal(0))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(start)
