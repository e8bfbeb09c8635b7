"""Thin traffic: 0.1 requests a second over 13 Regions for six simulated hours, next to fixed N = 50, T = 60 s."""

from __future__ import annotations

import pytest

from tests.properties.region import ADAPTIVE, FIXED, simulate


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_less_is_burnt_and_fewer_wait_than_with_fixed_leases(seed: int) -> None:
    adaptive = simulate(ADAPTIVE, background=True, rps=0.1, regions=13, hours=6, seed=seed)
    fixed = simulate(FIXED, background=False, rps=0.1, regions=13, hours=6, seed=seed)
    print(f"burnt {adaptive.burnt:.1%} / {fixed.burnt:.1%}", f"waited {adaptive.waiting:.1%} / {fixed.waiting:.1%}")
    print(f"receipts lost {adaptive.lost:.2%} / {fixed.lost:.2%}")
    assert adaptive.burnt < 0.6 * fixed.burnt
    assert adaptive.waiting < 0.3 * fixed.waiting
    # Fixed leases of a minute lose fewer: there two of three requests wait, and each tells of the one before.
    assert adaptive.lost < 0.05
