"""Devices that ask a deployed stack at a steady rate, and remember when each heard what from which model."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import aiohttp

from edgewise.device.signing import Device, Signer
from inference.contract import REQUEST_CONTENT_TYPE, device_key, inference_path
from tests.live.system import FUNCTION, System

# One alone may use its share of a lease up.
DEVICES: Final = 60
OK: Final = "ok"
UNREACHABLE: Final = "unreachable"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=20)
_PROBLEM: Final = "urn:edgewise:problem:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """An answer.

    Attributes
    ----------
    asked_s, heard_s : float
        Unix time.
    outcome : str
        ``ok``, the problem's slug, or ``unreachable``.
    model : str
        The digest that answered; empty for a problem.
    """

    asked_s: float
    heard_s: float
    outcome: str
    model: str


@dataclass(kw_only=True)
class Traffic:
    """All that the devices heard so far."""

    heard: list[Heard] = field(default_factory=list)

    def outcomes(self, *, since_s: float = 0.0) -> Counter[str]:
        """Count the outcomes of what was asked since a time."""
        return Counter(each.outcome for each in self.of(since_s))

    def models(self, *, since_s: float = 0.0) -> Counter[str]:
        """Count the models that answered what was asked since a time."""
        return Counter(each.model for each in self.of(since_s) if each.outcome == OK)

    def of(self, since_s: float) -> list[Heard]:
        """Return what was asked since a time."""
        return [each for each in list(self.heard) if each.asked_s >= since_s]

    def last_answer_s(self) -> float:
        """Return when the last good answer was heard."""
        return max(each.heard_s for each in list(self.heard) if each.outcome == OK)


@contextmanager
def traffic(system: System, bodies: Sequence[bytes], *, rps: float) -> Iterator[Traffic]:
    """Let devices ask at this rate, whatever they hear, until the block ends.

    Parameters
    ----------
    bodies : sequence of bytes
        Taken in turn.
    """
    told, ended = Traffic(), threading.Event()
    url = "http://{}:{}".format(*system.address)
    signers = [(url + inference_path(FUNCTION, name), Signer(_device(system, name))) for name in _names()]
    sender = threading.Thread(target=lambda: asyncio.run(_send(told, signers, bodies, rps=rps, ended=ended.is_set)))
    sender.start()
    try:
        yield told
    finally:
        ended.set()
        sender.join()


def _names() -> list[str]:
    return [f"switch-{number:03d}" for number in range(DEVICES)]


def _device(system: System, name: str) -> Device:
    return Device(function=FUNCTION, device_id=name, kid="k1", key=device_key(system.master_key, name))


async def _send(
    told: Traffic,
    signers: Sequence[tuple[str, Signer]],
    bodies: Sequence[bytes],
    *,
    rps: float,
    ended: Callable[[], bool],
) -> None:
    turns = zip(itertools.cycle(signers), itertools.cycle(bodies), strict=True)
    connector = aiohttp.TCPConnector(limit=64)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session, asyncio.TaskGroup() as tasks:
        began_s = time.monotonic()
        for number in itertools.count():
            await asyncio.sleep(max(0.0, began_s + number / rps - time.monotonic()))
            if ended():
                return
            (url, signer), body = next(turns)
            tasks.create_task(_ask(told, session, url, signer, body))


async def _ask(told: Traffic, session: aiohttp.ClientSession, url: str, signer: Signer, body: bytes) -> None:
    headers = {"Authorization": signer.authorization(), "Content-Type": REQUEST_CONTENT_TYPE}
    asked_s, outcome, model = time.time(), UNREACHABLE, ""
    try:
        async with session.post(url, data=body, headers=headers) as answer:
            content = await answer.read()
            if answer.status == 200:
                outcome, model = OK, str(json.loads(content)["model"])
            else:
                outcome = _slug(answer.status, content)
    except (aiohttp.ClientError, TimeoutError):
        pass
    told.heard.append(Heard(asked_s=asked_s, heard_s=time.time(), outcome=outcome, model=model))


def _slug(status: int, content: bytes) -> str:
    try:
        return str(json.loads(content)["type"]).removeprefix(_PROBLEM)
    except (ValueError, KeyError, TypeError):
        return f"status {status}"
