"""Closing, committed spend and the levels of alerts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from inference.settle.closing import closed_until, crosses, day_ends_s, month_ends_s
from inference.settle.committed import committed_usd, read_terms
from inference.settle.decode import Change, decode
from inference.settle.levels import alerts
from tests.unit.settle.world import DAY, MIDNIGHT_S, STORE, TERMS, Stream, limits

DECEMBER_S = MIDNIGHT_S + 6 * 86_400


def last(stream: Stream, *requests: int, day: str = DAY) -> Change:
    change = None
    for number in requests:
        change = decode(stream.take(number, day=day))
    assert change
    return change


def test_ends() -> None:
    assert day_ends_s(DAY) == MIDNIGHT_S
    assert month_ends_s(DAY) == DECEMBER_S
    assert month_ends_s("2026-12-31") == day_ends_s("2026-12-31")


def test_open_while_something_can_be_granted() -> None:
    assert closed_until(last(Stream(), 999).after) == (0, "")


@pytest.mark.parametrize(
    ("changes", "requests", "expected"),
    [
        ({}, 1_000, (MIDNIGHT_S, "day")),
        ({"monthly_quota": 500}, 500, (DECEMBER_S, "month")),
        ({"cold_grants_daily": 0, "renewals_daily": 1}, 10, (MIDNIGHT_S, "leases")),
        ({"cold_grants_daily": 1, "renewals_daily": 1}, 10, (0, "")),
        ({"cold_grants_daily": 0, "renewals_daily": 5}, 10, (0, "")),
    ],
)
def test_what_ends_a_day(changes: dict[str, int], requests: int, expected: tuple[int, str]) -> None:
    stream = Stream()
    stream.limits = limits(**changes)
    assert closed_until(last(stream, requests).after) == expected


def test_milliseconds_that_can_not_pay_one_request_end_a_day() -> None:
    # GIVEN that ms_per_request is raised at noon, so granted time is dearer than the requests that are left
    stream = Stream()
    last(stream, 900)
    stream.limits = limits(ms_per_request=45)
    change = last(stream, 100)
    assert change.after.left["day"] == 0
    change.after.left.update(day=50, ms=44)
    assert closed_until(change.after) == (MIDNIGHT_S, "ms")


def test_only_the_record_that_crosses_closes() -> None:
    stream = Stream()
    assert crosses(last(stream, 1_000)) == (MIDNIGHT_S, "day")
    assert crosses(last(stream, 0)) == (0, "")
    assert crosses(last(stream, 1_000, day="2026-11-25"))[0] == MIDNIGHT_S + 86_400


def test_a_month_that_ends_behind_its_day_closes_for_longer() -> None:
    stream = Stream()
    stream.limits = limits(monthly_quota=1_500)
    assert crosses(last(stream, 1_000)) == (MIDNIGHT_S, "day")
    assert crosses(last(stream, 500, day="2026-11-25")) == (DECEMBER_S, "month")


def test_committed_counts_whole_quotas_of_days_before() -> None:
    stream = Stream()
    decode(stream.take(100, cold=True))
    counter = last(stream, 200).after
    # 23 days of 125 leases and 25 cold grants, and today's two leases, one of them cold, and 300 requests
    expected = 20 + 300 * Decimal("0.00001") + (23 * 125 + 2) * Decimal("0.0001") + (23 * 25 + 1) * Decimal("0.001")
    assert committed_usd(counter, TERMS) == expected


def test_terms_are_read_from_text() -> None:
    told = dict.fromkeys(("budget", "bound", "fixed", "request", "lease", "cold"), "1.5") | {"store": STORE}
    assert read_terms(json.dumps({"face-match": told}))["face-match"].lease == Decimal("1.5")
    broken_terms: list[Any] = [
        {**told, "lease": "NaN"},
        {**told, "lease": "x"},
        {**told, "store": 5},
        {"store": STORE},
        7,
    ]
    for broken in (*broken_terms, 7):
        with pytest.raises(ValueError, match="FUNCTIONS: face-match"):
            read_terms(json.dumps({"face-match": broken}))
    with pytest.raises(ValueError, match="deploy again"):
        read_terms("[]")


def ids(change: Change, **more: object) -> list[str]:
    return [alert.alert_id for alert in alerts(change, TERMS if not more else None, stack="test")]


def test_each_level_is_told_by_the_record_that_crosses_it() -> None:
    stream = Stream()
    assert ids(last(stream, 499)) == []
    assert ids(last(stream, 1)) == [f"quota/face-match/{DAY}/50"]
    assert ids(last(stream, 100)) == []
    assert ids(last(stream, 250)) == [f"quota/face-match/{DAY}/80"]
    assert ids(last(stream, 150)) == [f"quota/face-match/{DAY}/100"]


def test_one_record_tells_the_highest_level_only() -> None:
    assert ids(last(Stream(), 1_000)) == [f"quota/face-match/{DAY}/100"]


def test_a_new_day_begins_anew_and_the_month_goes_on() -> None:
    stream = Stream()
    stream.limits = limits(monthly_quota=2_000)
    last(stream, 900)
    assert ids(last(stream, 500, day="2026-11-25")) == ["quota/face-match/2026-11-25/50", "quota/face-match/2026-11/50"]


def test_a_budget_is_told_by_month_and_not_for_fixed_fees() -> None:
    # GIVEN fees of 60 % of the budget
    terms = TERMS.__class__(**{name: getattr(TERMS, name) for name in TERMS.__slots__} | {"fixed": Decimal(27)})
    stream = Stream()
    first = last(stream, 10)
    # THEN their 50 % is no news, but what is granted on the day before the end is
    assert [alert.kind for alert in alerts(first, terms, stack="test")] == []
    # WHEN requests cost a cent each
    dear = TERMS.__class__(**{name: getattr(TERMS, name) for name in TERMS.__slots__} | {"request": Decimal("0.02")})
    change = last(stream, 400)
    told = alerts(change, dear, stack="test")
    assert [alert.alert_id for alert in told] == ["budget/face-match/2026-11/50"]
    assert "of 45.00 USD" in told[0].text


def test_a_function_the_deployment_forgot_has_no_budget() -> None:
    assert ids(last(Stream(), 500), forgotten=True) == [f"quota/face-match/{DAY}/50"]


def test_leases_that_end_a_day_are_told_as_closed() -> None:
    stream = Stream()
    stream.limits = limits(cold_grants_daily=0, renewals_daily=1)
    told = alerts(last(stream, 10), TERMS, stack="test")
    assert [alert.alert_id for alert in told] == [f"closed/face-match/{DAY}/100"]
    assert "cold grants and renewals" in told[0].text and "2026-11-25 00:00 UTC" in told[0].text


def test_messages_fit_sns() -> None:
    stream = Stream("a" * 32)
    stream.limits = limits(cold_grants_daily=0, renewals_daily=1, daily_quota=10, monthly_quota=10)
    for alert in alerts(last(stream, 10), TERMS, stack="s" * 20):
        assert alert.subject.isascii() and len(alert.subject) <= 100
        assert "To do:" in alert.text
