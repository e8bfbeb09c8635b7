"""The simulated edge: where requests end, when watchers act, and that every request ends exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cost.bound.endpoint import Allowance, Assumed, Guard
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.edge import BrokenAssumptionError, Edge
from edgewise.cost.simulate.month import DAY_S, Month
from edgewise.cost.simulate.nature import WORST, Nature, usual
from edgewise.cost.simulate.traffic import Burst, Kind, pause
from tests.unit.cost.simulate.endpoints import face_match

PROMPT = Nature(firewall_lag=0.0, store_lag=0.0, metrics_lag=0.0, disable_lag=0.0, guard_lag=0.0, settle_lag=0.0)
JANUARY = Month(2027, 1)


def edge(nature: Nature = PROMPT, *, without: frozenset[Control] = frozenset(), **changed: Any) -> Edge:
    return Edge(face_match(**changed), nature, JANUARY, Random("edge"), without)


def sent(seconds: int, **requests: int) -> Burst:
    return Burst(seconds=seconds, requests={Kind[kind.upper()]: number for kind, number in requests.items()})


def test_each_kind_ends_at_its_control() -> None:
    world = edge()
    world.send(sent(100, junk=10, unsigned=20, wrong_size=30, model=40, aborted=50, signed=60))

    events = world.events
    assert (events.blocked, events.refused_at_gate, events.passed) == (10, 140, 60)
    assert (events.refused_at_ledger, events.dropped, events.models_given) == (0, 0, 0)


@pytest.mark.parametrize(
    ("control", "kind", "ends"),
    [
        (Control.SIGNATURE, "unsigned", "passed"),
        (Control.SIZE, "wrong_size", "oversized"),
        (Control.FETCH_TOKEN, "model", "models_given"),
    ],
)
def test_without_its_check_the_gate_lets_a_request_in(control: Control, kind: str, ends: str) -> None:
    world = edge(without=frozenset({control}))
    world.send(sent(100, **{kind: 60}))

    assert getattr(world.events, ends) == 60


def test_a_spent_quota_closes_the_gate_until_midnight() -> None:
    # GIVEN a day's quota of 1,000 and a store that is read everywhere after 120 s
    world = edge(replace(PROMPT, store_lag=1.0), daily_quota=1_000)

    # WHEN devices go on at 10 a second for 1,000 s
    world.send(sent(1_000, signed=10_000))

    # THEN 1,000 pass; from the last lease on, refusals cost calls for 120 s, and are turned away at the gate after that
    assert world.events.passed == 1_000
    assert 0 < world.events.refused_at_ledger <= 1_200
    assert world.events.refused_at_gate == 9_000 - world.events.refused_at_ledger
    assert world.closed

    # AND the next day opens by itself
    world.send(pause(DAY_S - 1_000))
    assert not world.closed
    world.send(sent(100, signed=100))
    assert world.events.passed == 1_100


def test_the_guard_disables_a_flooded_distribution() -> None:
    # GIVEN 1,000 refusals allowed at the gate, looks every 300 s, metrics 600 s and disabling 900 s late
    lags = replace(PROMPT, metrics_lag=1.0, disable_lag=1.0)
    world = edge(lags, allowance=Allowance(gate=1_000), rate_cap_rps=1_000)
    assert world.guard is not None

    # WHEN 10 a second come from the second after a look on
    world.send(pause(world.guard.unseen_from(0)))
    began_s = world.now_s
    while not world.off:
        world.send(sent(1, unsigned=10))

    # THEN the first look that sees more than 1,000 of them, after 101 s and 600 s, is the third; 900 s later it is off
    assert world.now_s - began_s == 900 - 1 + 900
    world.send(sent(10, unsigned=100))
    assert world.events.dropped == 100


def test_stay_up_stays_up() -> None:
    world = edge(on_flood="stay_up", allowance=Allowance(gate=10), rate_cap_rps=1_000)
    world.send(sent(7_200, unsigned=72_000))

    assert not world.off
    assert world.events.refused_at_gate == 72_000


def test_too_many_calls_without_a_lease_close_the_gate_for_the_month() -> None:
    world = edge(allowance=Allowance(ledger=100), guard=Guard(interval_s=60))
    world.ledger.answers = False

    world.send(sent(DAY_S, signed=DAY_S))

    # THEN the first look after the 101st has closed it: nothing more reaches the function, tomorrow neither
    assert 101 <= world.events.refused_at_ledger <= 101 + 60
    world.send(sent(DAY_S, signed=1_000))
    assert world.events.passed == 0
    assert world.closed


def test_environments_that_die_with_each_call_are_all_cold() -> None:
    world = edge(replace(PROMPT, lives=1), daily_quota=500)
    world.send(sent(1_000, signed=10))

    assert (world.events.passed, world.events.leases, world.events.cold_grants) == (10, 10, 10)
    assert world.ledger.left == 0


def test_a_lease_ends_with_its_milliseconds() -> None:
    # GIVEN calls of 500 ms under leases of 50 requests and 2,000 ms
    world = edge(replace(PROMPT, call_ms=12.5))
    world.send(sent(1_000, signed=40))

    # THEN 2,000 ms answer four, and as each lease is used up in time the next is twice as large: 4 + 8 + 16 + 12
    assert world.events.leases == 4
    # AND the clock misses 5 ms of each
    assert world.events.lease_ms == 40 * 505


def test_the_last_call_of_a_lease_may_run_until_its_timeout_and_no_longer() -> None:
    world = edge(replace(PROMPT, call_ms=1.0, overruns=True))
    world.send(sent(500, signed=50))

    assert world.events.lease_ms == 49 * 45 + 3_000


def test_an_expired_lease_is_lost() -> None:
    world = edge()
    for _ in range(3):
        world.send(sent(1, signed=1))
        world.send(pause(600))

    assert (world.events.passed, world.events.leases, world.events.cold_grants) == (3, 3, 1)


def test_an_adversary_must_keep_to_the_assumptions() -> None:
    world = edge(assumed=Assumed(flood_rps=100, signed_flood_rps=10))

    with pytest.raises(BrokenAssumptionError, match="at most 100 a second are assumed"):
        world.send(sent(10, unsigned=1_001))
    with pytest.raises(BrokenAssumptionError, match="signed requests in 10 s: at most 10 a second"):
        world.send(sent(10, signed=50, aborted=51))


@pytest.mark.parametrize("field", ["firewall", "gate", "daily_quota"])
def test_what_nothing_bounds_is_not_simulated(field: str) -> None:
    missing: dict[str, Any] = {field: None}

    with pytest.raises(ValueError, match=f"{field} is None"):
        edge(**missing)


bursts = st.builds(
    lambda seconds, requests: Burst(seconds=seconds, requests=requests),
    st.integers(1, 7_200),
    st.dictionaries(st.sampled_from(list(Kind)), st.integers(0, 10_000), max_size=4),
)


@settings(deadline=None, max_examples=150)
@given(traffic=st.lists(bursts, max_size=25), seed=st.integers(0, 10_000), worst=st.booleans())
def test_every_request_ends_exactly_once(traffic: list[Burst], seed: int, worst: bool) -> None:
    endpoint = face_match(daily_quota=2_000, assumed=Assumed(flood_rps=100_000, signed_flood_rps=100_000))
    nature = WORST if worst else usual(Random(seed))
    world = Edge(endpoint, nature, JANUARY, Random(seed), frozenset())

    for burst in traffic:
        world.send(burst)

    assert world.events.requests == sum(sum(burst.requests.values()) for burst in traffic)
    assert world.events.passed <= 2_000 * (world.now_s // DAY_S + 1)
    assert world.events.cold_grants <= world.events.leases


def test_the_kinds_that_need_a_signature_are_known() -> None:
    counted: Mapping[Kind, int] = {Kind.ABORTED: 1, Kind.WRONG_SIZE: 1, Kind.SIGNED: 1}
    world = edge(assumed=Assumed(flood_rps=10, signed_flood_rps=2))

    with pytest.raises(BrokenAssumptionError):
        world.send(Burst(seconds=1, requests=counted))
