"""A pool of environments a function: started on demand, used one call at a time, kept."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from edgewise.local.functions.environments import Environment, Outcome, Result, Settings
from edgewise.local.stack.model import DEFAULT_MAX_ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from edgewise.local.functions.runtime import Launch
    from edgewise.local.stack.model import LambdaFunction

# Lambda throttles at once when its concurrency is used up. A few environments stand for a thousand here,
# so a burst may wait: as many as arrive at 60 a second while the first environments start.
DEFAULT_MAX_WAITING: Final = 256


@dataclass(kw_only=True, eq=False, slots=True)
class Pool:
    """The environments of one function."""

    function: LambdaFunction
    launch: Launch
    settings: Settings
    max_environments: int = DEFAULT_MAX_ENVIRONMENTS
    max_waiting: int = DEFAULT_MAX_WAITING
    outcomes: Counter[str] = field(default_factory=Counter)
    cold_starts: int = 0
    billed_ms: int = 0
    _live: list[Environment] = field(default_factory=list)
    _idle: list[Environment] = field(default_factory=list)
    _waiting: deque[asyncio.Future[Environment | Result]] = field(default_factory=deque)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _starting: int = 0
    _made: int = 0

    @property
    def invocations(self) -> int:
        """Calls that ran or tried to; a throttled one is none (AWS counts the same way)."""
        return sum(self.outcomes.values()) - self.outcomes[Outcome.THROTTLED.value]

    @property
    def pids(self) -> list[int]:
        """The processes of the pool that have not ended, as far as is known."""
        return [
            environment.process.pid
            for environment in self._live
            if environment.process is not None and environment.process.returncode is None
        ]

    async def invoke(self, event: bytes) -> Result:
        """Run an event in a free environment, a new one, or the next that gets free."""
        place = await self._place()
        if isinstance(place, Result):
            return self._count(place)
        result = await place.call(event)
        if place.ready or place.dead:
            self._give_back(place)
        else:
            self._in_background(self._settle(place))
        return self._count(result)

    def kill(self, count: int) -> list[int]:
        """Kill environments at random, in a call or not; return the process ids of those that lived."""
        killed: list[int] = []
        pids = self.pids
        # An environment that was killed while idle stays in the pool until a call finds it dead.
        for pid in random.sample(pids, len(pids)):
            if len(killed) == count:
                break
            with suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
                killed.append(pid)
        return killed

    async def stop(self) -> None:
        """Stop every environment."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*(environment.stop() for environment in list(self._live)))
        self._live.clear()
        self._idle.clear()

    def to_json(self) -> dict[str, object]:
        """Return the pool's counters as a JSON object."""
        return {
            "invocations": self.invocations,
            "outcomes": {outcome.value: self.outcomes[outcome.value] for outcome in Outcome},
            "cold_starts": self.cold_starts,
            "billed_ms": self.billed_ms,
            "memory_mb": self.function.memory_mb,
            "environments": len(self._live),
            "pids": self.pids,
        }

    def _count(self, result: Result) -> Result:
        self.outcomes[result.outcome.value] += 1
        self.cold_starts += result.cold_start
        self.billed_ms += result.billed_ms
        return result

    async def _place(self) -> Environment | Result:
        # Last used, first used: the rest may stay frozen, as in Lambda.
        while self._idle:
            environment = self._idle.pop()
            if environment.process is not None and environment.process.returncode is None:
                return environment
            await self._bury(environment)
        if len(self._waiting) >= self.max_waiting:
            return Result(outcome=Outcome.THROTTLED, detail=f"{self.max_waiting} calls wait already")
        waiter: asyncio.Future[Environment | Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._start_where_needed()
        return await waiter

    def _start_where_needed(self) -> None:
        while self._starting < len(self._waiting) and len(self._live) < self.max_environments:
            self._made += 1
            environment = Environment(
                function=self.function,
                launch=self.launch,
                settings=self.settings,
                name=f"{self.function.name}-{self._made}",
            )
            self._live.append(environment)
            self._starting += 1
            self._in_background(self._start(environment))

    async def _start(self, environment: Environment) -> None:
        try:
            failure = await environment.start()
        finally:
            self._starting -= 1
        if failure is None:
            self._give_back(environment)
            return
        self._live.remove(environment)
        self._answer_next(failure)
        self._start_where_needed()

    async def _settle(self, environment: Environment) -> None:
        await environment.settle()
        self._give_back(environment)

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _give_back(self, environment: Environment) -> None:
        if environment.dead:
            self._live.remove(environment)
            self._start_where_needed()
        elif not self._answer_next(environment):
            self._idle.append(environment)

    def _answer_next(self, answer: Environment | Result) -> bool:
        """Hand an environment or a failure to who waited longest; tell whether anybody did."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(answer)
                return True
        return False

    async def _bury(self, environment: Environment) -> None:
        """Take away an environment whose process died while it was idle."""
        self._live.remove(environment)
        await environment.stop()
