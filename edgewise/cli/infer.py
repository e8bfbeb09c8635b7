"""`edgewise infer`: ask a function about one photo, as the reference device does."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from edgewise.cli.console import AsJson, answer, plainly
from edgewise.cli.deployment import base_url, check_device_id, read_deployment
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK
from inference import contract

if TYPE_CHECKING:
    from edgewise.device.client import InferAnswer

FIRST_SERVER_ERROR: Final = 500

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
    decision = _ask(base_url=url, function=function, device_id=device, key=key, kid=kid, image_path=image)
    if as_json:
        answer(asdict(decision))
        return
    verdict = f"match, row {decision.row}" if decision.match else "no match"
    print(
        f"{verdict}, score {decision.score:.3f}; {decision.latency_ms:.0f} ms, "
        f"{decision.bytes_up:,} bytes up, {decision.bytes_down:,} down; model {decision.model}"
    )


def _ask(**question: Any) -> InferAnswer:
    from edgewise.device import client
    from edgewise.device.faces import FaceError

    try:
        return client.infer(**question)
    except FaceError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from error
    except client.EdgeError as error:
        code = ExitCode.UNAVAILABLE if error.status >= FIRST_SERVER_ERROR else ExitCode.REFUSED
        raise CliError(str(error), code) from error
    except client.UnreachableError as error:
        raise CliError(str(error), ExitCode.UNAVAILABLE) from error


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(infer)
