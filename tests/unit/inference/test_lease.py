"""The lease's rules, with both clocks in the test's hand."""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field

import pytest

from inference.lease import LEDGER_PAUSE_S, LeaseHolder, Refused
from inference.ledger import Grant, Granted, LedgerUnavailable, Limits, QuotaSpent
from tests.unit.inference.world import limits

NOON_S = float(calendar.timegm((2026, 11, 24, 12, 0, 0)))
MIDNIGHT_S = NOON_S + 43_200


@dataclass
class Clocks:
    wall_s: float = NOON_S
    monotonic_s: float = 50.0

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.monotonic_s += seconds


@dataclass
class FakeLedger:
    """Gives the next answer of a list, the last one for ever."""

    answers: list[Grant]
    days: list[str] = field(default_factory=list)

    def grant(self, day: str, *, timeout_s: float = 2.0) -> Grant:
        self.days.append(day)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def holder(*answers: Grant, wall_s: float = NOON_S) -> tuple[LeaseHolder, FakeLedger, Clocks]:
    clocks, ledger = Clocks(wall_s=wall_s), FakeLedger(list(answers))
    return (
        LeaseHolder(ledger=ledger, wall=lambda: clocks.wall_s, monotonic=lambda: clocks.monotonic_s),
        ledger,
        clocks,
    )


def granted(requests: int = 3) -> Granted:
    return Granted(requests=requests, limits=limits())


def test_a_lease_is_asked_once_and_counted_down() -> None:
    leases, ledger, _ = holder(granted(3), QuotaSpent())
    assert [isinstance(leases.take(), Limits) for _ in range(5)] == [True, True, True, False, False]
    assert ledger.days == ["2026-11-24"] * 2


def test_a_lease_is_renewed_when_it_is_used_up() -> None:
    leases, ledger, _ = holder(granted(2))
    assert all(isinstance(leases.take(), Limits) for _ in range(6))
    assert len(ledger.days) == 3


def test_a_renewed_lease_brings_its_own_limits() -> None:
    new = limits(model_digest="sha256:" + "1" * 64)
    leases, _, _ = holder(granted(1), Granted(requests=9, limits=new))
    assert leases.take() == limits()
    assert leases.take() == new


@pytest.mark.parametrize(("seconds", "asked"), [(599.9, 1), (600.0, 2), (10_000.0, 2)])
def test_a_lease_ends_after_its_time(seconds: float, asked: int) -> None:
    leases, ledger, clocks = holder(granted())
    leases.take()
    clocks.pass_s(seconds)
    leases.take()
    assert len(ledger.days) == asked


@pytest.mark.parametrize("clock", ["wall_s", "monotonic_s"])
def test_a_lease_ends_by_whichever_clock_says_so(clock: str) -> None:
    # GIVEN an environment whose one clock stood still while it was frozen
    leases, ledger, clocks = holder(granted())
    leases.take()
    setattr(clocks, clock, getattr(clocks, clock) + 600)

    # WHEN and THEN
    leases.take()
    assert len(ledger.days) == 2


def test_a_slow_answer_is_no_longer_lease() -> None:
    # GIVEN a ledger that takes 100 s
    leases, ledger, clocks = holder(granted())
    slow = ledger.grant

    def grant(day: str, *, timeout_s: float = 2.0) -> Grant:
        clocks.pass_s(100)
        return slow(day, timeout_s=timeout_s)

    ledger.grant = grant  # type: ignore[method-assign]  # the test slows it down

    # WHEN the lease's 600 s have passed since the question
    leases.take()
    clocks.pass_s(500)
    leases.take()

    # THEN it has ended
    assert len(ledger.days) == 2


def test_no_lease_lives_past_midnight() -> None:
    leases, ledger, clocks = holder(granted(9), wall_s=MIDNIGHT_S - 10)
    leases.take()
    clocks.pass_s(9.9)
    leases.take()
    assert ledger.days == ["2026-11-24"]
    clocks.pass_s(0.1)
    leases.take()
    assert ledger.days == ["2026-11-24", "2026-11-25"]


def test_a_clock_set_back_to_yesterday_ends_the_lease() -> None:
    leases, ledger, clocks = holder(granted(9), wall_s=MIDNIGHT_S + 5)
    leases.take()
    clocks.wall_s -= 10
    leases.take()
    assert ledger.days == ["2026-11-25", "2026-11-24"]


def test_a_spent_quota_is_remembered_until_midnight() -> None:
    # GIVEN a spent quota at noon
    leases, ledger, clocks = holder(QuotaSpent(), granted())

    # WHEN it is asked again and again
    assert leases.take() == Refused(cause="quota", retry_after_s=43_200)
    clocks.pass_s(43_199.5)
    assert leases.take() == Refused(cause="quota", retry_after_s=1, first_told=False)
    assert len(ledger.days) == 1

    # THEN the ledger is asked again at midnight, and not before
    clocks.pass_s(0.5)
    assert isinstance(leases.take(), Limits)
    assert ledger.days == ["2026-11-24", "2026-11-25"]


def test_trouble_is_remembered_for_five_seconds() -> None:
    leases, ledger, clocks = holder(LedgerUnavailable("a reason"), granted())
    assert leases.take() == Refused(cause="ledger", retry_after_s=LEDGER_PAUSE_S, reason="a reason")
    clocks.pass_s(1.5)
    assert leases.take() == Refused(cause="ledger", retry_after_s=4, reason="a reason", first_told=False)
    assert len(ledger.days) == 1
    clocks.pass_s(3.5)
    assert isinstance(leases.take(), Limits)


def test_trouble_is_not_remembered_past_midnight() -> None:
    leases, ledger, clocks = holder(LedgerUnavailable("a reason"), granted(), wall_s=MIDNIGHT_S - 1)
    leases.take()
    clocks.pass_s(1)
    assert isinstance(leases.take(), Limits)
    assert ledger.days == ["2026-11-24", "2026-11-25"]


def test_after_a_refusal_nothing_of_the_old_lease_is_left() -> None:
    leases, _, clocks = holder(granted(9), LedgerUnavailable("down"))
    leases.take()
    clocks.pass_s(600)
    assert isinstance(leases.take(), Refused)
    clocks.pass_s(1)
    assert isinstance(leases.take(), Refused)
