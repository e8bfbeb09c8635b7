"""The guard of the simulated edge: it sees refused traffic late, looks now and then, and acts once."""

from __future__ import annotations

from typing import Final

from edgewise.cost.bound.endpoint import Assumed
from edgewise.cost.bound.endpoint import Guard as GuardSettings
from edgewise.cost.simulate.nature import Nature

# EventBridge Scheduler starts a run within 60 s of its time: "Schedule types", Scheduler user guide.
SCHEDULE_PRECISION_S: Final = 60
_NEVER: Final = 2**62


class Allowance:
    """Refused requests of one kind in this month, and when they passed what is allowed."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.seen = 0

    @property
    def left(self) -> int:
        """Refusals until the allowance is passed, that one included; 0 when it is."""
        return max(0, self.allowed + 1 - self.seen)

    def lasts_s(self, number: int, seconds: int) -> int:
        """Return after how many seconds it is passed when `number` come every `seconds`."""
        return -(-self.left * seconds // number) if number else _NEVER

    def count(self, number: int) -> bool:
        """Count refusals; tell whether these passed the allowance."""
        before = self.left
        self.seen += number
        return before > 0 and self.left == 0


class Guard:
    """When the guard's acts take effect.

    Parameters
    ----------
    phase_s : int
        Second of the month's first look.
    """

    def __init__(self, settings: GuardSettings, assumed: Assumed, nature: Nature, phase_s: int) -> None:
        self._interval_s = settings.interval_s
        self._phase_s = phase_s % settings.interval_s
        self._metrics_s = int(nature.metrics_lag * assumed.metrics_s)
        self._slow_s = int(nature.guard_lag * (SCHEDULE_PRECISION_S + settings.init_s + settings.timeout_s))

    def acts_at(self, passed_s: int) -> int:
        """Return when it has acted on an allowance that was passed at `passed_s`.

        It looks every interval and sees what was counted a metric's delay ago; the look that sees it may start
        late, and its run takes time.
        """
        visible_s = passed_s + self._metrics_s
        look_s = visible_s + (self._phase_s - visible_s) % self._interval_s
        return look_s + self._slow_s

    def unseen_from(self, now_s: int) -> int:
        """Return the next second at which what happens just missed a look: an attacker's best moment."""
        missed = self._phase_s - self._metrics_s + 1
        return now_s + (missed - now_s) % self._interval_s
