"""The search: the smallest network that fits its part of the budget, with few trials."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from edgewise.models.search import GRID, smallest_first


def counting(loses: Callable[[float], float]) -> tuple[Callable[[float], float], list[float]]:
    asked: list[float] = []

    def ask(keep: float) -> float:
        asked.append(keep)
        return loses(keep)

    return ask, asked


def test_it_halves_between_the_last_that_fits_and_the_first_that_does_not() -> None:
    ask, asked = counting(lambda keep: 0.2 if keep >= 0.36 else 0.8)
    assert smallest_first(ask, budget_points=1) == [0.4, 0.5, 1]
    assert asked == [0.5, 0.3, 0.4, 0.35]


def test_the_grids_next_share_is_not_tried_where_the_loss_grows_steep() -> None:
    # GIVEN a network that spends half of what is allowed at 30 %, and all of it at 24 %
    ask, asked = counting(lambda keep: 0.0 if keep > 0.3 else 0.4 if keep > 0.24 else 0.9)
    assert smallest_first(ask, budget_points=1) == [0.26, 0.3, 0.5, 1]
    assert asked == [0.5, 0.3, 0.22, 0.26]


def test_two_thirds_of_the_budget_are_spent() -> None:
    assert smallest_first(lambda _: 0.66, budget_points=1)[0] < 0.5
    assert smallest_first(lambda _: 0.67, budget_points=1) == [1]


def test_what_fits_everywhere_ends_at_the_grids_end() -> None:
    ask, asked = counting(lambda _: 0)
    assert smallest_first(ask, budget_points=1) == [*reversed(GRID), 1]
    assert asked == list(GRID)


def test_a_network_that_bears_no_cut_is_left_whole() -> None:
    ask, asked = counting(lambda _: 9)
    assert smallest_first(ask, budget_points=1) == [1]
    assert asked == [0.5, 0.75, 0.88]


@pytest.mark.parametrize("edge", [0.95, 0.6, 0.45, 0.31, 0.2, 0.1])
def test_it_never_gives_what_it_did_not_try_and_nothing_that_does_not_fit(edge: float) -> None:
    ask, asked = counting(lambda keep: float(keep < edge))
    found = smallest_first(ask, budget_points=1)
    assert found == sorted(found)
    assert all(keep >= edge for keep in found)
    assert set(found) - {1} <= set(asked)
    assert len(asked) <= len(GRID) + 2
