"""How a rate-based rule counts, and when it begins and ends to limit."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

# AWS WAF API Reference, RateBasedStatement: "checks the rate of requests ... about every 10 seconds".
CHECK_S: Final = 10.0
# AWS WAF Developer Guide, "Rate-based rule caveats": a delay of up to several minutes, usually below 30 s
# together with the check. AWS promises no bound.
DEFAULT_LAG_S: Final = 10.0
# AWS WAF Developer Guide, "Quotas": the addresses that one rule limits at a time.
MAX_LIMITED: Final = 10_000


@dataclass(kw_only=True, slots=True)
class RateCounter:
    """Counts requests by key in whole seconds of its clock, and checks them every `CHECK_S`.

    A check looks back over the window; what it finds over the limit is limited `lag_s` later, until a
    later check, `lag_s` after it too, finds it no longer so. Requests that are blocked go on counting.

    Attributes
    ----------
    limit, window_s : int
        Requests, and the seconds that a check looks back.
    now : float
        When the counter begins (seconds of a monotonic clock).
    """

    limit: int
    window_s: int
    now: float
    lag_s: float = DEFAULT_LAG_S
    _seconds: deque[tuple[int, Counter[Hashable]]] = field(default_factory=deque)
    _totals: Counter[Hashable] = field(default_factory=Counter)
    _next_check: float = 0.0
    _decided: deque[tuple[float, frozenset[Hashable]]] = field(default_factory=deque)
    _limited: frozenset[Hashable] = frozenset()

    def __post_init__(self) -> None:
        """Set the first check."""
        self._next_check = self.now + CHECK_S

    def add(self, key: Hashable, now: float) -> bool:
        """Count a request, and tell whether its key is limited.

        Parameters
        ----------
        key : hashable
            The address, or one key for all.
        now : float
            Seconds of the clock; never less than before.
        """
        self.advance(now)
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append((second, Counter()))
        self._seconds[-1][1][key] += 1
        self._totals[key] += 1
        return key in self._limited

    def limited(self, now: float) -> frozenset[Hashable]:
        """Return the keys that are limited."""
        self.advance(now)
        return self._limited

    def advance(self, now: float) -> None:
        """Make the checks that are due, and let what they decided take effect."""
        while self._next_check <= now:
            self._check(self._next_check)
            self._next_check += CHECK_S
            if not self._totals and not self._limited and not self._decided:
                # Nothing to find before the next request.
                self._next_check += CHECK_S * max(0, (now - self._next_check) // CHECK_S + 1)
        while self._decided and self._decided[0][0] <= now:
            self._limited = self._decided.popleft()[1]

    def _check(self, when: float) -> None:
        while self._seconds and self._seconds[0][0] < int(when) - self.window_s:
            for key, count in self._seconds.popleft()[1].items():
                self._totals[key] -= count
                if not self._totals[key]:
                    del self._totals[key]
        over = [key for key, count in self._totals.most_common(MAX_LIMITED) if count > self.limit]
        latest = self._decided[-1][1] if self._decided else self._limited
        if latest != frozenset(over):
            self._decided.append((when + self.lag_s, frozenset(over)))
