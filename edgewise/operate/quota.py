"""Until when a quota that is used up keeps a function closed."""

from __future__ import annotations

import calendar
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from edgewise.operate.ledger_view import LedgerView

_DAY_S: Final = 86_400


def used_up_until_s(view: LedgerView, *, ms_per_request: int, now_s: float) -> tuple[int, str]:
    """Return when the first quota that keeps it closed starts anew, and its name; (0, "") while something is left.

    As the settle function closes: cold grants and renewals end a day only together.

    Parameters
    ----------
    view : LedgerView
        With what is left by the quotas that hold now.
    ms_per_request : int
        Milliseconds that one request is granted.
    now_s : float
        Unix seconds.
    """
    today = time.strftime("%Y-%m-%d", time.gmtime(now_s))
    if view.day[:7] == today[:7] and view.left_this_month is not None and view.left_this_month <= 0:
        return _month_ends_s(today), "month"
    if view.day != today:
        return 0, ""  # the next lease opens a new day
    spent = view.left_today <= 0 or view.ms_left < ms_per_request or (view.cold_left <= 0 and view.renewals_left <= 0)
    return (int(now_s) - int(now_s) % _DAY_S + _DAY_S, "day") if spent else (0, "")


def in_this_month(then_s: int, now_s: float) -> bool:
    """Whether a moment lies in the present month, UTC."""
    return time.gmtime(then_s)[:2] == time.gmtime(now_s)[:2]


def _month_ends_s(day: str) -> int:
    year, month = int(day[:4]), int(day[5:7])
    return calendar.timegm((year + month // 12, month % 12 + 1, 1, 0, 0, 0))
