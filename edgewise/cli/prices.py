"""`edgewise prices`: the price sheet with its sources and its age, and what a newer one would change."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.exits import CliError, ExitCode

if TYPE_CHECKING:
    from edgewise.cost.prices import PriceLine

Offers = Annotated[Path, typer.Option("--file", help="A file in AWS's Price List format.", exists=True, dir_okay=False)]

verbs = typer.Typer(invoke_without_command=True, help="The price sheet.")


@verbs.callback(invoke_without_command=True)
@plainly
def prices(context: typer.Context, as_json: AsJson = False) -> None:
    """List every price with its unit, source and age.

    Example: edgewise prices --json
    """
    if context.invoked_subcommand is not None:
        return
    from edgewise.cost import render
    from edgewise.cost.prices import default_prices

    sheet, today = default_prices(), datetime.now(UTC).date()
    if as_json:
        answer({"as_of": today.isoformat(), "lines": [_line(line, today) for line in sheet]})
        return
    Console().print(render.prices_table(sheet, today))


@verbs.command()
@plainly
def refresh(file: Offers, as_json: AsJson = False) -> None:
    """Read AWS's Price List from a file and show what it would change in the sheet; nothing is written.

    Example: edgewise prices refresh --file offers.json
    """
    from edgewise.cost.prices import default_prices
    from edgewise.cost.refresh import OfferError
    from edgewise.cost.refresh import refresh as read

    try:
        found = read(default_prices(), file)
    except OfferError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from None
    unmatched = [f"{line.price_id} [{line.place}]" for line in found.unmatched]
    if as_json:
        changed = [str(change) for change in found.changed]
        answer({"file": str(file), "changed": changed, "same": len(found.same), "unmatched": unmatched})
        return
    for change in found.changed:
        print(change)
    print(
        f"{len(found.changed)} changed, {len(found.same)} the same, {len(unmatched)} not in this file; nothing written"
    )


def _line(line: PriceLine, today: date) -> dict[str, Any]:
    return {
        "id": line.price_id,
        "place": line.place,
        "unit": line.unit,
        "per": line.per,
        "tiers": [{"above": str(tier.above), "usd": str(tier.price)} for tier in line.tiers],
        "basis": line.basis,
        "source": line.source,
        "dated": line.dated.isoformat(),
        "age_days": (today - line.dated).days,
    }


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.add_typer(verbs, name="prices")
