"""Runs one Pulumi program for the language host, which writes the instructions to standard input as JSON."""

from __future__ import annotations

import asyncio
import json
import logging
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pulumi
from pulumi.runtime import reset_options, run_in_stack, set_all_config

EXIT_ERROR_SHOWN: Final = 32  # known to host.py
# As the official host has it: a thread waits for each call, and a resource makes more than one.
THREADS_PER_PARALLEL: Final = 4
MAX_THREADS: Final = 256  # the engine asks for "no limit" by a very large number


def user_traceback(error: BaseException, program: Path) -> str:
    """Format an error's traceback from the first frame that is the program's own."""
    frames = traceback.extract_tb(error.__traceback__)
    for index, frame in enumerate(frames):
        if Path(frame.filename).is_relative_to(program):
            return "".join(traceback.format_exception(error, limit=index - len(frames)))
    return "".join(traceback.format_exception(error))


def configure(instructions: dict[str, Any]) -> None:
    """Connect the SDK to the engine and give it the stack's configuration."""
    reset_options(
        project=instructions["project"],
        stack=instructions["stack"],
        root_directory=instructions["root_directory"],
        parallel=instructions["parallel"],
        engine_address=instructions["engine_address"],
        monitor_address=instructions["monitor_address"],
        preview=instructions["dry_run"],
        organization=instructions["organization"],
    )
    set_all_config(instructions["config"], instructions["config_secret_keys"])


def run(instructions: dict[str, Any]) -> int:
    """Run the program and return the exit code."""
    program = Path(instructions["program"])
    configure(instructions)
    sys.argv = [str(program), *instructions["args"]]
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = min(max(instructions["parallel"], 1) * THREADS_PER_PARALLEL, MAX_THREADS)
    loop.set_default_executor(ThreadPoolExecutor(threads))
    # A program that fails leaves futures unobserved; asyncio's complaints would bury the error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        loop.run_until_complete(run_in_stack(lambda: _run_path(program)))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
        return EXIT_ERROR_SHOWN
    except Exception as error:  # whatever the program raises is shown as its error
        pulumi.log.error(f"Program failed with an unhandled exception:\n{user_traceback(error, program)}")
        return EXIT_ERROR_SHOWN
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
    return 0


def _run_path(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


if __name__ == "__main__":
    sys.exit(run(json.load(sys.stdin)))
