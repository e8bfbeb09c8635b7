"""How large the next lease shall be, when to ask for it, and how much of one a device may take.

Pure arithmetic on whole numbers and one rate, so that every implementation gets the same numbers.
"""

from __future__ import annotations

import math
from typing import Final

# No lease is more than this share of what is left of the day: as many processes can still get one.
TAPER: Final = 64
# A renewal is two calls to the ledger, some 150 ms each from far away, and the process may be frozen in between.
LEAD_S: Final = 1.0
# Arrivals are random: a device that asks as often as the others passes its fair share and four standard deviations
# once in tens of thousands of leases. The smallest leases are not shared out at all.
DEVIATIONS: Final = 4
UNSHARED: Final = 8
# The golden ratio's fraction: of all steps it spreads the draws of few leases most evenly (Knuth, "The Art of Computer
# Programming", volume 3, section 6.4, exercise 9).
STEP: Final = 0.6180339887498949


def next_size(*, size: int, used: int, in_time: bool, least: int, most: int) -> int:
    """Return how many requests to ask for.

    Parameters
    ----------
    size, used : int
        What the last lease granted, and what was used of it; 0 and 0 before the first.
    in_time : bool
        Whether it was used up before its time ran out.
    least, most : int
        The smallest and the largest lease.

    Examples
    --------
    >>> next_size(size=4, used=4, in_time=True, least=4, most=50)
    8
    >>> next_size(size=48, used=5, in_time=False, least=4, most=50)
    10
    """
    wanted = 2 * size if in_time else min(size, 2 * used)
    return min(max(wanted, least), max(most, least))


def tapered(wanted: int, *, rest: int, least: int) -> int:
    """Return how much of `wanted` may be asked for when `rest` is left: the rest itself when less than a lease is."""
    return min(wanted, max(rest // TAPER, least), max(rest, 0))


def drawn(*, first: float, lease: int) -> float:
    """Return the draw of a process's n-th lease, from 0 up to 1.

    Parameters
    ----------
    first : float
        Drawn once in the process's life.
    lease : int
        How many leases it was granted before.
    """
    return (first + lease * STEP) % 1.0


def low_water(*, size: int, rate_rps: float) -> int:
    """Return the number of requests left at which a lease is renewed: what comes in while the ledger is asked."""
    return max(2, size // 4, math.ceil(rate_rps * LEAD_S))


def device_share(*, size: int, devices: int) -> int:
    """Return how many requests of a lease one device may take.

    Parameters
    ----------
    size : int
        The lease's requests.
    devices : int
        Devices seen lately, this one included. One that is alone may take all.
    """
    if devices <= 1 or size <= UNSHARED:
        return size
    fair = size / devices
    return min(math.ceil(fair + DEVIATIONS * math.sqrt(fair)) + 2, math.ceil(size * 3 / 4))
