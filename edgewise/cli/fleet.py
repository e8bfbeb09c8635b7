"""`edgewise fleet`: let many devices ask at once, and compare their counts with the ledger's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.live import Live
from rich.table import Table

from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import base_url, read_deployment
from edgewise.cli.exits import CliError
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir

if TYPE_CHECKING:
    from edgewise.device.fleet import FleetResult

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Devices = Annotated[int, typer.Option("--devices", min=1, max=10_000, help="How many devices, each with its own key.")]
Rps = Annotated[float, typer.Option("--rps", min=0.1, max=1_000, help="Requests a second, all devices together.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, max=3_600, help="For how long.")]
Greedy = Annotated[float, typer.Option("--greedy", min=1, help="The first device asks so many times as often.")]

# Faces of people that the gallery knows and of strangers, taken in turn.
PHOTOS: Final = 40


@plainly
def fleet(
    *,
    function: Function = "face-match",
    devices: Devices = 50,
    rps: Rps = 20.0,
    seconds: Seconds = 30.0,
    greedy: Greedy = 1.0,
    as_json: AsJson = False,
) -> None:
    """Send real faces from many devices to the local stack, live, with exact counts.

    Example: edgewise fleet --devices 200 --rps 60 --seconds 60
    """
    from edgewise.device import fleet as simulated
    from edgewise.local.receipts import handed_in

    deployment = read_deployment(LOCAL_STACK)
    kid, master_key = deployment.master_key(function, None)
    plan = simulated.Plan(
        base_url=base_url(deployment, function),
        function=function,
        kid=kid,
        master_key=master_key,
        devices=devices,
        rps=rps,
        seconds=seconds,
        greedy=greedy,
    )
    bodies = faces()
    if as_json:
        result = asyncio.run(simulated.run(plan, bodies, tick=lambda _: None))
    else:
        with Live(table(simulated.FleetResult())) as live:
            result = asyncio.run(simulated.run(plan, bodies, tick=lambda so_far: live.update(table(so_far))))
    compared = result.compare(handed_in(run_dir(), function))
    shown = {**result.to_json(), **compared}
    if as_json:
        answer(shown)
    else:
        show_table(["", ""], [(name, str(value)) for name, value in shown.items()], title="fleet")
    if not compared["equal"]:
        raise CliError("the fleet's counts are not those of the receipts: see differing_receipts")


def faces() -> list[bytes]:
    """Return aligned faces of the photos that no model was trained or enrolled with."""
    from edgewise.models.catalogue.face_match.data import test_photos
    from edgewise.models.faces import FaceFinder

    photos = test_photos(say=say)
    finder = FaceFinder(say=say)
    step = max(1, len(photos) // PHOTOS)
    say(f"aligning {len(photos[::step])} photos")
    return [finder.aligned(photo.path).tobytes() for photo in photos[::step]]


def table(result: FleetResult) -> Table:
    """Return the counts so far."""
    shown = Table("sent", "success", *sorted(result.outcomes))
    row = [f"{result.outcomes[name]:,}" for name in sorted(result.outcomes)]
    shown.add_row(f"{result.sent:,}", f"{result.success:.2%}", *row)
    return shown


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(fleet)
