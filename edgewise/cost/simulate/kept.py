"""How long logged bytes lie there: a month's bill has those of the months before in it."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from edgewise.cost.simulate.month import Month


@lru_cache(maxsize=1024)
def kept_months(month: Month, retention_days: int, *, bunched: bool) -> float:
    """Return the months that a byte of each month is paid for in this one, when every month logs the same.

    Parameters
    ----------
    retention_days : int
        Days that a byte is kept.
    bunched : bool
        Whether the months before logged all on their last days and this one on its first, which costs most; else
        each month logs evenly.

    Examples
    --------
    >>> kept_months(Month(2027, 3), 60, bunched=True) > 3
    True
    """
    paid_days = 0.0
    logging = month
    while True:
        paid = [_paid_days(written, month, retention_days) for written in _written(logging, month, bunched=bunched)]
        if not any(paid):
            return paid_days / month.days
        paid_days += sum(paid) / len(paid)
        logging = _before(logging)


def _written(logging: Month, paid: Month, *, bunched: bool) -> list[date]:
    """Return the days of a month on which it logs."""
    first = date(logging.year, logging.number, 1)
    days = [first + timedelta(days=day) for day in range(logging.days)]
    if not bunched:
        return days
    return days[:1] if logging == paid else days[-1:]


def _paid_days(written: date, month: Month, retention_days: int) -> int:
    """Return the days of a month on which a byte lies there that was written in a day's last second (or its first)."""
    begins = date(month.year, month.number, 1)
    ends = begins + timedelta(days=month.days)
    starts = written if written >= begins else written + timedelta(days=1)
    gone = starts + timedelta(days=retention_days)
    return max(0, (min(gone, ends) - max(starts, begins)).days)


def _before(month: Month) -> Month:
    return Month(month.year - 1, 12) if month.number == 1 else Month(month.year, month.number - 1)
