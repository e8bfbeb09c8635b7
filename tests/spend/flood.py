"""An unsigned flood over loopback, bounded in number and time: the right path, size and method, and no signature."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from threading import Event, Thread
from typing import Final

MOST_REQUESTS: Final = 40_000
MOST_SECONDS: Final = 120.0
# Outgoing addresses of one machine: all of 127.0.0.0/8 is loopback.
ADDRESSES: Final = tuple(f"127.0.0.{number}" for number in range(2, 22))
# What ends a flood's request: the gate asks for a signature, the firewall's rate rules, a disabled distribution.
GATE, FIREWALL, DISABLED = 401, 429, 403
UNREACHABLE: Final = 0
# A slow machine answers late: what is open then is given up when the flood ends.
_OPEN_AT_ONCE: Final = 400
_LEFT_S: Final = 20.0


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is sent.

    Attributes
    ----------
    address : tuple
        Where to: a host of loopback, and a port.
    path : str
    request_bytes : int
        The length that is announced. The body is not sent: whoever refuses needs none of it.
    rps, seconds : float
    sources : sequence of str
        Addresses that it comes from, in turn.
    """

    address: tuple[str, int]
    path: str
    request_bytes: int
    rps: float = 500.0
    seconds: float = 60.0
    sources: Sequence[str] = ADDRESSES

    def __post_init__(self) -> None:
        """Refuse what would leave this machine or has no end."""
        for host in (self.address[0], *self.sources):
            if not ip_address(host).is_loopback:
                raise ValueError(f"{host} is no loopback address: a flood stays on this machine")
        if not 0 < self.seconds <= MOST_SECONDS or not 0 < self.rps * self.seconds <= MOST_REQUESTS:
            raise ValueError(f"at most {MOST_REQUESTS} requests in {MOST_SECONDS} s, not {self.rps} for {self.seconds}")

    @property
    def head(self) -> bytes:
        """What each request is, without its body."""
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: {self.address[0]}:{self.address[1]}\r\n"
            f"Content-Type: application/octet-stream\r\nContent-Length: {self.request_bytes}\r\n\r\n"
        ).encode()


@dataclass(kw_only=True)
class Flood:
    """What became of it so far.

    Attributes
    ----------
    began_s : float
        Unix time of the first request.
    answers : list of tuple
        When each was sent (Unix time), and its status; 0 for none.
    """

    began_s: float = 0.0
    answers: list[tuple[float, int]] = field(default_factory=list)

    def statuses(self, *, since_s: float = 0.0) -> Counter[int]:
        """Count the answers to what was sent since a time."""
        return Counter(status for sent_s, status in list(self.answers) if sent_s >= since_s)

    def by_second(self) -> list[Counter[int]]:
        """Return the statuses of each second."""
        answers = list(self.answers)
        seconds: list[Counter[int]] = [
            Counter() for _ in range(int(max(sent - self.began_s for sent, _ in answers)) + 1)
        ]
        for sent_s, status in answers:
            seconds[int(sent_s - self.began_s)][status] += 1
        return seconds

    def first_s(self, status: int) -> float:
        """Return when the first request was sent that got this status."""
        return min(sent_s for sent_s, found in list(self.answers) if found == status)


@contextmanager
def flood(plan: Plan) -> Iterator[Flood]:
    """Send, until the plan or the block ends."""
    told, ended = Flood(), Event()
    sender = Thread(target=lambda: asyncio.run(_send(plan, told, ended)))
    sender.start()
    try:
        yield told
    finally:
        ended.set()
        sender.join()


def send(plan: Plan) -> Flood:
    """Send all of a plan, and return what became of it."""
    told = Flood()
    asyncio.run(_send(plan, told, Event()))
    return told


class _Request(asyncio.Protocol):
    """One connection: a head goes, a status comes, and nobody waits for more."""

    def __init__(self, head: bytes, told: Flood, ended: asyncio.Future[None]) -> None:
        self._head, self._told, self._ended = head, told, ended
        self._sent_s, self._status = time.time(), UNREACHABLE

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._sent_s = transport, time.time()
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        self._status = self._status or int(data[9:12])
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._told.answers.append((self._sent_s, self._status))
        if not self._ended.done():
            self._ended.set_result(None)


async def _send(plan: Plan, told: Flood, ended: Event) -> None:
    loop, head, many = asyncio.get_running_loop(), plan.head, asyncio.Semaphore(_OPEN_AT_ONCE)
    tasks: set[asyncio.Task[None]] = set()
    told.began_s, began = time.time(), loop.time()
    for number in range(int(plan.rps * plan.seconds)):
        await asyncio.sleep(max(0.0, began + number / plan.rps - loop.time()))
        if ended.is_set() or loop.time() > began + plan.seconds:
            break
        await many.acquire()
        task = loop.create_task(_ask(plan, plan.sources[number % len(plan.sources)], head, told))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(lambda _: many.release())
    if tasks:
        await asyncio.wait(tasks, timeout=_LEFT_S)


async def _ask(plan: Plan, source: str, head: bytes, told: Flood) -> None:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[None] = loop.create_future()
    sent_s = time.time()
    try:
        await loop.create_connection(lambda: _Request(head, told, ended), *plan.address, local_addr=(source, 0))
    except OSError:
        told.answers.append((sent_s, UNREACHABLE))
        return
    await ended
