"""`edgewise preview`: let the real engine preview a stack, without any cloud."""

from __future__ import annotations

from typing import Annotated

import typer

from edgewise import engine
from edgewise.cli.artefacts import ensure_models
from edgewise.cli.console import AsJson, plainly, say

Stack = Annotated[str, typer.Argument(help="A stack of the folder stacks/.")]
EngineArgs = Annotated[list[str] | None, typer.Argument(help="Passed on to 'pulumi preview'.")]
Cloud = Annotated[bool, typer.Option("--cloud", help="Ask the real providers, with your own backend and credentials.")]


@plainly
def preview(stack: Stack, engine_args: EngineArgs = None, cloud: Cloud = False, as_json: AsJson = False) -> None:
    """Preview a stack with the real engine.

    On stand-in providers, so it takes no account; a stack other than local is then shown as it would be made anew.

    Example: edgewise preview prod -- --diff
    """
    engine.pulumi_path()
    ensure_models(stack, say=say)
    flags = ["--json"] if as_json else []
    engine.preview(stack, [*(engine_args or []), *flags], stand_in=not cloud)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(preview)
