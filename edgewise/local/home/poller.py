"""An event source mapping at work: hands a stream's records to a function, in order, until it took them or gave up.

AWS, Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB". What AWS's poller knows, this one keeps in a
file: its place, and how often the batch at that place was handed over.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.home import deadletters
from edgewise.local.home.batches import first_failed
from edgewise.local.home.patterns import passes, read_patterns
from edgewise.local.home.stream import Place, Record, Stream, table_of
from edgewise.local.stack.homemodel import FOREVER

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from edgewise.local.functions.environments import Result
    from edgewise.local.home.memory import Memory
    from edgewise.local.home.tunables import Tunables
    from edgewise.local.stack.homemodel import EventSource

# Lambda, "Lambda quotas": 6 MB for an invocation's payload.
MAX_PAYLOAD_BYTES: Final = 6 * 1024 * 1024
_POLL_S: Final = 0.05
# AWS gives no figure for the pause before a retry; it grows.
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0


@dataclass(kw_only=True, eq=False, slots=True)
class Poller:
    """One mapping.

    Attributes
    ----------
    source : EventSource
    journal : Path
        Holds the stream.
    memory : Memory
    invoke : callable
        Runs the function with an event.
    give_up : callable
        Sends a document to the mapping's destination, known by a name when it is sent twice; returns when it is
        taken.
    on_age : callable
        Is told the age of the last record of each batch that was done, in ms (``IteratorAge``).
    tunables : Tunables
    clock : callable
        Unix seconds as the functions see them.
    """

    source: EventSource
    journal: Path
    memory: Memory
    invoke: Callable[[bytes], Awaitable[Result]]
    give_up: Callable[[str, dict[str, Any]], Awaitable[None]]
    on_age: Callable[[float], None]
    tunables: Tunables
    clock: Callable[[], float] = time.time
    counters: Counter[str] = field(default_factory=Counter)
    place: Place = field(default_factory=Place)
    attempts: int = 0
    _retried_to: int | None = None
    _rewound: Place | None = None
    _patterns: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Check the filters, and find the place where an earlier process stopped."""
        self._patterns = read_patterns(self.source.filters, where=f"event source mapping {self.source.name!r}")
        known = self.memory.read(self._name)
        if known:
            self.place = Place.from_json(known["place"])
            self.attempts, self._retried_to = int(known["attempts"]), known["retried_to"]
            self.counters["replays"] = int(known["replays"])
        elif self.source.starting_position == "LATEST":
            self.place = self.stream.end()
            self._keep()

    @property
    def stream(self) -> Stream:
        """The table's stream."""
        return Stream(self.journal, table_of(self.source.stream_arn))

    @property
    def _name(self) -> str:
        return f"stream-{self.source.name}"

    async def run(self) -> None:
        """Hand over what comes, until cancelled."""
        while True:
            batch = await self._gather()
            if batch:
                await self._hand_over(batch)

    def rewind(self, since_s: float | None) -> None:
        """Hand records over again: those of the last seconds, or all; a batch under way is finished first.

        Parameters
        ----------
        since_s : float or None
            Unix seconds by this machine's clock; None for all.
        """
        self._rewound = Place() if since_s is None else self.stream.since(since_s)

    def to_json(self) -> dict[str, Any]:
        """Return where it stands as a JSON object."""
        waiting = [record for record in self.stream.behind(self.place) if passes(record.content, self._patterns)]
        age_s = time.time() - waiting[0].written_s if waiting else 0.0
        return {
            "name": self.source.name,
            "function_arn": self.source.function_arn,
            "number": self.place.number,
            "waiting": len(waiting),
            "age_s": age_s,
            "attempts": self.attempts,
            **{name: self.counters[name] for name in ("batches", "records", "retries", "discarded", "replays")},
        }

    async def _gather(self) -> list[Record]:
        """Return the next batch: full, or as old as the window allows."""
        self._take_rewind()
        if self.tunables.stream_paused or not self.source.enabled:
            await asyncio.sleep(_POLL_S)
            return []
        batch, seen = self._read()
        if not batch:
            if seen != self.place:
                self._move(seen)
            await asyncio.sleep(_POLL_S)
            return []
        if self._retried_to is not None:
            return [record for record in batch if record.place.number <= self._retried_to] or batch
        if self.source.window_s and len(batch) < self.source.batch_size:
            deadline = time.monotonic() + self.source.window_s
            while time.monotonic() < deadline and len(batch) < self.source.batch_size and self._rewound is None:
                await asyncio.sleep(_POLL_S)
                batch, _ = self._read()
        return batch

    def _read(self) -> tuple[list[Record], Place]:
        """Return the records that pass the filters, no more than a batch may hold, and the last place looked at."""
        batch: list[Record] = []
        seen, size = self.place, 0
        for record in self.stream.behind(self.place):
            seen = record.place
            if not passes(record.content, self._patterns):
                continue
            size += len(json.dumps(record.content))
            if batch and size > MAX_PAYLOAD_BYTES:
                break
            batch.append(record)
            if len(batch) == self.source.batch_size:
                break
        return batch, seen

    async def _hand_over(self, batch: list[Record]) -> None:
        """Hand a batch over until nothing of it is left; with `bisect`, in halves of halves."""
        parts = [batch]
        while parts and self._rewound is None:
            part = await self._without_the_old(parts[0])
            if not part:
                parts.pop(0)
                continue
            result = await self.invoke(self._event(part))
            self.counters["batches"] += 1
            failed = first_failed(result, part, report_item_failures=self.source.report_item_failures)
            done = part if failed is None else part[:failed]
            if done:
                self.counters["records"] += len(done)
                self.on_age((time.time() - done[-1].written_s) * 1000)
                self._move(done[-1].place)
            if failed is None:
                parts.pop(0)
                continue
            parts[:1] = await self._failed(part[failed:], result)

    async def _failed(self, rest: list[Record], result: Result) -> list[list[Record]]:
        """Return what to hand over next of a part that failed."""
        if self.source.bisect and len(rest) > 1:
            # AWS: a split does not count against the retries.
            middle = len(rest) // 2
            self._keep(retried_to=rest[middle - 1].place.number)
            return [rest[:middle], rest[middle:]]
        self.attempts += 1
        if self.source.retries != FOREVER and self.attempts > self.source.retries:
            await self._discard(rest, deadletters.EXHAUSTED, result)
            return []
        self.counters["retries"] += 1
        self._keep(retried_to=rest[-1].place.number)
        await asyncio.sleep(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(self.attempts, 10)))
        return [rest]

    async def _without_the_old(self, part: list[Record]) -> list[Record]:
        """Give up the records that are older than the mapping allows, and return the others."""
        if self.source.record_age_s == FOREVER:
            return part
        oldest_s = time.time() - self.source.record_age_s
        old = [record for record in part if record.written_s < oldest_s]
        if old:
            await self._discard(old, deadletters.TOO_OLD, None)
        return part[len(old) :]

    async def _discard(self, records: list[Record], condition: str, result: Result | None) -> None:
        if self.source.on_failure_arn is not None:
            told = deadletters.document(
                self.source,
                records,
                condition=condition,
                invoke_count=self.attempts,
                result=result,
                now_s=self.clock(),
            )
            span = f"{records[0].sequence_number}-{records[-1].sequence_number}"
            await self.give_up(f"dead-letter/{self.source.name}/{span}/{self.counters['replays']}", told)
        self.counters["discarded"] += len(records)
        self._move(records[-1].place)

    def _event(self, records: list[Record]) -> bytes:
        return json.dumps({"Records": [record.handed_on(self.source.stream_arn) for record in records]}).encode()

    def _take_rewind(self) -> None:
        if self._rewound is not None:
            self.counters["replays"] += 1
            place, self._rewound = self._rewound, None
            self._move(place)

    def _move(self, place: Place) -> None:
        self.place, self.attempts = place, 0
        self._keep()

    def _keep(self, *, retried_to: int | None = None) -> None:
        self._retried_to = retried_to
        self.memory.write(
            self._name,
            {
                "place": self.place.to_json(),
                "attempts": self.attempts,
                "retried_to": retried_to,
                "replays": self.counters["replays"],
            },
        )
