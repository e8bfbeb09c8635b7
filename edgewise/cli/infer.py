"""`edgewise infer`: ask a function about one photo, as the reference device does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.deployment import base_url, check_device_id, read_deployment
from edgewise.cli.edge_errors import edge_exit_codes
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from inference import contract

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Image = Annotated[Path, typer.Option("--image", help="A photo: PGM, JPEG or PNG.", exists=True, dir_okay=False)]
DeviceId = Annotated[str, typer.Option("--device", help="The id of the device that asks.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack; any but local is read with your own settings.")]


@plainly
def infer(
    function: Function, image: Image, device: DeviceId, stack: Stack = LOCAL_STACK, as_json: AsJson = False
) -> None:
    """Ask a function about one photo: find the face, sign, send, and print the decision.

    Example: edgewise infer face-match --image me.jpg --device door-1
    """
    check_device_id(device)
    deployment = read_deployment(stack)
    url = base_url(deployment, function)
    kid, master = deployment.master_key(function, None)
    key = contract.device_key(master, device)
    from edgewise.device import client

    request_bytes = int(deployment.endpoint(function)["request_bytes"])
    chip = client.chip_of(request_bytes)
    if chip is None:
        raise CliError(
            f"function {function!r} takes {request_bytes:,} bytes, which is no face; `infer` sends faces only",
            ExitCode.BAD_INPUT,
        )
    with edge_exit_codes():
        decision = client.infer(
            base_url=url, function=function, device_id=device, key=key, kid=kid, image_path=image, chip=chip
        )
    if as_json:
        answer(asdict(decision))
        return
    verdict = f"match, row {decision.row}" if decision.match else "no match"
    print(
        f"{verdict}, score {decision.score:.3f}; {decision.latency_ms:.0f} ms, "
        f"{decision.bytes_up:,} bytes up, {decision.bytes_down:,} down; model {decision.model}"
    )


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(infer)
