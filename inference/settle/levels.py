"""Which alerts one change of the counter calls for, and what they say."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from inference.settle.alerts import Alert
from inference.settle.closing import crosses, day_ends_s, month_ends_s
from inference.settle.committed import committed_usd
from inference.telemetry import ALERT_BUDGET, ALERT_CLOSED, ALERT_LEVELS_PERCENT, ALERT_QUOTA

if TYPE_CHECKING:
    from inference.settle.committed import Terms
    from inference.settle.decode import Change, Counter

_ALL: Final = ALERT_LEVELS_PERCENT[-1]
_SETTING: Final = {"day": "daily_quota", "month": "monthly_quota"}
_WHY: Final = {
    "ms": "the day's granted milliseconds can't pay one more request",
    "leases": "the day's cold grants and renewals are both used up",
}


def alerts(change: Change, terms: Terms | None, *, stack: str) -> list[Alert]:
    """Return the alerts of one change: of each quota, and of the budget, the highest level that it crosses.

    Parameters
    ----------
    change : Change
    terms : Terms or None
        None where the deployment no longer knows the function: then there is no budget to compare with.
    stack : str
    """
    found = [_quota(change, name, stack) for name in ("day", "month")]
    found += [_budget(change, terms, stack) if terms else None, _closed(change, stack)]
    return [alert for alert in found if alert]


def used_percent(counter: Counter | None, quota: str) -> Decimal:
    """Return the share of a quota that is granted; 100 when there is none to grant."""
    if counter is None:
        return Decimal(0)
    most = counter.quotas[quota]
    return Decimal(100 * counter.granted_of(quota)) / most if most > 0 else Decimal(_ALL)


def _crossed(before: Decimal, after: Decimal) -> int:
    return max((level for level in ALERT_LEVELS_PERCENT if before < level <= after), default=0)


def _quota(change: Change, quota: str, stack: str) -> Alert | None:
    span = change.after.day if quota == "day" else change.after.day[:7]
    before = change.before if change.before and change.before.day.startswith(span) else None
    level = _crossed(used_percent(before, quota), used_percent(change.after, quota))
    if not level:
        return None
    ends = _utc(day_ends_s(span) if quota == "day" else month_ends_s(span))
    now = f"It goes on answering. When the quota ends devices get 429 and the gate closes until {ends}."
    if level == _ALL:
        now = f"Devices get 429; the gate closes within minutes and opens by itself at {ends}."
    text = (
        f"{change.function} (stack {stack}): {level} % of the {quota}'s requests are granted: "
        f"{change.after.granted_of(quota):,} of {change.after.quotas[quota]:,} in {span} (UTC).\n{now}\n"
        f"To do: nothing when the traffic is wanted and may end there. Else raise {_SETTING[quota]} (the bound must "
        f"fit the budget) and deploy, or stop it: edgewise stop {change.function}"
    )
    subject = f"Edgewise {stack} {change.function}: {level} % of the {quota}'s quota"
    return Alert(kind=ALERT_QUOTA, function=change.function, span=span, level=str(level), subject=subject, text=text)


def _budget(change: Change, terms: Terms, stack: str) -> Alert | None:
    """Compare what is committed; a level that the fixed fees alone reach is no news and never told."""
    if terms.budget <= 0:
        return None
    span = change.after.day[:7]
    before = change.before if change.before and change.before.day.startswith(span) else None
    was = committed_usd(before, terms) if before else terms.fixed
    now = committed_usd(change.after, terms)
    level = _crossed(100 * was / terms.budget, 100 * now / terms.budget)
    if not level:
        return None
    text = (
        f"{change.function} (stack {stack}): {level} % of the month's budget is committed: {now:.2f} of "
        f"{terms.budget:.2f} USD in {span} (UTC), at the bound's prices. Refused requests are not in it.\n"
        f"The month's worst bill is {terms.bound:.2f} USD; the quotas hold it there.\n"
        f"To do: nothing when the traffic is wanted. Else lower daily_quota and deploy, or stop it: "
        f"edgewise stop {change.function}"
    )
    subject = f"Edgewise {stack} {change.function}: {level} % of the month's budget committed"
    return Alert(kind=ALERT_BUDGET, function=change.function, span=span, level=str(level), subject=subject, text=text)


def _closed(change: Change, stack: str) -> Alert | None:
    """Tell of a day that ends for another cause than its requests; those have the quota's alert."""
    until_s, cause = crosses(change)
    if cause not in _WHY:
        return None
    text = (
        f"{change.function} (stack {stack}) is closed until {_utc(until_s)}: {_WHY[cause]}. "
        f"{change.after.granted_of('day'):,} of {change.after.quotas['day']:,} requests were granted on "
        f"{change.after.day} (UTC).\nDevices get 429, then 503 from the gate. It opens by itself.\n"
        f"To do: raise ms_per_request, cold_grants_daily or renewals_daily (the bound must fit the budget) and deploy."
    )
    subject = f"Edgewise {stack} {change.function}: closed until {_utc(until_s)}"
    return Alert(
        kind=ALERT_CLOSED,
        function=change.function,
        span=change.after.day,
        level=str(_ALL),
        subject=subject,
        text=text,
    )


def _utc(unix_s: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(unix_s))
