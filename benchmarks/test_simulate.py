"""Two hundred simulated months an adversary: the table of how near each comes to the bound, and no month beyond it."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from rich.console import Console
from rich.table import Table

from edgewise.cost.bound import bound
from edgewise.cost.prices import default_prices
from edgewise.cost.simulate import ADVERSARIES, Row, exceeded, rows, simulate, table
from tests.unit.cost.simulate.endpoints import drawn_endpoint, drawn_month, face_match

MONTHS = 200
BUDGET_S = 0.5  # a month, on one core
SHEET = default_prices()
SHIPPED = face_match()
BOUNDS = bound(SHIPPED, SHEET).by_symbol()


@pytest.fixture(scope="module")
def gathered() -> dict[str, tuple[Row, float]]:
    return {}


@pytest.mark.parametrize("name", ADVERSARIES)
def test_two_hundred_months_of_the_shipped_function(name: str, gathered: dict[str, tuple[Row, float]]) -> None:
    began_s = time.perf_counter()
    months = [simulate(SHIPPED, SHEET, ADVERSARIES[name], seed, drawn_month(seed)) for seed in range(MONTHS)]
    took_s = time.perf_counter() - began_s

    (row,) = rows(months, BOUNDS)
    gathered[name] = (row, took_s / MONTHS)
    assert row.held


@pytest.mark.parametrize("name", ADVERSARIES)
def test_two_hundred_drawn_endpoints(name: str) -> None:
    for seed in range(MONTHS):
        endpoint = drawn_endpoint(seed)
        spent = simulate(endpoint, SHEET, ADVERSARIES[name], seed, drawn_month(seed))
        assert not exceeded(spent, bound(endpoint, SHEET).by_symbol()), f"{endpoint}, seed {seed}"


def test_the_table(gathered: dict[str, tuple[Row, float]], capsys: pytest.CaptureFixture[str]) -> None:
    times = Table(title=f"Seconds a simulated month (budget {BUDGET_S})")
    times.add_column("adversary")
    times.add_column("s", justify="right")
    for name, (_, each_s) in gathered.items():
        times.add_row(name, f"{each_s:.3f}", style="red" if each_s > BUDGET_S else None)
    with capsys.disabled():
        console = Console(width=160)
        console.print(table([row for row, _ in gathered.values()], BOUNDS), times)
    assert all(
        ratio is None or ratio <= 1 + Decimal("1e-12") for row, _ in gathered.values() for ratio in row.ratios.values()
    )
