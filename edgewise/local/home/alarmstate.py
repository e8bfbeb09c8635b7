"""When an alarm rings: the last periods of its metric against its threshold, with what is missing treated as told.

AWS, CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from edgewise.local.home.expressions import check_expression, evaluate
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from edgewise.local.home.metrics import Series
    from edgewise.local.stack.homemodel import Alarm

OK: Final = "OK"
ALARM: Final = "ALARM"
INSUFFICIENT_DATA: Final = "INSUFFICIENT_DATA"
# CloudWatch looks back a little further than the periods that it evaluates; by how much it does not promise. Its
# examples, of three periods, look at five.
_LOOKED_BACK: Final = 2
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_MISSING: Final = ("missing", "ignore", "breaching", "notBreaching")


def check_alarm(alarm: Alarm) -> None:
    """Refuse what is not evaluated here.

    Raises
    ------
    LocalEdgeError
        Naming the alarm and the value.
    """
    where = f"alarm {alarm.name!r}"
    for name, value, known in (
        ("comparisonOperator", alarm.comparison, tuple(_COMPARISONS)),
        ("treatMissingData", alarm.missing_data, _MISSING),
    ):
        if value not in known:
            raise LocalEdgeError(f"{where}: {name} is {value!r}, the local edge evaluates only {', '.join(known)}")
    ids = frozenset(query.id for query in alarm.queries)
    for query in alarm.queries:
        if query.expression:
            check_expression(query.expression, ids - {query.id}, where=where)
    if len({query.metric.period_s for query in alarm.queries if query.metric}) != 1:
        raise LocalEdgeError(f"{where}: its metrics must have one period, and there must be one")


def period_of(alarm: Alarm, seconds_per_minute: float) -> float:
    """Return the length of the alarm's period in seconds of this machine."""
    return next(query.metric.period_s for query in alarm.queries if query.metric) * seconds_per_minute / 60


def recent_values(alarm: Alarm, series: Series, *, now_s: float, period_s: float) -> list[float | None]:
    """Return the alarm's value in each of the last whole periods, the oldest first; None where there is none."""
    end_s = now_s // period_s * period_s
    number = alarm.evaluation_periods + _LOOKED_BACK
    starts = [end_s - back * period_s for back in range(number, 0, -1)]
    return [_value(alarm, series, start_s, start_s + period_s) for start_s in starts]


def _value(alarm: Alarm, series: Series, start_s: float, end_s: float) -> float | None:
    values = {
        query.id: series.statistic(query.metric, start_s, end_s) for query in alarm.queries if query.metric is not None
    }
    # Expressions may stand on one another, in any order.
    waiting = [query for query in alarm.queries if query.metric is None]
    for _ in range(len(waiting)):
        for query in waiting:
            values[query.id] = evaluate(query.expression, {**dict.fromkeys(_ids(alarm)), **values})
    return next(values[query.id] for query in alarm.queries if query.returns)


def _ids(alarm: Alarm) -> list[str]:
    return [query.id for query in alarm.queries]


def next_state(alarm: Alarm, state: str, values: Sequence[float | None]) -> str:
    """Return the state after an evaluation.

    Parameters
    ----------
    alarm : Alarm
    state : str
        The one before.
    values : sequence
        By period, the oldest first: a few more than are evaluated.
    """
    compare = _COMPARISONS[alarm.comparison]
    found = [value for value in values if value is not None][-alarm.evaluation_periods :]
    breaching = sum(compare(value, alarm.threshold) for value in found)
    if breaching >= alarm.datapoints_to_alarm:
        return ALARM
    missing = alarm.evaluation_periods - len(found)
    if missing == 0 or alarm.missing_data == "notBreaching":
        return OK
    if alarm.missing_data == "breaching":
        return ALARM if breaching + missing >= alarm.datapoints_to_alarm else OK
    if breaching < len(found):
        return OK
    # All that is known breaches, and it is too little; or nothing is known.
    if alarm.missing_data == "ignore":
        return state
    return ALARM if found else INSUFFICIENT_DATA


def reason(alarm: Alarm, values: Sequence[float | None]) -> str:
    """Return why an alarm is in its state, in words like CloudWatch's."""
    found = [f"{value:g}" for value in values[-alarm.evaluation_periods :] if value is not None]
    sign = alarm.comparison.removesuffix("Threshold")
    if not found:
        return (
            f"No data in the last {alarm.evaluation_periods} periods; missing data is treated as {alarm.missing_data}."
        )
    points = f"{len(found)} of {alarm.evaluation_periods} datapoints [{', '.join(found)}]"
    return f"Threshold Crossed: {points} against {sign} {alarm.threshold:g} ({alarm.datapoints_to_alarm} needed)."
