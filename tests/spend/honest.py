"""A few honest devices, each with an address of its own, that ask at a steady rate and remember what they heard."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.client import HTTPConnection, HTTPException
from threading import Event, Thread
from typing import Final

from inference.contract import REQUEST_CONTENT_TYPE, inference_path
from tests.live.system import FUNCTION, System

# Outside of the flood's addresses.
ADDRESSES: Final = tuple(f"127.0.1.{number}" for number in range(1, 5))
OK: Final = "ok"
UNREACHABLE: Final = "unreachable"
_TIMEOUT_S: Final = 30
_PROBLEM: Final = "urn:edgewise:problem:"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An answer: when it was asked for (Unix time), and ``ok``, the problem's slug, a status or ``unreachable``."""

    asked_s: float
    outcome: str


@dataclass(kw_only=True)
class Devices:
    """All that the devices heard so far."""

    heard: list[Heard] = field(default_factory=list)

    def outcomes(self, *, since_s: float = 0.0, until_s: float = float("inf")) -> Counter[str]:
        """Count the outcomes of what was asked in a time."""
        return Counter(each.outcome for each in list(self.heard) if since_s <= each.asked_s < until_s)

    def ask_on(self, ask: Callable[[], str], ended: Event, every_s: float) -> None:
        """Ask at a steady rate; what a slow answer made late is left out, not sent in a burst."""
        due_s = time.monotonic()
        while not ended.wait(max(0.0, due_s - time.monotonic())):
            asked_s = time.time()
            self.heard.append(Heard(asked_s=asked_s, outcome=ask()))
            due_s = max(due_s + every_s, time.monotonic())


@contextmanager
def devices(system: System, *, rps: float) -> Iterator[Devices]:
    """Let devices ask, with good signatures, at this rate in all, until the block ends."""
    told, ended = Devices(), Event()
    threads = [
        Thread(
            target=told.ask_on, args=(partial(_ask, system, f"honest-{number}", address), ended, len(ADDRESSES) / rps)
        )
        for number, address in enumerate(ADDRESSES)
    ]
    for thread in threads:
        thread.start()
    try:
        yield told
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def _ask(system: System, device: str, source: str) -> str:
    headers = {"Content-Type": REQUEST_CONTENT_TYPE, "Authorization": system.token(device=device)}
    connection = HTTPConnection(*system.address, timeout=_TIMEOUT_S, source_address=(source, 0))
    try:
        connection.request("POST", inference_path(FUNCTION, device), body=bytes(system.request_bytes), headers=headers)
        answer = connection.getresponse()
        return OK if answer.status == 200 else _slug(answer.status, answer.read())
    except (BrokenPipeError, ConnectionResetError):
        return _early(connection)
    except (OSError, HTTPException):
        return UNREACHABLE
    finally:
        connection.close()


def _early(connection: HTTPConnection) -> str:
    """Return what was answered before the body was through: who refuses doesn't wait for it."""
    try:
        answer = connection.response_class(connection.sock)
        answer.begin()
        return _slug(answer.status, answer.read())
    except (OSError, HTTPException):
        return UNREACHABLE


def _slug(status: int, content: bytes) -> str:
    try:
        kind = str(json.loads(content)["type"])
    except (ValueError, KeyError, TypeError):
        return f"status {status}"
    return kind.removeprefix(_PROBLEM) if kind.startswith(_PROBLEM) else f"status {status}"
