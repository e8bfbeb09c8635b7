"""The engine's commands on our stacks."""

from __future__ import annotations

import json
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, Any, cast

from edgewise.engine.environment import LOCAL_STACK, check_use, environment
from edgewise.engine.process import capture, run
from edgewise.engine.recovery import recover, remove_cut_off_notes
from edgewise.engine.throwaway import throwaway_project
from edgewise.paths import OWN_DIR, PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def up(
    stack: str = LOCAL_STACK,
    *,
    say: Callable[[str], None],
    stand_in: bool = True,
    output: IO[str] | None = None,
    root: Path = PROJECT_ROOT,
) -> None:
    """Preview and update a stack; create it when it is new, recover it when its last update was killed.

    Parameters
    ----------
    stack : str
        The stack's name.
    say : callable
        Takes lines of progress.
    stand_in : bool
        Whether the stand-in providers answer; only the stack `local` may be changed with them.
    output : file or None
        Where the engine's own output goes; None for this process's standard output.
    root : Path
        The project's folder.

    Raises
    ------
    EngineError
        When the combination is refused, another `pulumi` is at work on the stack, or the update fails.
    """
    check_use(stack, stand_in=stand_in, changes=True)
    env = environment(stack, stand_in=stand_in, root=root)
    if stack == LOCAL_STACK:
        select(stack, stand_in=stand_in, root=root)
        recover(stack, env, root=root, say=say)
    # Never with --skip-preview: a stack policy would then speak after the resources were made.
    run(["up", "--stack", stack, "--yes"], env, root, output=output)


def preview(
    stack: str,
    args: Sequence[str] = (),
    *,
    stand_in: bool = True,
    output: IO[str] | None = None,
    root: Path = PROJECT_ROOT,
) -> None:
    """Preview a stack.

    On stand-in providers a stack other than `local` is previewed from nothing, in a throw-away copy of the project:
    no credentials, and no trace in the checkout.

    Raises
    ------
    EngineError
        When the preview fails or is refused.
    """
    is_throwaway = stand_in and stack != LOCAL_STACK
    with throwaway_project(root) if is_throwaway else nullcontext(root) as project:
        env = environment(stack, stand_in=stand_in, root=project)
        if stand_in:
            select(stack, stand_in=stand_in, root=project)
        run(["preview", "--stack", stack, *args], env, project, output=output)


def destroy(
    stack: str = LOCAL_STACK,
    *,
    say: Callable[[str], None],
    stand_in: bool = True,
    output: IO[str] | None = None,
    root: Path = PROJECT_ROOT,
) -> None:
    """Delete what a stack has made, and of the stack `local` the state as well; see `up`."""
    check_use(stack, stand_in=stand_in, changes=True)
    env = environment(stack, stand_in=stand_in, root=root)
    if stack == LOCAL_STACK:
        select(stack, stand_in=stand_in, root=root)
        recover(stack, env, root=root, say=say)
    flags = ["--skip-preview"] if stack == LOCAL_STACK else []
    run(["destroy", "--stack", stack, "--yes", *flags], env, root, output=output)
    if stack == LOCAL_STACK:
        capture(["stack", "rm", "--stack", stack, "--yes", "--preserve-config", "--remove-backups"], env, root)


def has_state(stack: str = LOCAL_STACK, *, root: Path = PROJECT_ROOT) -> bool:
    """Tell whether the local backend knows a stack, without asking the engine."""
    return any((root / OWN_DIR / "state").glob(f".pulumi/stacks/*/{stack}.json"))


def select(stack: str, *, stand_in: bool, root: Path = PROJECT_ROOT) -> None:
    """Make a stack the selected one, and create it when it is new."""
    env = environment(stack, stand_in=stand_in, root=root)
    if stack == LOCAL_STACK:
        remove_cut_off_notes(stack, root=root)
    capture(["stack", "select", stack, "--create"], env, root)


def export(stack: str = LOCAL_STACK, *, stand_in: bool = True, root: Path = PROJECT_ROOT) -> dict[str, Any]:
    """Return a stack's deployment with its secrets in plain text: for this process's memory only."""
    env = environment(stack, stand_in=stand_in, root=root)
    if stack == LOCAL_STACK:
        remove_cut_off_notes(stack, root=root)
    text = capture(["stack", "export", "--stack", stack, "--show-secrets"], env, root)
    return cast("dict[str, Any]", json.loads(text))


def outputs(
    stack: str = LOCAL_STACK,
    *,
    show_secrets: bool = False,
    stand_in: bool = True,
    root: Path = PROJECT_ROOT,
) -> dict[str, Any]:
    """Return a stack's outputs; secret ones are ``[secret]`` unless `show_secrets`."""
    env = environment(stack, stand_in=stand_in, root=root)
    flags = ["--show-secrets"] if show_secrets else []
    text = capture(["stack", "output", "--stack", stack, "--json", *flags], env, root)
    return cast("dict[str, Any]", json.loads(text))
