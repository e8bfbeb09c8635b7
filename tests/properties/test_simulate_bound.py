"""Spend stays within the bound in every simulated month: each adversary against twenty endpoints and months."""

from __future__ import annotations

import pytest

from edgewise.cost.bound import bound
from edgewise.cost.prices import default_prices
from edgewise.cost.simulate import ADVERSARIES, Month, exceeded, simulate
from tests.unit.cost.simulate.endpoints import drawn_endpoint, drawn_month, face_match

MONTHS = 20
SHEET = default_prices()


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_month_costs_more_than_the_bound(name: str) -> None:
    # GIVEN endpoints as owners might write them, and months of 28 to 31 days
    for seed in range(MONTHS):
        endpoint, month = drawn_endpoint(seed), drawn_month(seed)

        # WHEN the adversary has had its month
        spent = simulate(endpoint, SHEET, ADVERSARIES[name], seed, month)

        # THEN neither the bill nor any part of it is more than the bound has for it
        over = exceeded(spent, bound(endpoint, SHEET).by_symbol())
        assert not over, f"{endpoint}, {month}, seed {seed}: {spent.counts} exceeds by {over}"


@pytest.mark.parametrize("name", ADVERSARIES)
@pytest.mark.parametrize("on_flood", ["disconnect", "stay_up"])
def test_the_shipped_function_stays_within_its_bound(name: str, on_flood: str) -> None:
    endpoint = face_match(on_flood=on_flood)

    spent = simulate(endpoint, SHEET, ADVERSARIES[name], 1, Month(2027, 1))

    assert not exceeded(spent, bound(endpoint, SHEET).by_symbol())


def test_the_drawn_months_are_of_every_length() -> None:
    assert {drawn_month(seed).days for seed in range(MONTHS)} >= {28, 30, 31}
