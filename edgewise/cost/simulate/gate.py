"""The gate of the simulated edge: it judges each request by itself and by one key of its store."""

from __future__ import annotations

from collections.abc import Set

from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.traffic import Kind


class Gate:
    """The viewer-request function and its store, as every edge sees them.

    Parameters
    ----------
    without : set of Control
        Checks that it does not make.
    """

    def __init__(self, without: Set[Control]) -> None:
        self._without = without
        self._closed_until_s = 0

    def read(self, closed_until_s: int) -> None:
        """Take in a value of `closed_until` that has arrived everywhere; no writer ever opens what another closed."""
        self._closed_until_s = max(self._closed_until_s, closed_until_s)

    def closed(self, now_s: int) -> bool:
        """Tell whether signed requests are turned away."""
        return now_s < self._closed_until_s and Control.CLOSED_UNTIL not in self._without

    def refuses(self, kind: Kind, now_s: int) -> bool:
        """Tell whether a request ends here; an upload that is broken off later does too, it never becomes a call."""
        if kind is Kind.UNSIGNED:
            return Control.SIGNATURE not in self._without or self.closed(now_s)
        if kind is Kind.WRONG_SIZE:
            return Control.SIZE not in self._without or self.closed(now_s)
        if kind is Kind.MODEL:
            return Control.FETCH_TOKEN not in self._without
        return kind is Kind.ABORTED or (kind is Kind.SIGNED and self.closed(now_s))
