"""The bound is no empty boast: for each of its terms some adversary reaches four fifths of it, and all at once most."""

from __future__ import annotations

from decimal import Decimal

import pytest

from edgewise.cost.bound import bound
from edgewise.cost.prices import default_prices
from edgewise.cost.simulate import ADVERSARIES, SYMBOLS, Month, rows, simulate, tightness
from tests.unit.cost.simulate.endpoints import face_match

REACHED = Decimal("0.8")
JANUARY = Month(2027, 1)
SHEET = default_prices()


@pytest.fixture(scope="module", params=["disconnect", "stay_up"])
def reached(request: pytest.FixtureRequest) -> tuple[str, dict[str, Decimal]]:
    endpoint = face_match(on_flood=request.param)
    spent = [simulate(endpoint, SHEET, adversary, 1, JANUARY) for adversary in ADVERSARIES.values()]
    return request.param, tightness(rows(spent, bound(endpoint, SHEET).by_symbol()))


def test_each_term_is_reached_by_some_adversary(reached: tuple[str, dict[str, Decimal]]) -> None:
    on_flood, ratios = reached
    # With stay_up nothing is allowed at the firewall but the flood itself, which stands in R.
    symbols = [symbol for symbol in SYMBOLS if on_flood == "disconnect" or symbol != "N_firewall·r"]

    assert {symbol: ratio for symbol, ratio in ratios.items() if ratio < REACHED and symbol in SYMBOLS} == {}
    assert [symbol for symbol in SYMBOLS if symbol in ratios] == symbols


def test_one_month_reaches_most_of_the_whole_bound() -> None:
    endpoint = face_match()
    spent = simulate(endpoint, SHEET, ADVERSARIES["everything"], 1, JANUARY)

    assert REACHED * bound(endpoint, SHEET).total < spent.total
