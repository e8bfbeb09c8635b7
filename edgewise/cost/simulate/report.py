"""Simulated months beside the bound: for people as a table, for programs as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.table import Table

from edgewise.cost.simulate.meter import SYMBOLS
from edgewise.cost.simulate.run import Spent

TOTAL = "total"
# A bound is computed with 28 digits and a bill with 40: equal figures differ by less than this.
ROUNDING_USD = Decimal("1e-12")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """All months of one adversary against one endpoint's bound.

    Attributes
    ----------
    adversary : str
    months : int
        How many were simulated.
    worst : Spent
        The one that cost most.
    ratios : dict
        By symbol, and ``total``: the greatest share of the bound's amount that a month reached; None where the bound
        is 0.
    """

    adversary: str
    months: int
    worst: Spent
    ratios: dict[str, Decimal | None]

    @property
    def held(self) -> bool:
        """Whether no month spent more than the bound, in total or by symbol."""
        return all(ratio is None or ratio <= 1 + ROUNDING_USD for ratio in self.ratios.values())


def exceeded(spent: Spent, bounds: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return by how many USD a month spent more than the bound allows, by symbol and in total; empty when it holds.

    Parameters
    ----------
    bounds : mapping
        The bound's amount by symbol.
    """
    over = {symbol: usd - bounds.get(symbol, Decimal(0)) for symbol, usd in spent.by_symbol.items()}
    over[TOTAL] = spent.total - sum(bounds.values(), Decimal(0))
    return {symbol: usd for symbol, usd in over.items() if usd > ROUNDING_USD}


def rows(spent: Iterable[Spent], bounds: Mapping[str, Decimal]) -> list[Row]:
    """Gather months by adversary, in the order in which they first come."""
    by_name: dict[str, list[Spent]] = {}
    for month in spent:
        by_name.setdefault(month.adversary, []).append(month)
    return [_row(name, months, bounds) for name, months in by_name.items()]


def tightness(gathered: Iterable[Row]) -> dict[str, Decimal]:
    """Return by symbol the greatest ratio that any adversary reached: how much of the bound is no empty boast."""
    best: dict[str, Decimal] = {}
    for row in gathered:
        for symbol, ratio in row.ratios.items():
            if ratio is not None:
                best[symbol] = max(best.get(symbol, Decimal(0)), ratio)
    return best


def table(gathered: Iterable[Row], bounds: Mapping[str, Decimal]) -> Table:
    """Lay the ratios out, adversaries down, symbols across."""
    gathered = list(gathered)
    heading = Table(title=f"Spent, as a share of the bound of {sum(bounds.values(), Decimal(0)):.2f} USD")
    heading.add_column("adversary")
    heading.add_column("months", justify="right")
    for symbol in (*SYMBOLS, TOTAL):
        heading.add_column(symbol, justify="right")
    heading.add_column("worst USD", justify="right")
    for row in gathered:
        cells = [_cell(row.ratios[symbol]) for symbol in (*SYMBOLS, TOTAL)]
        heading.add_row(
            row.adversary, str(row.months), *cells, f"{row.worst.total:.2f}", style=None if row.held else "red"
        )
    best = tightness(gathered)
    heading.add_section()
    heading.add_row("greatest", "", *(_cell(best.get(symbol)) for symbol in (*SYMBOLS, TOTAL)), "", style="bold")
    return heading


def to_json(gathered: Iterable[Row], bounds: Mapping[str, Decimal]) -> dict[str, Any]:
    """Return the same as plain data; money and ratios as text, so that no digit is lost."""
    gathered = list(gathered)
    return {
        "bound_usd": {**_texts(bounds), TOTAL: str(sum(bounds.values(), Decimal(0)))},
        "tightness": _texts(tightness(gathered)),
        "adversaries": [
            {
                "name": row.adversary,
                "months": row.months,
                "held": row.held,
                "ratios": _texts(row.ratios),
                "worst": _worst(row.worst),
            }
            for row in gathered
        ],
    }


def _worst(spent: Spent) -> dict[str, Any]:
    return {
        "month": spent.month,
        "seed": spent.seed,
        "region_group": spent.group,
        "usd": {**_texts(spent.by_symbol), TOTAL: str(spent.total)},
        "counts": spent.counts,
    }


def _row(name: str, months: list[Spent], bounds: Mapping[str, Decimal]) -> Row:
    ratios = {symbol: _ratio((month.by_symbol[symbol] for month in months), bounds.get(symbol)) for symbol in SYMBOLS}
    ratios[TOTAL] = _ratio((month.total for month in months), sum(bounds.values(), Decimal(0)))
    worst = max(months, key=lambda month: month.total)
    return Row(adversary=name, months=len(months), worst=worst, ratios=ratios)


def _ratio(spent: Iterable[Decimal], bound: Decimal | None) -> Decimal | None:
    most = max(spent)
    if bound:
        return most / bound
    return Decimal("Infinity") if most > 0 else None


def _cell(ratio: Decimal | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"


def _texts(amounts: Mapping[str, Decimal | None]) -> dict[str, str | None]:
    return {symbol: None if amount is None else f"{amount:f}" for symbol, amount in amounts.items()}
