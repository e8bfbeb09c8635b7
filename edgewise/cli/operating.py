"""What the operators' verbs share: the stack's clouds, a function's places, times, and how an outcome is shown."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

import typer

from edgewise.cli.console import answer, say
from edgewise.cli.deployment import read_deployment, running_edge
from edgewise.cli.exits import CliError, ExitCode
from edgewise.engine import LOCAL_STACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from edgewise.cli.deployment import Deployment
    from edgewise.operate import Cloud, Outcome, Target

Function = Annotated[str, typer.Argument(help="A function of the stack.")]
Stack = Annotated[str, typer.Option("--stack", help="The stack; any but local is changed with your own credentials.")]
Why = Annotated[str, typer.Option("--why", help="Why, in a few words; it goes into the record.")]

_DURATION: Final = re.compile(r"(\d{1,6})([smhd])")
_UNIT_S: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def places(stack: str, function: str) -> tuple[Cloud, Target]:
    """Return the clients for a stack and a function's places in it.

    Raises
    ------
    CliError
        When the stack is not deployed, has no such function, or its local edge does not run.
    edgewise.operate.OperateError
        When a deployment before these verbs made it.
    """
    deployment = read_deployment(stack)
    target = target_of(deployment, function)
    return cloud_of(stack), target


def target_of(deployment: Deployment, function: str) -> Target:
    """Return a function's places; errors as for `places`."""
    from edgewise.operate import Target

    endpoint = deployment.endpoint(function)
    return Target.from_outputs(deployment.stack, function, endpoint, bucket=deployment.model_bucket)


def cloud_of(stack: str) -> Cloud:
    """Return AWS, or the running local edge.

    Raises
    ------
    CliError
        When it does not run.
    """
    from edgewise.operate import aws_cloud, local_cloud

    if stack != LOCAL_STACK:
        return aws_cloud()
    edge = running_edge()
    return local_cloud(cloud_url=edge.cloud_url, admin_url=edge.admin_url)


def until_s(text: str | None, now_s: float) -> int | None:
    """Read a time: ISO 8601 (UTC where no zone is given), or a duration from now such as ``90s``, ``30m`` or ``2h``.

    Raises
    ------
    CliError
        When it is neither.
    """
    if text is None:
        return None
    if duration := _DURATION.fullmatch(text):
        return int(now_s) + int(duration[1]) * _UNIT_S[duration[2]]
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        raise CliError(
            f"--until {text!r}: give a time such as 2026-11-25T18:00Z or a duration such as 90s, 30m, 2h or 7d",
            ExitCode.BAD_INPUT,
        ) from None
    return int((then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp())


@contextmanager
def refusals_are_bad_input() -> Iterator[None]:
    """Let a verb end with the code of bad input where nothing was changed for that reason.

    Raises
    ------
    CliError
        For a `RefusedError`, with its text.
    """
    from edgewise.operate import RefusedError

    try:
        yield
    except RefusedError as error:
        raise CliError(str(error), ExitCode.BAD_INPUT) from error


def show(outcome: Outcome, *, as_json: bool) -> None:
    """Print what was done; the steps themselves were shown while they were taken."""
    for warning in outcome.warnings:
        say(f"warning: {warning}")
    if as_json:
        answer(outcome.to_json())
    else:
        print(f"{outcome.action} {outcome.function}: done, {outcome.when}")
