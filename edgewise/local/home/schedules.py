"""EventBridge schedules at a steady rate, and Lambda's retries of the asynchronous calls that they make."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.functions.environments import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from edgewise.local.functions.environments import Result
    from edgewise.local.functions.pool import Pool
    from edgewise.local.home.tunables import Tunables
    from edgewise.local.stack.homemodel import Schedule

# AWS Lambda Developer Guide, "Error handling for asynchronous invocation": one minute before the first retry, two
# before the second.
_PAUSES_MINUTES: Final = (1, 2)
MAX_RUNS: Final = 50


@dataclass(kw_only=True, eq=False, slots=True)
class Schedules:
    """All schedules of a stack.

    Attributes
    ----------
    schedules : sequence of Schedule
    pools : Mapping
        By the function's ARN without a version.
    tunables : Tunables
    clock : callable
        Unix seconds.
    """

    schedules: Sequence[Schedule]
    pools: Mapping[str, Pool]
    tunables: Tunables
    clock: Callable[[], float] = time.time
    runs: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=MAX_RUNS))
    _minutes: int = 0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def minute(self) -> None:
        """Begin a minute: start what is due."""
        self._minutes += 1
        for schedule in self.schedules:
            if schedule.enabled and self._minutes % schedule.every_minutes == 0:
                task = asyncio.create_task(self._call(schedule))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def run_now(self, name: str) -> Result:
        """Run a schedule's function once, now.

        Parameters
        ----------
        name : str
            Of the schedule or of its function.

        Raises
        ------
        KeyError
            When there is none.
        """
        for schedule in self.schedules:
            if name in (schedule.name, self.pools[schedule.target_arn].function.name):
                return await self._once(schedule, attempt=1)
        raise KeyError(f"no schedule {name!r}; there are {sorted(schedule.name for schedule in self.schedules)}")

    async def _call(self, schedule: Schedule) -> None:
        retries = self.pools[schedule.target_arn].function.async_retries
        for attempt in range(1, retries + 2):
            result = await self._once(schedule, attempt=attempt)
            if result.outcome is Outcome.OK or attempt > retries:
                return
            pause_minutes = _PAUSES_MINUTES[min(attempt, len(_PAUSES_MINUTES)) - 1]
            await asyncio.sleep(pause_minutes * self.tunables.seconds_per_minute)

    async def _once(self, schedule: Schedule, *, attempt: int) -> Result:
        began_s = self.clock()
        result = await self.pools[schedule.target_arn].invoke(schedule.input.encode())
        self.runs.append(
            {
                "schedule": schedule.name,
                "time_s": began_s,
                "attempt": attempt,
                "outcome": result.outcome.value,
                "detail": result.detail,
                "billed_ms": result.billed_ms,
            }
        )
        return result
