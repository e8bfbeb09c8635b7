"""The environments of the edge function: each answers one call at a time, and none without a lease."""

from __future__ import annotations

import heapq
import math
from collections.abc import Set
from dataclasses import dataclass
from typing import Final, Protocol

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.events import Events
from edgewise.cost.simulate.ledger import Lease, Ledger, Refusal
from edgewise.cost.simulate.month import DAY_S
from edgewise.cost.simulate.nature import Nature

# CloudFront guide, cloudfront-limits: Lambda@Edge runs for at most 30 s, whatever the function's own timeout.
PLATFORM_TIMEOUT_S: Final = 30
# inference/lease.py, LEDGER_PAUSE_S: how long an unanswered question is remembered.
OUTAGE_MEMORY_S: Final = 5
# A refusal that a warm environment gives from memory.
_REFUSAL_MS: Final = 5
_FOR_EVER: Final = 2**62


class Watchers(Protocol):
    """Who hears what the fleet meets, and says until when the fleet may go on."""

    def until(self) -> int:
        """Return the second at which the world changes next."""

    def quota_ended(self, at_s: float) -> None:
        """Hear that the last request of a quota was granted."""

    def refused(self, number: int, at_s: float) -> None:
        """Hear of calls outside any lease."""

    def refusals_left(self) -> int:
        """Return how many refusals make the watchers act; 0 when no number does."""


@dataclass(slots=True)
class Environment:
    """One environment, frozen between its calls: time only passes for it by the clock."""

    size: int
    lives: int
    warm: bool = False
    left: int = 0
    ms_left: int = 0
    ends_s: int = -1
    refused_until_s: float = -1
    asked_early_s: float = -math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class _Lane:
    """Every `stride`-th of the calls that come evenly: those that reach one environment."""

    environment: Environment
    first: int
    stride: int
    total: int
    at_s: int
    seconds: int

    @property
    def gap_s(self) -> float:
        """Seconds between two calls of the lane."""
        return self.stride * self.seconds / self.total

    def due(self, until_s: int) -> int:
        """Return how many of the lane's calls come before a second."""
        elapsed = min(until_s - self.at_s, self.seconds)
        sent = -(-self.total * elapsed // self.seconds)
        return max(0, -(-(sent - self.first) // self.stride))

    def time_of(self, call: int) -> float:
        """Return the second at which a call comes."""
        return self.at_s + (self.first + call * self.stride) * self.seconds / self.total


class Fleet:
    """All environments of one function.

    Parameters
    ----------
    watchers : Watchers
        Hear of ended quotas and refusals.
    """

    def __init__(
        self,
        *,
        endpoint: Endpoint,
        nature: Nature,
        ledger: Ledger,
        events: Events,
        without: Set[Control],
        watchers: Watchers,
    ) -> None:
        self._endpoint = endpoint
        self._nature = nature
        self._ledger = ledger
        self._events = events
        self._watchers = watchers
        self._pool: list[Environment] = []
        assumed = endpoint.assumed
        timeout_s = PLATFORM_TIMEOUT_S if Control.TIMEOUT in without else endpoint.timeout_s
        self._timeout_ms = timeout_s * 1000
        granted_ms = endpoint.ms_per_request or self._timeout_ms
        self._call_ms = max(1, min(int(nature.call_ms * granted_ms), self._timeout_ms))
        self._billed_ms = min(self._call_ms + assumed.unmetered_ms, self._timeout_ms)
        self._start_ms = int(nature.init * assumed.init_s * 1000)
        self._load_ms = int(nature.load * self._timeout_ms)
        self._fetches = round(nature.fetches * endpoint.model_attempts) if endpoint.model_bytes else 0

    def serve(self, calls: int, at_s: int, seconds: int) -> int:
        """Serve calls that come evenly, until they end or the world changes; return how many were taken."""
        lanes = self._lanes(calls, at_s, seconds)
        done = [0] * len(lanes)
        queue = [(lane.time_of(0), number) for number, lane in enumerate(lanes)]
        while queue:
            now_s, number = heapq.heappop(queue)
            lane = lanes[number]
            waiting = lane.due(self._watchers.until()) - done[number]
            if waiting > 0:
                done[number] += self._step(lane, now_s, waiting)
                heapq.heappush(queue, (lane.time_of(done[number]), number))
        return sum(done)

    def _lanes(self, calls: int, at_s: int, seconds: int) -> list[_Lane]:
        """Spread calls over as many environments as must run side by side; the longest kept are used first."""
        overrun_s = self._timeout_ms / 1000 / self._endpoint.lease.requests if self._nature.overruns else 0
        busy = math.ceil(calls / seconds * (self._billed_ms / 1000 + overrun_s))
        number = min(calls, max(busy, self._nature.lanes))
        while len(self._pool) < number:
            self._pool.append(self._fresh())
        return [
            _Lane(environment=self._pool[first], first=first, stride=number, total=calls, at_s=at_s, seconds=seconds)
            for first in range(number)
        ]

    def _fresh(self) -> Environment:
        lives = _FOR_EVER if self._nature.lives is None else self._nature.lives
        return Environment(size=self._endpoint.lease.requests, lives=lives)

    def _step(self, lane: _Lane, now_s: float, waiting: int) -> int:
        """Let one environment take calls up to the end of its lease, or refuse them; return how many."""
        environment, gap_s = lane.environment, lane.gap_s
        if environment.left <= 0 or now_s >= environment.ends_s:
            refusal = self._renew(environment, now_s)
            if refusal:
                return self._refuse(lane, refusal, now_s, waiting)
        in_time = math.ceil((environment.ends_s - now_s) / gap_s)
        in_grant = -(-environment.ms_left // self._call_ms)
        taken = max(1, min(waiting, environment.left, in_time, in_grant, environment.lives))
        if self._nature.early_renewals and 0 in (self._ledger.left, self._ledger.renewals_left):
            self._ask_early(environment, now_s, taken, gap_s)
        self._work(environment, taken)
        return taken

    def _ask_early(self, environment: Environment, now_s: float, calls: int, gap_s: float) -> None:
        """Ask for the next lease in vain while one is held: with a call, and when the last refusal is forgotten."""
        memory_s = self._endpoint.lease.refusal_memory_s
        spacing_s = max(gap_s, memory_s)
        starts_s = max(now_s, environment.asked_early_s + memory_s)
        ends_s = now_s + (calls - 1) * gap_s
        if starts_s <= ends_s:
            asked = int((ends_s - starts_s) // spacing_s) + 1
            self._events.renewals_refused += asked
            environment.asked_early_s = starts_s + (asked - 1) * spacing_s

    def _work(self, environment: Environment, calls: int) -> None:
        """Answer calls inside a lease. Only its last one can overrun it, and no call passes its timeout."""
        environment.left -= calls
        environment.ms_left -= calls * self._call_ms
        environment.lives -= calls
        over = environment.left <= 0 or environment.ms_left <= 0
        self._events.passed += calls
        self._events.lease_ms += calls * self._billed_ms
        if over:
            environment.left = 0
            environment.size *= 2  # used up in time: the next may be larger
            if self._nature.overruns:
                self._events.lease_ms += self._timeout_ms - self._billed_ms
        if environment.lives <= 0 or (over and self._nature.dies_with_lease):
            self._replace(environment)

    def _replace(self, environment: Environment) -> None:
        """Lose an environment: its lease counts as spent, and the next call meets a new one."""
        fresh = self._fresh()
        environment.size, environment.lives, environment.warm = fresh.size, fresh.lives, False
        environment.left, environment.ends_s, environment.refused_until_s = 0, -1, -1
        environment.asked_early_s = -math.inf

    def _renew(self, environment: Environment, now_s: float) -> Refusal | None:
        """Ask the ledger, unless a refusal is still remembered."""
        if now_s < environment.refused_until_s:
            return "quota"
        if environment.left > 0:  # it expired with something left
            environment.size = max(environment.size // 2, self._endpoint.lease.requests)
        answer = self._ledger.ask(now_s, environment.size, cold=not environment.warm)
        if not isinstance(answer, Lease):
            self._events.refused_questions += 1
            return answer
        self._granted(environment, answer)
        if self._ledger.left == 0:
            self._watchers.quota_ended(now_s)
        return None

    def _granted(self, environment: Environment, lease: Lease) -> None:
        events = self._events
        events.leases += 1
        events.records += 1
        if not environment.warm:
            events.cold_grants += 1
            events.start_ms += self._start_ms + self._load_ms
            events.fetches += self._fetches
        if self._nature.lone_receipts:
            events.receipts += 1
            events.records += 1
        environment.warm = True
        environment.size = max(self._endpoint.lease.requests, lease.requests)
        environment.left, environment.ms_left, environment.ends_s = lease.requests, lease.milliseconds, lease.ends_s

    def _refuse(self, lane: _Lane, refusal: Refusal, now_s: float, waiting: int) -> int:
        """Turn calls away without a lease, no more than this lane's part of those that make the guard act."""
        environment, gap_s = lane.environment, lane.gap_s
        if refusal == "kind" and environment.warm:
            waiting = 1  # whoever may not renew is taken away, and the next call meets a new environment
        until_heard = self._watchers.refusals_left() // lane.stride
        refused = min(waiting, max(1, until_heard)) if self._watchers.refusals_left() else waiting
        events = self._events
        events.refused_at_ledger += refused
        if self._nature.refused_cold:
            events.refused_questions += refused - 1
            events.refused_ms += refused * (self._start_ms + self._timeout_ms)
            self._replace(environment)
        else:
            self._remember(environment, refusal, now_s, refused * gap_s)
            events.refused_ms += refused * _REFUSAL_MS + (0 if environment.warm else self._start_ms)
        self._watchers.refused(refused, now_s + (refused - 1) * gap_s)
        return refused

    def _remember(self, environment: Environment, refusal: Refusal, now_s: float, lasts_s: float) -> None:
        """Keep a refusal in mind: until midnight, or for some seconds when the ledger was silent."""
        if refusal == "silence":
            self._events.refused_questions += int(lasts_s / OUTAGE_MEMORY_S)
        elif refusal == "kind" and environment.warm:
            self._replace(environment)
        else:
            environment.refused_until_s = (now_s // DAY_S + 1) * DAY_S
