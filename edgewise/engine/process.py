"""Starts `pulumi` and waits for it."""

from __future__ import annotations

import subprocess
import sys
from typing import IO, TYPE_CHECKING

from edgewise.engine.environment import EngineError, pulumi_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def run(args: Sequence[str], env: Mapping[str, str], root: Path, *, output: IO[str] | None) -> None:
    """Run `pulumi` with its output shown as it comes.

    Raises
    ------
    EngineError
        When it fails.
    """
    sys.stdout.flush()
    process = subprocess.Popen([str(pulumi_path()), *args], env=dict(env), cwd=root, stdout=output)
    code = _wait_out(process)
    if code != 0:
        raise EngineError(f"'pulumi {args[0]}' failed with exit code {code}, see above")


def capture(args: Sequence[str], env: Mapping[str, str], root: Path, *, text: str | None = None) -> str:
    """Run `pulumi` unseen, with a text as its input, and return what it prints.

    Raises
    ------
    EngineError
        When it fails, with the engine's reason.
    """
    command = [str(pulumi_path()), *args, "--non-interactive"]
    answer = subprocess.run(command, env=dict(env), cwd=root, input=text, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise EngineError(f"'pulumi {' '.join(args[:2])}' failed: {_reason(answer.stderr)}")
    return answer.stdout


def _wait_out(process: subprocess.Popen[bytes]) -> int:
    """Wait for the engine, through an interrupt as well.

    A Ctrl-C reaches the engine by itself: it then ends the step it is at and writes the state. Killing it
    in that moment would cost the state, so the interrupt is passed on when it has ended.
    """
    interrupted = False
    while True:
        try:
            code = process.wait()
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt
    return code


def _reason(stderr: str) -> str:
    """Return the lines of the engine's errors, without its warnings."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if not line.startswith("warning: ")]
    return " ".join(errors) or "no reason given"
