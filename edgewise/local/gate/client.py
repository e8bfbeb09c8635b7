"""Ask the Node process that runs the gates; start it again when it dies."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from edgewise.local.processes import die_with_parent
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.stack.model import GateFunction

LOG: Final = logging.getLogger("edgewise.local.gate")
RUNNER: Final = Path(__file__).with_name("runner.mjs")
# A gate's event is some kilobytes; an answer may hold a body.
_LINE_LIMIT_BYTES: Final = 4 * 1024 * 1024
_ATTEMPTS: Final = 2
_RESTART_PAUSE_S: Final = 0.05
# A restart takes 0.1 s, a call a millisecond: whatever takes longer than this is not coming.
_CALL_TIMEOUT_S: Final = 5.0


class GateError(Exception):
    """A gate failed: CloudFront answers 503 for an execution error."""


@dataclass(kw_only=True, eq=False, slots=True)
class GateRunner:
    """The Node process and the line to it.

    A call has no effect outside the process, so one that was lost with it is made again.

    Attributes
    ----------
    functions, values : Mapping
        The gates by ARN; what the stores hold by ARN.
    offset_s : callable
        The seconds by which the gates' `Date` is shifted.
    reads : Counter
        Reads of its key-value store by each gate's ARN, as CloudFront bills them.
    """

    functions: Mapping[str, GateFunction]
    values: Mapping[str, Mapping[str, str]]
    log_file: Path
    offset_s: Callable[[], float] = lambda: 0.0
    reads: Counter[str] = field(default_factory=Counter)
    restarts: int = -1
    process: asyncio.subprocess.Process | None = None
    _writer: asyncio.StreamWriter | None = None
    _calls: dict[int, asyncio.Future[dict[str, object]]] = field(default_factory=dict)
    _last_id: int = 0
    _ready: asyncio.Event = field(default_factory=asyncio.Event)
    _keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start Node and load every function.

        Raises
        ------
        LocalEdgeError
            When Node is missing, or a function's code does not load.
        """
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Stop Node."""
        if self._keeper is not None:
            self._keeper.cancel()
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        if self._writer is not None:
            self._writer.close()

    def put(self, store_arn: str, values: Mapping[str, str]) -> None:
        """Replace what a store holds, for every call from now on, after a restart too."""
        self.values = {**self.values, store_arn: values}
        if self._ready.is_set():
            self._send({"op": "store", "arn": store_arn, "values": dict(values)})

    async def call(self, arn: str, event: Mapping[str, object]) -> dict[str, object]:
        """Run a function.

        Raises
        ------
        GateError
            When it threw, ran too long, or Node died twice or does not answer.
        """
        text = json.dumps(event, separators=(",", ":"))
        for _ in range(_ATTEMPTS):
            try:
                async with asyncio.timeout(_CALL_TIMEOUT_S):
                    await self._ready.wait()
                    answer = await self._ask(
                        {"op": "call", "name": arn, "event": text, "offset": round(self.offset_s() * 1000)}
                    )
            except ConnectionError:
                continue
            except TimeoutError:
                # It hangs: a fresh one serves the next call.
                if self.process is not None and self.process.returncode is None:
                    self.process.kill()
                break
            self.reads[arn] += int(str(answer.get("reads", 0)))
            if (logs := answer.get("logs")) not in (None, "[]"):
                LOG.warning("%s: %s", arn, logs)
            if (error := answer.get("error")) is not None:
                raise GateError(str(error))
            result = answer.get("result")
            if not isinstance(result, dict):
                raise GateError("the function returned no object")
            return result
        raise GateError("the process that runs the gates does not answer")

    async def _spawn(self) -> None:
        node = shutil.which("node")
        if node is None:
            raise LocalEdgeError("node is missing: the local edge runs the gate's JavaScript with Node 20 or newer")
        ours, theirs = socket.socketpair()
        with self.log_file.open("ab") as log, theirs:
            self.process = await asyncio.create_subprocess_exec(
                node,
                str(RUNNER),
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
                preexec_fn=die_with_parent(),
            )
        reader, self._writer = await asyncio.open_connection(sock=ours, limit=_LINE_LIMIT_BYTES)
        self.restarts += 1
        asyncio.get_running_loop().create_task(self._read(reader))
        for arn, values in self.values.items():
            self._send({"op": "store", "arn": arn, "values": dict(values)})
        for gate in self.functions.values():
            request = {"op": "load", "name": gate.arn, "code": gate.code, "store": gate.store_arn}
            answer = await self._ask(request)
            if answer.get("error") is not None:
                raise LocalEdgeError(f"function {gate.name!r} does not load: {answer['error']}")
        self._ready.set()

    async def _keep(self) -> None:
        """Start Node again whenever it ends."""
        while True:
            assert self.process is not None
            await self.process.wait()
            if self._writer is not None:
                self._writer.close()
            await asyncio.sleep(_RESTART_PAUSE_S)
            try:
                await self._spawn()
            except (LocalEdgeError, ConnectionError, OSError):
                if self.process.returncode is None:
                    self.process.kill()
                await asyncio.sleep(_RESTART_PAUSE_S)

    async def _ask(self, request: Mapping[str, object]) -> dict[str, object]:
        self._last_id += 1
        future: asyncio.Future[dict[str, object]] = asyncio.get_running_loop().create_future()
        self._calls[self._last_id] = future
        self._send({**request, "id": self._last_id})
        return await future

    def _send(self, message: Mapping[str, object]) -> None:
        assert self._writer is not None
        self._writer.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hand out answers; when the line breaks, tell everybody who waits on it."""
        try:
            while line := await reader.readline():
                answer = json.loads(line)
                future = self._calls.pop(answer["id"], None)
                if future is not None and not future.done():
                    future.set_result(answer)
        except (ConnectionError, ValueError):
            pass
        self._ready.clear()
        calls, self._calls = self._calls, {}
        for future in calls.values():
            if not future.done():
                future.set_exception(ConnectionError("the process that runs the gates died"))
