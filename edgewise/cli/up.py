"""`edgewise up`: deploy the local stack with the real engine and start what its state says."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from edgewise import engine
from edgewise.cli.artefacts import ensure_models
from edgewise.cli.console import AsJson, answer, plainly, say, show_table
from edgewise.cli.deployment import read_deployment
from edgewise.cli.edge_errors import edge_exit_codes
from edgewise.cli.exits import CliError
from edgewise.engine import LOCAL_STACK
from edgewise.paths import run_dir
from edgewise.python313 import find_python313
from inference import contract

if TYPE_CHECKING:
    from edgewise.device.demo import DemoResult
    from edgewise.local.supervisor import LocalEdgeStatus

# What the demonstration asks: the function of this name in stacks/Pulumi.local.yaml, for the model of this name.
DEMO_FUNCTION: Final = "face-match"
DEMO_MODEL: Final = "face-match"
DEMO_DEVICE: Final = "demo-device"

Demo = Annotated[bool, typer.Option("--demo", help="Then let the reference device ask about real faces.")]


@plainly
def up(demo: Demo = False, as_json: AsJson = False) -> None:
    """Deploy the local stack and start the local edge.

    Example: edgewise up --demo
    """
    started = time.monotonic()
    engine.pulumi_path()
    ensure_models(LOCAL_STACK, say=say)
    find_python313(build=True, say=say)  # the program wants it as well: here its progress can be seen
    engine.up(LOCAL_STACK, say=say, output=sys.stderr if as_json else None)
    edge = _start_edge()
    result = _demonstrate(edge) if demo else None
    elapsed_s = round(time.monotonic() - started, 1)
    if as_json:
        shown = None if result is None else json.loads(result.to_json())
        answer({"stack": LOCAL_STACK, "elapsed_s": elapsed_s, "edge": edge.to_json(), "demo": shown})
    else:
        _show(edge, result)
        if edge.dashboard_url:
            say(f"dashboard: {edge.dashboard_url}")
        say(f"up in {elapsed_s} s; stop it with 'make down'")
    if result is not None and not result.passed:
        raise CliError("the demonstration did not pass: an answer is not the expected one, see above")


def _start_edge() -> LocalEdgeStatus:
    from edgewise.cli.described import read_stack
    from edgewise.local import supervisor

    # The owner put the plan on the distribution by hand: the state knows nothing of it, the meter must.
    billing = {name: {"plan": function.plan} for name, function in read_stack(LOCAL_STACK).functions.items()}
    return supervisor.start(engine.export(LOCAL_STACK), run_dir(), say=say, billing=billing)


def _demonstrate(edge: LocalEdgeStatus) -> DemoResult:
    from edgewise.device import demo
    from edgewise.device.signing import Device
    from edgewise.models import catalogue

    deployment = read_deployment(LOCAL_STACK)
    digest = str(deployment.endpoint(DEMO_FUNCTION)["model_digest"])
    kid, master = deployment.master_key(DEMO_FUNCTION, None)
    key = contract.device_key(master, DEMO_DEVICE)
    device = Device(function=DEMO_FUNCTION, device_id=DEMO_DEVICE, kid=kid, key=key)
    artefact = catalogue.ensure(DEMO_MODEL, digest=digest, say=say)
    with edge_exit_codes():
        return demo.run(edge.endpoints[DEMO_FUNCTION], device=device, artefact=artefact, say=say)


def _show(edge: LocalEdgeStatus, result: DemoResult | None) -> None:
    if result is not None:
        from edgewise.device import demo

        Console().print(demo.render(result))
    show_table(["function", "local edge"], sorted(edge.endpoints.items()))


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(up)
