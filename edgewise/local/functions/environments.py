"""Lambda execution environments: processes that run the stack's zip under AWS's own runtime client."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING, Final

from edgewise.local.functions.clock import CLOCK_VARIABLE, read_offset
from edgewise.local.functions.cpu import MB_PER_CPU, remove_group
from edgewise.local.functions.output import follow
from edgewise.local.functions.runtime_api import MAX_ANSWER_BYTES, RuntimeApi
from edgewise.local.processes import die_with_parent

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from edgewise.local.functions.cpu import CpuGroups
    from edgewise.local.functions.runtime import Launch
    from edgewise.local.stack.model import LambdaFunction

REGION: Final = "us-east-1"
# AWS, Lambda Developer Guide, "Understanding the Lambda execution environment lifecycle": 10 s of init.
INIT_TIMEOUT_S: Final = 10.0
_SETTLE_S: Final = 0.05


class Outcome(Enum):
    """How a call ended, in Lambda's terms."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    CRASH = "crash"
    INIT_ERROR = "init_error"
    THROTTLED = "throttled"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A call's end: `body` is the handler's JSON when the outcome is OK.

    `billed_ms` is what Lambda would bill for it, init included.
    """

    outcome: Outcome
    body: bytes = b""
    detail: str = ""
    cold_start: bool = False
    billed_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What all environments of a process share.

    Attributes
    ----------
    dynamodb_url : str
    log_folder : Path
        Each function's output goes to a file of its name.
    cpu : CpuGroups or None
    freeze : bool
        Whether an idle environment is stopped.
    home : bool
        Whether these are functions of the home Region, not the edge's replicas.
    endpoints : Mapping
        More variables: where AWS's services are on this machine.
    clock_file : Path or None
        Holds the seconds by which the environments' clocks are shifted.
    on_line : callable or None
        Is told a function's name and each line that it printed.
    """

    dynamodb_url: str
    log_folder: Path
    cpu: CpuGroups | None
    freeze: bool = True
    home: bool = False
    endpoints: Mapping[str, str] = field(default_factory=dict)
    clock_file: Path | None = None
    on_line: Callable[[str, bytes], None] | None = None


@dataclass(kw_only=True, eq=False, slots=True)
class Environment:
    """One process and its Runtime API."""

    function: LambdaFunction
    launch: Launch
    settings: Settings
    name: str
    process: asyncio.subprocess.Process | None = None
    started: float = field(default_factory=time.monotonic)
    calls: int = 0
    dead: bool = False
    init_ms: int = 0
    _api: RuntimeApi | None = None
    _group: Path | None = None
    _idle: asyncio.Event = field(default_factory=asyncio.Event)
    _frozen: bool = False
    _output: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process's id."""
        return self.process.pid if self.process else None

    @property
    def ready(self) -> bool:
        """Whether the runtime waits for an event."""
        return self._idle.is_set() and not self.dead

    async def start(self) -> Result | None:
        """Start the process and wait until it asks for its first event.

        Returns
        -------
        Result or None
            None when it is ready, else what went wrong.
        """
        self._api = RuntimeApi(function_arn=self.function.qualified_arn, on_next=self._on_next)
        try:
            port = await self._api.start()
            if self.settings.cpu is not None:
                # "On-demand Lambda functions use a full vCPU (non-throttled) but is limited to 10 seconds during its
                # initialization phase": AWS, Serverless Land, "Effectively running Java on Serverless". Nobody says so
                # of Lambda@Edge: its environments start at their memory's share, the slower guess.
                first_mb = MB_PER_CPU if self.settings.home else self.function.memory_mb
                self._group = self.settings.cpu.add(self.name, max(first_mb, self.function.memory_mb))
            await self._spawn(port)
        except OSError as error:
            await self.stop()
            return Result(outcome=Outcome.INIT_ERROR, detail=f"could not be started: {error}", cold_start=True)
        assert self.process is not None
        await self._first(self._idle.wait(), timeout_s=INIT_TIMEOUT_S)
        self.init_ms = _milliseconds(self.started)
        if self._idle.is_set():
            if self.settings.cpu is not None and self._group is not None:
                self.settings.cpu.share(self._group, self.function.memory_mb)
            return None
        detail = self._api.init_error or f"no event asked for within {INIT_TIMEOUT_S:g} s"
        if self.process.returncode is not None:
            detail = self._api.init_error or f"the process ended with {self.process.returncode} before its first event"
        await self.stop()
        return Result(outcome=Outcome.INIT_ERROR, detail=detail, cold_start=True, billed_ms=self.init_ms)

    async def _spawn(self, port: int) -> None:
        ask = die_with_parent()
        members = str(self._group / "cgroup.procs") if self._group is not None else None

        def before_exec() -> None:
            ask()
            if members is not None:
                # "0" is whoever writes it: cgroups(7). No more than this between fork and exec.
                file = os.open(members, os.O_WRONLY)
                os.write(file, b"0")
                os.close(file)

        with (self.settings.log_folder / f"{self.function.name}.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.launch.command,
                cwd=self.launch.task_root,
                env=variables(self.function, self.launch, self.settings, port=port),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log if self.settings.on_line is None else asyncio.subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                preexec_fn=before_exec,
            )
        if self.process.stdout is not None and self.settings.on_line is not None:
            log_file = self.settings.log_folder / f"{self.function.name}.log"
            told = follow(self.process.stdout, log_file, partial(self.settings.on_line, self.function.name))
            self._output = asyncio.create_task(told)

    async def call(self, event: bytes) -> Result:
        """Run one event; the environment must be idle. Its process is over after anything but OK and ERROR."""
        assert self._api is not None
        assert self.process is not None
        cold_start, self.calls = self.calls == 0, self.calls + 1
        self._idle.clear()
        self._thaw()
        init_ms = self.init_ms if cold_start else 0
        began = time.monotonic()
        call = self._api.give(
            event, timeout_s=self.function.timeout_s, clock_offset_s=read_offset(self.settings.clock_file)
        )
        await self._first(asyncio.shield(call.answered), timeout_s=self.function.timeout_s)
        if not call.answered.done():
            outcome = Outcome.TIMEOUT if self.process.returncode is None else Outcome.CRASH
            billed_ms = init_ms + _milliseconds(began)
            await self.stop()
            detail = f"exit {self.process.returncode}"
            return Result(outcome=outcome, detail=detail, cold_start=cold_start, billed_ms=billed_ms)
        billed_ms = init_ms + _milliseconds(began)
        # The answer is there a moment before the runtime asks for its next event.
        await self._first(self._idle.wait(), timeout_s=_SETTLE_S)
        answer = call.answered.result()
        error_type = "Function.ResponseSizeTooLarge" if len(answer.body) > MAX_ANSWER_BYTES else answer.error_type
        if error_type is not None:
            return Result(outcome=Outcome.ERROR, detail=error_type, cold_start=cold_start, billed_ms=billed_ms)
        return Result(outcome=Outcome.OK, body=answer.body, cold_start=cold_start, billed_ms=billed_ms)

    async def settle(self) -> None:
        """Wait until the runtime asks for its next event; one that does not in time is stopped."""
        if not self.dead and not self._idle.is_set():
            await self._first(self._idle.wait(), timeout_s=self.function.timeout_s)
        if not self.dead and not self._idle.is_set():
            await self.stop()

    async def _first(self, what: Awaitable[object], *, timeout_s: float) -> None:
        """Wait for something, for the end of the process, or for the time to run out."""
        assert self.process is not None
        waits = {asyncio.ensure_future(what), asyncio.ensure_future(self.process.wait())}
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def stop(self) -> None:
        """Kill the process and what it started, and clear away its port and control group."""
        self.dead = True
        if self.process is not None:
            if self.process.returncode is None:
                _signal(self.process.pid, signal.SIGKILL)
            await self.process.wait()
        if self._output is not None:
            # What it printed before it ended is still in the pipe.
            await asyncio.wait({self._output}, timeout=_SETTLE_S * 10)
            self._output.cancel()
        if self._api is not None:
            await self._api.stop()
        if self._group is not None:
            # The keeper tries again when the gateway ends.
            with suppress(OSError):
                remove_group(self._group)

    def _on_next(self) -> None:
        self._idle.set()
        if self.settings.freeze and self.process is not None:
            _signal(self.process.pid, signal.SIGSTOP)
            self._frozen = True

    def _thaw(self) -> None:
        if self._frozen and self.process is not None:
            _signal(self.process.pid, signal.SIGCONT)
            self._frozen = False


def _signal(group: int, number: signal.Signals) -> None:
    """Send a signal to an environment's process group; one that is gone needs none."""
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _milliseconds(began: float) -> int:
    """Return the time since a moment of the monotonic clock as Lambda bills it: each begun millisecond."""
    return math.ceil((time.monotonic() - began) * 1000)


def variables(function: LambdaFunction, launch: Launch, settings: Settings, *, port: int) -> dict[str, str]:
    """Return the environment variables of an environment.

    They are the function's own, Lambda's reserved ones (AWS, Lambda Developer Guide, "Using Lambda
    environment variables"), which Lambda@Edge sets too, and where AWS's services are on this machine.
    """
    region = function.region if settings.home else REGION
    name = function.name if settings.home else f"{REGION}.{function.name}"
    reserved = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": function.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"local/[{function.version}]",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
        "LAMBDA_TASK_ROOT": str(launch.task_root),
        "LAMBDA_RUNTIME_DIR": str(launch.runtime_folder),
        "PYTHONPATH": str(launch.runtime_folder),
        "_HANDLER": function.handler,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "AWS_ENDPOINT_URL_DYNAMODB": settings.dynamodb_url,
    }
    clock = {CLOCK_VARIABLE: str(settings.clock_file)} if settings.clock_file is not None else {}
    return {**function.environment, **reserved, **settings.endpoints, **clock}
