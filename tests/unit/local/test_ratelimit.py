"""When a rate-based rule begins and ends to limit: by a clock that the test moves."""

from __future__ import annotations

from collections.abc import Hashable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgewise.local.cdn.ratelimit import CHECK_S, RateCounter


def counter(limit: int = 10, window_s: int = 60, lag_s: float = 5.0) -> RateCounter:
    return RateCounter(limit=limit, window_s=window_s, now=0.0, lag_s=lag_s)


def send(rate: RateCounter, count: int, at: float, key: Hashable = "a") -> list[bool]:
    return [rate.add(key, at) for _ in range(count)]


def test_it_blocks_after_the_next_check_and_the_lag() -> None:
    # GIVEN more requests than the limit at once
    rate = counter()
    assert send(rate, 50, at=1.0) == [False] * 50

    # WHEN the check at 10 s has passed, but not yet its lag THEN nothing is limited
    assert send(rate, 1, at=14.9) == [False]

    # AND after the lag it is
    assert send(rate, 1, at=15.0) == [True]


def test_the_limit_itself_is_not_over_it() -> None:
    rate = counter(limit=10)
    send(rate, 10, at=1.0)

    assert rate.limited(20.0) == frozenset()


def test_it_unblocks_when_the_window_has_passed_with_the_same_lag() -> None:
    rate = counter()
    send(rate, 50, at=1.0)
    assert rate.limited(16.0) == {"a"}

    # The last check that still sees the second 1 is the one at 60 s; the one at 70 s does not.
    assert rate.limited(74.9) == {"a"}
    assert rate.limited(75.0) == frozenset()


def test_blocked_requests_go_on_counting() -> None:
    # GIVEN somebody who is limited and does not stop
    rate = counter()
    for second in range(1, 200):
        send(rate, 2, at=float(second))

    # THEN the limit stays
    assert send(rate, 1, at=200.0) == [True]


@pytest.mark.parametrize("window_s", [60, 120, 300, 600])
def test_the_window_is_looked_back_over(window_s: int) -> None:
    rate = counter(window_s=window_s, lag_s=0.0)
    send(rate, 11, at=0.5)

    assert rate.limited(float(window_s)) == {"a"}
    assert rate.limited(window_s + CHECK_S) == frozenset()


def test_keys_are_counted_apart() -> None:
    rate = counter()
    send(rate, 50, at=1.0, key="a")
    send(rate, 10, at=1.0, key="b")

    assert rate.limited(30.0) == {"a"}


def test_a_day_of_silence_costs_nothing_and_forgets_all() -> None:
    rate = counter()
    send(rate, 50, at=1.0)

    assert rate.limited(86_400.0 * 365) == frozenset()
    assert send(rate, 50, at=86_400.0 * 365 + 1) == [False] * 50
    assert rate.limited(86_400.0 * 365 + 30) == {"a"}


@given(
    st.lists(st.tuples(st.integers(0, 300), st.sampled_from("ab")), max_size=300),
    st.integers(1, 30),
    st.sampled_from([60, 120]),
)
def test_each_check_sees_exactly_the_window(arrivals: list[tuple[int, str]], limit: int, window_s: int) -> None:
    # GIVEN requests at whole seconds and a half, in order WHEN they have been counted without a lag
    rate = counter(limit=limit, window_s=window_s, lag_s=0.0)
    for second, key in sorted(arrivals):
        rate.add(key, second + 0.5)

    # THEN what is limited is what the last check's window held over the limit
    check = 310
    expected = {
        key
        for key in "ab"
        if sum(check - window_s <= second < check for second, other in arrivals if other == key) > limit
    }
    assert rate.limited(float(check)) == expected
