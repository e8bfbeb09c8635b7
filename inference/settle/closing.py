"""When nothing more can be granted, and until when."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inference.settle.decode import Change, Counter

_DAY_S = 86_400


def month_ends_s(day: str) -> int:
    """Return Unix time of the first midnight (UTC) of the month after a date."""
    year, month = int(day[:4]), int(day[5:7])
    return calendar.timegm((year + month // 12, month % 12 + 1, 1, 0, 0, 0))


def day_ends_s(day: str) -> int:
    """Return Unix time of the midnight (UTC) after a date."""
    return calendar.timegm((int(day[:4]), int(day[5:7]), int(day[8:10]), 0, 0, 0)) + _DAY_S


def closed_until(counter: Counter) -> tuple[int, str]:
    """Return until when nothing more can be granted, and which quota says so; (0, "") while something can.

    Without cold grants running environments go on; without renewals new ones come: only both together end a day.
    """
    left, quotas = counter.left, counter.quotas
    if left["month"] <= 0:
        return month_ends_s(counter.day), "month"
    ms_per_request = quotas["ms"] // quotas["day"] if quotas["day"] > 0 else 0
    causes = {
        "day": left["day"] <= 0,
        "ms": left["ms"] < max(ms_per_request, 1),
        "leases": left["cold"] <= 0 and left["renewals"] <= 0,
    }
    cause = next((name for name, ended in causes.items() if ended), "")
    return (day_ends_s(counter.day), cause) if cause else (0, "")


def crosses(change: Change) -> tuple[int, str]:
    """Return what `closed_until` says when this record is the one that ended it; (0, "") otherwise."""
    until_s, cause = closed_until(change.after)
    before_s = closed_until(change.before)[0] if change.before else 0
    return (until_s, cause) if until_s > before_s else (0, "")
