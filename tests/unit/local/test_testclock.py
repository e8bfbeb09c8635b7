"""A clock that can be made to run faster."""

from __future__ import annotations

import pytest

from edgewise.local.cdn.testclock import ScaledClock


def test_it_runs_faster_from_now_on_and_never_goes_back() -> None:
    now = [100.0]
    clock = ScaledClock(source=lambda: now[0])
    assert clock() == 100.0

    now[0] = 110.0
    clock.set_scale(60)
    assert clock() == 110.0
    now[0] = 111.0
    assert clock() == 170.0
    clock.set_scale(1)
    now[0] = 112.0
    assert clock() == 171.0


def test_a_scale_must_be_above_zero() -> None:
    with pytest.raises(ValueError, match="clock_scale is 0"):
        ScaledClock().set_scale(0)
