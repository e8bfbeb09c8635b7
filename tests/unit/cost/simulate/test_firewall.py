"""The rate rule: it counts a trailing window, looks every 10 s, blocks late and opens when the window has emptied."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from edgewise.cost.simulate.firewall import RateRule


def rule(*, limit: int = 1_200, window_s: int = 60, reaction_s: int = 30) -> RateRule:
    return RateRule(limit=limit, window_s=window_s, reaction_s=lambda: reaction_s)


def play(firewall: RateRule, now_s: int, rate: float, seconds: int) -> tuple[int, int]:
    """Send a while; return the second reached and how many seconds were let pass."""
    passed, ends_s = 0, now_s + seconds
    while now_s < ends_s:
        step = firewall.stretch(now_s, rate, ends_s - now_s)
        passed += 0 if firewall.blocking else step
        firewall.record(now_s, step, rate)
        now_s += step
    return now_s, passed


def test_what_stays_at_the_limit_is_never_blocked() -> None:
    _, passed = play(rule(limit=1_200), 0, 20, 100_000)

    assert passed == 100_000


def test_a_flood_passes_until_the_rule_has_reacted() -> None:
    # GIVEN a limit of 1,200 in 60 s, passed in the 13th second of a flood of 100 a second
    firewall = rule(reaction_s=30)

    # WHEN the flood goes on
    _, passed = play(firewall, 0, 100, 1_000)

    # THEN the last look within 30 s of passing the limit, the one at 40 s, blocks, and the flood stays blocked
    assert passed == 40
    assert firewall.blocking


def test_it_opens_at_the_first_look_that_finds_the_window_empty_enough() -> None:
    firewall = rule(reaction_s=30)
    now_s, _ = play(firewall, 0, 100, 40)
    assert firewall.blocking

    # 4,000 came until 40 s; the window that ends at 88 s holds the last 1,200 of them: the look at 90 s opens.
    assert firewall.quiet_until_open(now_s) == 50
    play(firewall, now_s, 0, 49)
    assert firewall.blocking
    play(firewall, now_s + 49, 0, 1)
    assert not firewall.blocking


def test_a_pulse_shorter_than_the_reaction_is_never_blocked() -> None:
    firewall, now_s, passed = rule(reaction_s=300), 0, 0
    for _ in range(20):
        now_s, through = play(firewall, now_s, 1_000, 200)
        passed += through
        now_s, _ = play(firewall, now_s, 0, 60)

    assert passed == 20 * 200


@settings(deadline=None, max_examples=200)
@given(
    cap=st.integers(1, 100),
    window_s=st.sampled_from([60, 120, 300, 600]),
    reaction_s=st.integers(10, 300),
    pulses=st.lists(st.tuples(st.integers(0, 500), st.integers(1, 400)), min_size=1, max_size=30),
)
def test_no_pulses_pass_more_than_the_formula(
    cap: int, window_s: int, reaction_s: int, pulses: list[tuple[int, int]]
) -> None:
    """bounded-spend: limit / window, plus peak rate x reaction for each trip; a trip every reaction + window."""
    firewall, now_s, passed, rate = rule(limit=cap * window_s, window_s=window_s, reaction_s=reaction_s), 0, 0, 0
    for pulse_rate, seconds in pulses:
        before = now_s
        now_s, through = play(firewall, now_s, pulse_rate, seconds)
        assert now_s == before + seconds
        passed, rate = passed + pulse_rate * through, max(rate, pulse_rate)

    cycles = Decimal(now_s) / (reaction_s + window_s) + 1
    assert passed <= cap * (now_s + window_s) + rate * reaction_s * cycles
