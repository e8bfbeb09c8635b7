"""A monotonic clock that can be made to run faster: minutes of the cloud in seconds of a test."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class ScaledClock:
    """Seconds of `source`, times `scale`; it never goes back, also not when the scale changes."""

    source: Callable[[], float] = time.monotonic
    scale: float = 1.0
    _since: float | None = None
    _base: float = 0.0

    def __call__(self) -> float:
        """Return the clock's seconds."""
        now = self.source()
        if self._since is None:
            self._since = self._base = now
        return self._base + (now - self._since) * self.scale

    def set_scale(self, scale: float) -> None:
        """Run faster or slower from now on.

        Raises
        ------
        ValueError
            When the scale is not above zero.
        """
        if not scale > 0:
            raise ValueError(f"clock_scale is {scale}, it must be above 0")
        self._base, self._since = self(), self.source()
        self.scale = scale
