"""The firewall of the simulated edge: a default that blocks, and a rate rule that acts late."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

# AWS WAF API reference, RateBasedStatement: the rate is checked about every 10 s.
CHECK_S: Final = 10
_NEVER: Final = 2**62
# Rates are floats, requests are whole: a window that holds the limit exactly is not over it.
_ROUNDING: Final = 1e-6


class RateRule:
    """One counter over a trailing window, checked now and then, blocking some time after its limit was passed.

    It blocks at the last check before its reaction time is over, and until the first check that finds the window
    at or below the limit. Requests that it blocks are counted too. A trip is forgotten when the window
    has emptied before the rule reacted: that is what pulses tuned to its lag live on.

    Parameters
    ----------
    limit : int
        Requests in a window that still pass.
    window_s : int
        The window.
    reaction_s : callable
        Draws the seconds from passing the limit until the rule blocks.
    """

    def __init__(self, *, limit: int, window_s: int, reaction_s: Callable[[], int]) -> None:
        self._most = limit + _ROUNDING
        self.window_s = window_s
        self._reaction_s = reaction_s
        self._seen: deque[tuple[int, int, float]] = deque()  # start, end, requests a second
        self._blocks_at = _NEVER
        self.blocking = False

    def stretch(self, now_s: int, rate: float, most_s: int) -> int:
        """Return for how many seconds, at least 1, the rule stays as it is while `rate` requests a second come."""
        if self.blocking:
            changes_at = self._opens(now_s, rate, now_s + most_s)
        elif self._blocks_at < _NEVER:
            calm = self._crosses(now_s, rate, now_s + most_s, above=False)
            changes_at = min(self._blocks_at, calm)
        else:
            changes_at = self._crosses(now_s, rate, now_s + most_s, above=True)
        return max(1, min(most_s, changes_at - now_s))

    def record(self, now_s: int, seconds: int, rate: float) -> None:
        """Take in what came in `seconds` (no more than `stretch` said), then see whether the rule changes."""
        ends_s = now_s + seconds
        if rate > 0:
            self._seen.append((now_s, ends_s, rate))
        while self._seen and self._seen[0][1] <= ends_s - self.window_s:
            self._seen.popleft()
        over = self.trailing(ends_s) > self._most
        if self.blocking:
            self.blocking = over or ends_s % CHECK_S != 0
        elif not over:
            self._blocks_at = _NEVER
        elif self._blocks_at == _NEVER:
            self._trip(ends_s)
        if ends_s >= self._blocks_at:
            self.blocking, self._blocks_at = True, _NEVER

    def trailing(self, at_s: int) -> float:
        """Return how many requests the window holds that ends at `at_s`."""
        begins_s, held = at_s - self.window_s, 0.0
        for start, end, rate in self._seen:
            inside_s = min(end, at_s) - max(start, begins_s)
            if inside_s > 0:
                held += rate * inside_s
        return held

    def quiet_until_open(self, now_s: int) -> int:
        """Return the seconds without any request after which the rule lets pass again."""
        return self._opens(now_s, 0, now_s + self.window_s + CHECK_S) - now_s if self.blocking else 0

    def _trip(self, at_s: int) -> None:
        latest = at_s - 1 + self._reaction_s()  # at_s is the first whole second over the limit
        check = latest - latest % CHECK_S
        self._blocks_at = max(check if check >= at_s else latest, at_s)

    def _opens(self, now_s: int, rate: float, until_s: int) -> int:
        falls = now_s if self.trailing(now_s) <= self._most else self._crosses(now_s, rate, until_s, above=False)
        return max(falls + -falls % CHECK_S, now_s + 1)

    def _crosses(self, now_s: int, rate: float, until_s: int, *, above: bool) -> int:
        """Return the first second after `now_s` at which the window holds more than the limit, or no more.

        Between the moments at which a recorded stretch begins or ends to leave the window, what it holds is linear.
        """
        held, at_s = self.trailing(now_s), now_s
        for next_s in self._bends(now_s, until_s):
            slope = rate - self._leaving(at_s, rate, now_s)
            reached = _first(held, slope, self._most, above=above)
            if reached <= next_s - at_s:
                return at_s + max(reached, 1)
            held, at_s = held + slope * (next_s - at_s), next_s
        return until_s + 1

    def _bends(self, now_s: int, until_s: int) -> Iterator[int]:
        moments = {now_s + self.window_s, until_s}
        for start, end, _ in self._seen:
            moments |= {start + self.window_s, end + self.window_s}
        yield from sorted(moment for moment in moments if now_s < moment <= until_s)

    def _leaving(self, at_s: int, rate: float, now_s: int) -> float:
        """Return the requests a second that leave the window just after `at_s`."""
        edge = at_s - self.window_s
        if edge >= now_s:
            return rate
        return sum(past for start, end, past in self._seen if start <= edge < end)


def _first(held: float, slope: float, limit: float, *, above: bool) -> int:
    """Return the first whole second at which `held + slope * s` is above the limit, or at most the limit."""
    if above:
        if held > limit:
            return 0
        return math.floor((limit - held) / slope) + 1 if slope > 0 else _NEVER
    if held <= limit:
        return 0
    return math.ceil((held - limit) / -slope) if slope < 0 else _NEVER
