"""Counts and latencies over time in bounded memory: fine slots of late, coarse ones before."""

from __future__ import annotations

import math
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FINE_STEP_S: Final = 5
FINE_SPAN_S: Final = 2 * 3600
COARSE_STEP_S: Final = 60
COARSE_SPAN_S: Final = 24 * 3600
# A value is told within 1 %; from 1 µs to a quarter of an hour that is about a thousand buckets at most.
RELATIVE_ERROR: Final = 0.01
_GAMMA: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_SMALLEST: Final = 1e-3
_GREATEST: Final = 1e6


@dataclass(slots=True)
class Histogram:
    """How often values of each size were seen; sizes grow by 2 % from bucket to bucket.

    Examples
    --------
    >>> seen = Histogram()
    >>> seen.add(10.0, 99)
    >>> seen.add(500.0, 1)
    >>> round(seen.quantile(0.5))
    10
    """

    buckets: Counter[int] = field(default_factory=Counter)

    def add(self, value: float, number: int = 1) -> None:
        """Count a value some times; one out of range counts at the range's end."""
        bounded = min(max(value, _SMALLEST), _GREATEST)
        self.buckets[math.ceil(math.log(bounded) / math.log(_GAMMA))] += number

    def merge(self, other: Histogram) -> None:
        """Count what another one counted."""
        self.buckets.update(other.buckets)

    def quantile(self, share: float) -> float | None:
        """Return the value below which a share of all lie, within 1 %; None when nothing was seen."""
        return self.quantiles(share)[0]

    def quantiles(self, *shares: float) -> list[float | None]:
        """Return the values below which rising shares of all lie."""
        if not self.buckets:
            return [None] * len(shares)
        ranks = [share * (self.buckets.total() - 1) for share in shares]
        found: list[float | None] = []
        seen = 0
        for index in sorted(self.buckets):
            seen += self.buckets[index]
            while len(found) < len(ranks) and seen > ranks[len(found)]:
                found.append(2 * _GAMMA**index / (_GAMMA + 1))
        return found


@dataclass(slots=True)
class Slot:
    """What happened in one step of time."""

    start_s: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    latency_ms: Histogram = field(default_factory=Histogram)

    def merge(self, other: Slot) -> None:
        """Add what happened in another one."""
        self.counts.update(other.counts)
        self.latency_ms.merge(other.latency_ms)


def summed(slots: Iterable[Slot]) -> Slot:
    """Return what happened in all of them."""
    total = Slot()
    for slot in slots:
        total.merge(slot)
    return total


@dataclass(slots=True)
class Timeline:
    """Slots in the order of time, of which only those that saw something are kept."""

    fine: deque[Slot] = field(default_factory=deque)
    coarse: deque[Slot] = field(default_factory=deque)

    def at(self, now_s: float) -> Slot:
        """Return the slot of a moment, a new one where there is none; a clock that was set back stays in the last."""
        start_s = int(now_s) // FINE_STEP_S * FINE_STEP_S
        if not self.fine or self.fine[-1].start_s < start_s:
            self.fine.append(Slot(start_s=start_s))
            self._age(start_s)
        return self.fine[-1]

    def add(self, now_s: float, counts: Mapping[str, int]) -> None:
        """Count events of one moment; those of number 0 open no slot."""
        happened = {name: number for name, number in counts.items() if number}
        if happened:
            self.at(now_s).counts.update(happened)

    def steps(self, now_s: float, *, span_s: int, step_s: int) -> list[Slot]:
        """Return the last `span_s` seconds as slots of one length, from the first that saw something to now."""
        seen = list(self._since(now_s - span_s))
        if not seen:
            return []
        first = seen[0].start_s // step_s * step_s
        steps = [Slot(start_s=start) for start in range(first, max(int(now_s), first) + 1, step_s)]
        for slot in seen:
            steps[min((slot.start_s - first) // step_s, len(steps) - 1)].merge(slot)
        return steps

    def _since(self, start_s: float) -> Iterator[Slot]:
        for slots in (self.coarse, self.fine):
            yield from (slot for slot in slots if slot.start_s > start_s - FINE_STEP_S)

    def _age(self, now_s: int) -> None:
        """Move what is too old to be fine into coarse slots, and forget what is too old for those."""
        while self.fine and self.fine[0].start_s <= now_s - FINE_SPAN_S:
            old = self.fine.popleft()
            start_s = old.start_s // COARSE_STEP_S * COARSE_STEP_S
            if not self.coarse or self.coarse[-1].start_s < start_s:
                self.coarse.append(Slot(start_s=start_s))
            self.coarse[-1].merge(old)
        while self.coarse and self.coarse[0].start_s <= now_s - COARSE_SPAN_S:
            self.coarse.popleft()
