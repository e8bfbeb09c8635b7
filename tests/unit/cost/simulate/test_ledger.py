"""The simulated ledger: it grants what is there, each kind within its quota, and never takes back."""

from __future__ import annotations

from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.ledger import Lease, Ledger
from edgewise.cost.simulate.month import DAY_S
from tests.unit.cost.simulate.endpoints import face_match


def ledger(*, without: frozenset[Control] = frozenset(), **changed: object) -> Ledger:
    opened = Ledger(face_match(**changed), without)
    opened.turn_day(0)
    return opened


def granted(answer: Lease | str) -> int:
    return answer.requests if isinstance(answer, Lease) else 0


def test_a_lease_brings_requests_milliseconds_and_an_end() -> None:
    assert ledger().ask(100, 50, cold=True) == Lease(requests=50, milliseconds=2_000, ends_s=700)


def test_no_lease_passes_midnight() -> None:
    answer = ledger().ask(DAY_S - 60, 50, cold=True)

    assert isinstance(answer, Lease)
    assert answer.ends_s == DAY_S


def test_a_day_grants_its_quota_and_not_one_more() -> None:
    # GIVEN a quota that is no multiple of the smallest lease
    opened = ledger(daily_quota=130)

    assert [granted(opened.ask(0, 50, cold=True)) for _ in range(4)] == [50, 50, 30, 0]
    assert opened.ask(0, 50, cold=True) == "quota"


def test_the_next_day_has_its_quota_anew_and_the_month_ends_for_good() -> None:
    opened = ledger(daily_quota=50, monthly_quota=80)
    days = []
    for day in range(3):
        opened.turn_day(day * DAY_S)
        days.append(granted(opened.ask(day * DAY_S, 50, cold=True)))

    assert days == [50, 30, 0]


def test_cold_grants_and_renewals_have_quotas_of_their_own() -> None:
    opened = ledger(cold_grants_daily=1, renewals_daily=2)

    assert granted(opened.ask(0, 50, cold=True)) == 50
    assert opened.ask(0, 50, cold=True) == "kind"
    assert [granted(opened.ask(0, 50, cold=False)) for _ in range(2)] == [50, 50]
    assert opened.ask(0, 50, cold=False) == "kind"


def test_a_large_lease_tapers_as_the_day_runs_out() -> None:
    opened = ledger(daily_quota=20_000)
    sizes = [granted(opened.ask(0, 1_000, cold=False)) for _ in range(150)]

    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > 50
    assert min(sizes) == 50


def test_an_outage_grants_nothing() -> None:
    opened = ledger()
    opened.answers = False

    assert opened.ask(0, 50, cold=True) == "silence"


def test_without_its_controls_it_grants_what_is_asked() -> None:
    free = frozenset({Control.DAILY_QUOTA, Control.COLD_QUOTA, Control.MS_GRANT})
    opened = ledger(without=free, daily_quota=50, cold_grants_daily=1)

    answers = [opened.ask(0, 50, cold=True) for _ in range(3)]

    assert [granted(answer) for answer in answers] == [50, 50, 50]
    assert isinstance(answers[0], Lease)
    assert answers[0].milliseconds > 10**15
