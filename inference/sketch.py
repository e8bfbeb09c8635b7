"""DDSketch: quantiles with a relative error that is promised, of sketches that merge without loss.

Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees", PVLDB 12
(2019). A value x falls into bucket ceil(log_gamma(x)), gamma = (1 + a) / (1 - a): whatever fell there is told within
the relative error a. When a sketch would be too large, buckets are joined in pairs: gamma becomes its square (Epicoco,
Melle, Cafaro, Pulimeno, Morleo: "UDDSketch", 2020), so the error grows and is told.
"""

from __future__ import annotations

import math
from typing import Final

RELATIVE_ERROR: Final = 0.01
GAMMA: Final = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
# Below it a value counts as zero: a nanosecond of a millisecond, a score that nobody tells from none.
SMALLEST: Final = 1e-6


class Sketch:
    """Counts of positive values by bucket.

    Parameters
    ----------
    joined : int
        How often the buckets were joined in pairs; 0 is the full precision.

    Examples
    --------
    >>> sketch = Sketch()
    >>> for value in (1.0, 2.0, 3.0):
    ...     sketch.add(value)
    >>> round(sketch.quantile(0.5), 1)
    2.0
    """

    def __init__(self, joined: int = 0) -> None:
        self.joined = joined
        self.zeros = 0
        self.buckets: dict[int, int] = {}

    def __len__(self) -> int:
        """Return how many values were added."""
        return self.zeros + sum(self.buckets.values())

    @property
    def gamma(self) -> float:
        """The ratio of a bucket's ends."""
        return float(GAMMA ** (2**self.joined))

    @property
    def relative_error(self) -> float:
        """What a quantile may be off, as a share of it."""
        return (self.gamma - 1) / (self.gamma + 1)

    def add(self, value: float) -> None:
        """Count one value; one that is not positive counts as zero."""
        if not value > SMALLEST:
            self.zeros += 1
            return
        index = math.ceil(math.log(value) / math.log(self.gamma))
        self.buckets[index] = self.buckets.get(index, 0) + 1

    def merge(self, other: Sketch) -> None:
        """Count what another sketch counted; the coarser of both decides the precision."""
        if other.joined > self.joined:
            self.join(other.joined)
        shift = self.joined - other.joined
        self.zeros += other.zeros
        for index, number in other.buckets.items():
            own = -(-index // 2**shift)
            self.buckets[own] = self.buckets.get(own, 0) + number

    def join(self, joined: int) -> None:
        """Join buckets in pairs until they are `joined` times joined."""
        old, self.buckets, factor = self.buckets, {}, 2 ** (joined - self.joined)
        self.joined = joined
        for index, number in old.items():
            own = -(-index // factor)
            self.buckets[own] = self.buckets.get(own, 0) + number

    def quantile(self, share: float) -> float:
        """Return the value below which a share of all lie, within `relative_error`.

        Parameters
        ----------
        share : float
            From 0 (the least) to 1 (the greatest).

        Raises
        ------
        ValueError
            When nothing was added.
        """
        if not len(self):
            raise ValueError("an empty sketch has no quantile")
        rank = share * (len(self) - 1)
        seen = self.zeros
        if seen > rank:
            return 0.0
        for index in sorted(self.buckets):
            seen += self.buckets[index]
            if seen > rank:
                break
        return float(2 * self.gamma**index / (self.gamma + 1))

    def to_text(self) -> str:
        """Return a short text: joined, zeros, then buckets as the step from the one before and the count."""
        parts, last = [], 0
        for index in sorted(self.buckets):
            number = self.buckets[index]
            parts.append(f"{index - last}" if number == 1 else f"{index - last}x{number}")
            last = index
        return f"{self.joined};{self.zeros};{','.join(parts)}"

    @classmethod
    def from_text(cls, text: str) -> Sketch:
        """Read what `to_text` wrote.

        Raises
        ------
        ValueError
            When it is none.
        """
        joined, zeros, parts = text.split(";")
        sketch = cls(int(joined))
        sketch.zeros = int(zeros)
        index = 0
        for part in filter(None, parts.split(",")):
            step, _, number = part.partition("x")
            index += int(step)
            sketch.buckets[index] = int(number or 1)
        return sketch
