"""The Lambda Runtime API for one environment, on a loopback port of its own.

AWS, Lambda Developer Guide, "Using the Lambda runtime API": the runtime asks for the next event, runs the
handler, posts the answer or an error, and asks again. The request for the next event is held open.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

API: Final = "/2018-06-01/runtime"
# Lambda, "Lambda quotas": 6 MB for a synchronous response.
MAX_ANSWER_BYTES: Final = 6 * 1024 * 1024
_ACCEPTED: Final = b'{"status":"OK"}\n'


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back from a call: the handler's result as JSON, or the error's type."""

    body: bytes
    error_type: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One event under way."""

    event: bytes
    deadline_ms: int
    answered: asyncio.Future[Answer]
    call_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class RuntimeApi:
    """Serves one environment.

    Parameters
    ----------
    function_arn : str
        Told to the runtime with each event.
    on_next : callable
        Called each time the runtime asks for an event: the environment is idle from here on.
    """

    def __init__(self, *, function_arn: str, on_next: Callable[[], None]) -> None:
        self._function_arn = function_arn
        self._on_next = on_next
        self._waiting: asyncio.Future[Call] | None = None
        self._call: Call | None = None
        self._init_error: str | None = None
        self._runner: web.ServerRunner | None = None

    @property
    def init_error(self) -> str | None:
        """The error type that the runtime gave for its own start, if any."""
        return self._init_error

    async def start(self) -> int:
        """Listen, and return the port."""
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port: int = self._runner.addresses[0][1]
        return port

    async def stop(self) -> None:
        """Stop listening; a held request is dropped."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def give(self, event: bytes, *, timeout_s: float, clock_offset_s: float = 0.0) -> Call:
        """Hand an event to the runtime, which must be waiting for one; its deadline is on the runtime's clock."""
        assert self._waiting is not None
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        deadline_ms = int((time.time() + clock_offset_s + timeout_s) * 1000)
        call = Call(event=event, deadline_ms=deadline_ms, answered=answered)
        self._call = call
        self._waiting.set_result(call)
        self._waiting = None
        return call

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path.removeprefix(API)
        if request.method == "GET" and path == "/invocation/next":
            return await self._next()
        body = await self._read(request)
        if path == "/init/error":
            self._init_error = _error_type(request, body)
        elif self._call is not None and path == f"/invocation/{self._call.call_id}/response":
            self._finish(Answer(body=body))
        elif self._call is not None and path == f"/invocation/{self._call.call_id}/error":
            self._finish(Answer(body=body, error_type=_error_type(request, body)))
        else:
            return web.Response(status=404, text="no such call is under way")
        return web.Response(status=202, body=_ACCEPTED, content_type="application/json")

    async def _next(self) -> web.Response:
        self._waiting = asyncio.get_running_loop().create_future()
        self._on_next()
        call = await self._waiting
        headers = {
            "Lambda-Runtime-Aws-Request-Id": call.call_id,
            "Lambda-Runtime-Deadline-Ms": str(call.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
        }
        return web.Response(body=call.event, content_type="application/json", headers=headers)

    @staticmethod
    async def _read(request: web.BaseRequest) -> bytes:
        """Read an answer, one byte over its limit at most: what is too long is found out later."""
        body = bytearray()
        async for chunk in request.content.iter_any():
            body += chunk[: MAX_ANSWER_BYTES + 1 - len(body)]
        return bytes(body)

    def _finish(self, answer: Answer) -> None:
        if self._call is not None and not self._call.answered.done():
            self._call.answered.set_result(answer)


def _error_type(request: web.BaseRequest, body: bytes) -> str:
    """Return an error's type; its message and stack trace stay out of our logs."""
    if header := request.headers.get("Lambda-Runtime-Function-Error-Type"):
        return header
    try:
        return str(json.loads(body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Unknown"
