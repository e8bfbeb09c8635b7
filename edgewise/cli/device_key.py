"""`edgewise device-key`: derive the key that one device signs with."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.deployment import check_device_id, read_deployment
from edgewise.engine import LOCAL_STACK
from inference import contract

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Device = Annotated[str, typer.Argument(help="The device's id.")]
Kid = Annotated[str | None, typer.Option("--kid", help="Which of the function's keys; the newest by default.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack; any but local is read with your own settings.")]


@plainly
def device_key(
    function: Function, device: Device, kid: Kid = None, stack: Stack = LOCAL_STACK, as_json: AsJson = False
) -> None:
    """Print a device's signing key: a SECRET, to be put on that device and nowhere else.

    Example: edgewise device-key face-match door-1
    """
    check_device_id(device)
    key_id, master = read_deployment(stack).master_key(function, kid)
    key = contract.device_key(master, device)
    if as_json:
        answer({"function": function, "device": device, "kid": key_id, "key": key})
    else:
        print(key)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("device-key")(device_key)
