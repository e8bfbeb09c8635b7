"""`edgewise env`: print what a shell needs so that a plain `pulumi` works on the local stack."""

from __future__ import annotations

import os
import shlex
from typing import Final

import typer

from edgewise import engine
from edgewise.cli.console import AsJson, answer, plainly
from edgewise.engine import LOCAL_STACK

STACK_VARIABLE: Final = "PULUMI_STACK"


@plainly
def env(as_json: AsJson = False) -> None:
    """Print shell commands after which a plain 'pulumi' works on the local stack, in this shell only.

    Example: eval "$(edgewise env)" && pulumi stack
    """
    engine.select(LOCAL_STACK, stand_in=True)
    wanted = {**engine.environment(LOCAL_STACK, stand_in=True), STACK_VARIABLE: LOCAL_STACK}
    unset = sorted(set(os.environ) - set(wanted))
    changed = {name: value for name, value in sorted(wanted.items()) if os.environ.get(name) != value}
    if as_json:
        answer({"set": changed, "unset": unset})
        return
    for name in unset:
        print(f"unset {name}")
    for name, value in changed.items():
        print(f"export {name}={shlex.quote(value)}")


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(env)
