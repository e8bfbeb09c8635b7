"""The home Region at work: its functions' pools, and everything that calls them or listens to them."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import aiohttp
from yarl import URL

from edgewise.local.cloud.seed import credential
from edgewise.local.functions.clock import now_s, read_offset, write_offset
from edgewise.local.home import meters
from edgewise.local.home.cloudclient import RefusedError, UnavailableError, until_taken
from edgewise.local.home.emf import data_of, read_line
from edgewise.local.protocol import TOKEN_HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.local.files import RunFiles
    from edgewise.local.functions.environments import Result
    from edgewise.local.functions.pool import Pool
    from edgewise.local.home.alarming import Alarming
    from edgewise.local.home.cloudclient import CloudClient
    from edgewise.local.home.memory import Memory
    from edgewise.local.home.meters import Meters
    from edgewise.local.home.poller import Poller
    from edgewise.local.home.publisher import Publisher
    from edgewise.local.home.schedules import Schedules
    from edgewise.local.home.showing import Showing
    from edgewise.local.home.tunables import Tunables
    from edgewise.local.stack.model import LocalStack

LOG: Final = logging.getLogger("edgewise.local.home")
_METERS: Final = "meters"
# A minute's counters are read a moment after it ended.
_AFTER_THE_MINUTE_S: Final = 0.02
_LOOK_S: Final = 1.0
# How soon another length of the minute, or another clock, is seen.
_WATCH_S: Final = 0.1
_GATEWAY_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


@dataclass(kw_only=True, eq=False, slots=True)
class Region:
    """All parts, and the loops that drive them.

    Attributes
    ----------
    pools : Mapping
        By the function's ARN without a version.
    gateway_url, token : str
        The gateway's admin port.
    """

    stack: LocalStack
    files: RunFiles
    pools: Mapping[str, Pool]
    client: CloudClient
    gateway_url: str
    token: str
    memory: Memory
    tunables: Tunables
    publisher: Publisher
    alarming: Alarming
    meters: Meters
    schedules: Schedules
    showing: Showing
    pollers: list[Poller] = field(default_factory=list)
    started: int = field(default_factory=time.time_ns)

    @property
    def clock_file(self) -> Path:
        """Where the shift of the clock stands."""
        return self.files.clock

    def now_s(self) -> float:
        """Return Unix seconds on the clock that the functions see."""
        return now_s(self.clock_file)

    def set_clock(self, offset_s: float) -> None:
        """Shift the clock."""
        write_offset(self.clock_file, offset_s)

    async def run(self) -> None:
        """Do everything, until cancelled; a loop that fails ends the process, which the keeper starts again."""
        async with asyncio.TaskGroup() as group:
            for poller in self.pollers:
                group.create_task(poller.run())
            group.create_task(self.publisher.run())
            group.create_task(self.alarming.run())
            group.create_task(self._minutes())
            group.create_task(self._look())

    async def stop(self) -> None:
        """Stop the functions' environments."""
        await asyncio.gather(*(pool.stop() for pool in self.pools.values()))

    def note_line(self, function: str, line: bytes) -> None:
        """Take in a line that a function printed."""
        emf = read_line(line)
        if emf is None:
            return
        try:
            self.publisher.note(data_of(emf))
        except ValueError:
            LOG.exception("%s printed a metric that can't be read", function)
            return
        self.showing.note_metrics(self.now_s(), emf)

    def note_age(self, function: str, age_ms: float) -> None:
        """Take in the age of a batch's last record."""
        self.publisher.note([meters.iterator_age(function, age_ms, self.now_s())])

    async def give_up(self, queue_arn: str, once: str, document: dict[str, Any]) -> None:
        """Send a document about records that were given up to a queue."""
        url = next(queue.url for queue in self.stack.home.queues if queue.arn == queue_arn)
        send = partial(self.client.send, url, json.dumps(document), once=once)
        await until_taken(send, what="a dead letter")

    async def _minutes(self) -> None:
        """Do at the end of each minute what is due."""
        while True:
            begun_s, length_s = await self._minute()
            self.schedules.minute()
            await self._measure(begun_s)
            self.alarming.evaluate(self.now_s(), seconds_per_minute=length_s)

    async def _minute(self) -> tuple[float, float]:
        """Wait until a minute is over; return when it began and how long it was.

        One that is given another length, and one in which the clock was set, is left as it is: another begins.
        """
        length_s, shift_s = 0.0, 0.0
        begun_s = 0.0
        while True:
            if (length_s, shift_s) != (self.tunables.seconds_per_minute, read_offset(self.clock_file)):
                length_s, shift_s = self.tunables.seconds_per_minute, read_offset(self.clock_file)
                begun_s = self.now_s() // length_s * length_s
            left_s = begun_s + length_s + _AFTER_THE_MINUTE_S - self.now_s()
            if left_s <= 0:
                return begun_s, length_s
            await asyncio.sleep(min(left_s, _WATCH_S))

    async def _measure(self, begun_s: float) -> None:
        """Turn what was counted in a minute into metrics."""
        state = await self.gateway_state()
        found = [] if state is None else self.meters.gateway(state, begun_s)
        own = str(os.getpid())
        for pool in self.pools.values():
            found += self.meters.function(pool.function.name, pool.to_json(), begun_s, source=own)
        for table in self.stack.tables:
            found += meters.throttles(table.name, self.tunables.ledger_throttles, begun_s)
        try:
            for queue in self.stack.home.queues:
                visible = await self.client.visible(queue.url)
                found.append(meters.queue_length(queue.name, visible, begun_s))
        except (RefusedError, UnavailableError) as error:
            LOG.warning("queues can't be looked at: %s", error)
        if found:
            self.publisher.note(found, delay_s=self.tunables.metrics_delay_s)
        if state is not None:
            self.meters.forget_all_but({own, str(state.get("gateway", {}).get("pid", ""))})
        self.memory.write(_METERS, self.meters.totals)

    async def _look(self) -> None:
        """Show how things stand, every second."""
        while True:
            state = await self.gateway_state()
            await self.showing.look(self, state)
            await asyncio.sleep(_LOOK_S)

    async def gateway_state(self) -> dict[str, Any] | None:
        """Return the gateway's counters; None when it does not answer just now."""
        headers = {TOKEN_HEADER: self.token}
        try:
            async with self.client.session.get(
                f"{self.gateway_url}/state", headers=headers, timeout=_GATEWAY_TIMEOUT
            ) as answer:
                if answer.status != 200:
                    return None
                found: dict[str, Any] = await answer.json()
                return found
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def store_number(self, function: str, key: str) -> float | None:
        """Return a number out of the key-value store that a function's gate reads; None where there is none."""
        edge = next(edge for edge in self.stack.distributions if edge.function == function)
        arns = {self.stack.gates[each.gate_arn].store_arn for each in edge.behaviours if each.gate_arn}
        store = next((arn for arn in arns if arn), None)
        if store is None:
            return None
        path = f"/aws/cloudfront-keyvaluestore/key-value-stores/{quote(store, safe='')}/keys/{quote(key, safe='')}"
        headers = {"Authorization": credential("cloudfront-keyvaluestore")}
        try:
            url = URL(self.gateway_url + path, encoded=True)
            async with self.client.session.get(url, headers=headers, timeout=_GATEWAY_TIMEOUT) as answer:
                if answer.status != 200:
                    return None
                return float((await answer.json(content_type=None))["Value"])
        except (aiohttp.ClientError, TimeoutError, KeyError, ValueError):
            return None

    async def run_now(self, name: str) -> Result:
        """Run a scheduled function now; `KeyError` when there is none of that name."""
        return await self.schedules.run_now(name)

    def replay(self, seconds: float | None) -> None:
        """Hand the stream's records of the last seconds, or all, over again."""
        for poller in self.pollers:
            poller.rewind(None if seconds is None else time.time() - seconds)

    async def to_json(self) -> dict[str, Any]:
        """Return how things stand, for ``GET /home/state``."""
        letters = {}
        for queue in self.stack.home.queues:
            try:
                letters[queue.name] = await self.client.visible(queue.url)
            except (RefusedError, UnavailableError):
                letters[queue.name] = -1
        return {
            "functions": {pool.function.name: pool.to_json() for pool in self.pools.values()},
            "streams": [poller.to_json() for poller in self.pollers],
            "runs": list(self.schedules.runs),
            "alarms": self.alarming.to_json(),
            "dead_letters": letters,
            "clock_offset_s": read_offset(self.clock_file),
            "faults": self.tunables.to_json(),
        }


def totals_of(memory: Memory) -> dict[str, float]:
    """Return the counters as an earlier process last saw them."""
    return {str(key): float(value) for key, value in memory.read(_METERS).items()}
