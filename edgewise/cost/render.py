"""Bounds and prices for people (tables, plain text) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from rich.table import Table

from edgewise.cost.arithmetic import plain
from edgewise.cost.bound import Assumption, Bound, Line, Status, Term
from edgewise.cost.bound.result import to_cent
from edgewise.cost.breakeven import BreakEven
from edgewise.cost.prices import PriceSheet

SYMBOLS: Final = ("F", "Q·a", "M·m", "L·l", "C·c", "N_firewall·r", "N_gate·r", "N_ledger·r", "R")
STALE_DAYS: Final = 365


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A bound beside what its owner allows (None: no budget of its own, such as a stack's shared resources)."""

    bound: Bound
    budget_usd: Decimal | None = None

    @property
    def verdict(self) -> str:
        """One word: fits, over, infinite or UNKNOWN; empty without a budget and finite."""
        if self.bound.status is not Status.FINITE:
            return self.bound.status.value
        if self.budget_usd is None:
            return ""
        return "fits" if self.bound.fits(self.budget_usd) else "over"


def bounds_table(entries: Sequence[Entry], *, title: str = "Worst month, USD") -> Table:
    """Build a table: one column a function, one for the shared resources, one row a term; it fits 80 columns."""
    table = Table(title=title, caption="rounded up to the cent; free tiers not counted; a month of 31 days")
    table.add_column("")
    for entry in entries:
        style = "red" if entry.verdict in ("over", "infinite", "UNKNOWN") else None
        table.add_column(f"{entry.bound.name}\n{entry.bound.edge}".removesuffix("\n-"), justify="right", style=style)
    table.add_column("all", justify="right")
    for symbol, title_of_term in _terms(entries):
        amounts = [entry.bound.by_symbol().get(symbol) for entry in entries]
        known = [amount for amount in amounts if amount is not None]
        cells = ["" if amount is None else usd(amount) for amount in amounts]
        table.add_row(f"{symbol}  {title_of_term}", *cells, usd(sum(known, Decimal(0))))
    table.add_section()
    total = sum((entry.bound.total_usd for entry in entries), Decimal(0))
    table.add_row("total", *(usd(entry.bound.total_usd) for entry in entries), usd(total))
    table.add_row("budget", *("" if each.budget_usd is None else usd(each.budget_usd) for each in entries), "")
    table.add_row("", *(entry.verdict for entry in entries), "")
    return table


def _terms(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    """Return every term's symbol and title, in the formula's order."""
    found = {term.symbol: term.title for entry in reversed(entries) for term in entry.bound.terms}
    ranked = {symbol: rank for rank, symbol in enumerate(SYMBOLS)}
    return sorted(found.items(), key=lambda item: ranked.get(item[0], len(SYMBOLS)))


def usd(amount: Decimal) -> str:
    """Write an amount rounded up to the cent, infinity as a sign."""
    return f"{to_cent(amount):,.2f}" if amount.is_finite() else "∞"


def explain(bound: Bound) -> str:
    """Write every count, line and assumption as plain text; each arithmetic can be copied and gives its amount.

    Returns
    -------
    str
        Lines ``amount  name = arithmetic  [assumptions]``, then the numbered assumptions with their sources.
    """
    numbered = _Numbered()
    lines = [f"{bound.name} on {bound.edge}: {usd(bound.total_usd)} USD in the worst month ({bound.status.value})"]
    lines += [f"  because {reason}" for reason in bound.reasons]
    for term in bound.terms:
        lines += ["", *_explained(term, numbered)]
    lines += ["", "for the whole: " + numbered.refer(bound.notes), "", "assumptions and sources:"]
    return "\n".join([*lines, *numbered.listed()]) + "\n"


def _explained(term: Term, numbered: _Numbered) -> list[str]:
    amount = "∞" if not term.amount.is_finite() else plain(term.amount)
    lines = [f"{term.symbol}  {term.title}: {amount} USD"]
    if term.infinite:
        lines.append(f"  infinite: {term.infinite}")
    lines += [
        f"  {each.symbol} = {each.arithmetic} = {plain(each.value)}  {numbered.refer(each.assumptions)}"
        for each in term.counts
    ]
    lines += [_line(line, numbered) for line in term.lines]
    return lines


def _line(line: Line, numbered: _Numbered) -> str:
    if line.unknown:
        return f"  UNKNOWN  {line.name} = {line.arithmetic}: {line.unknown}"
    return f"  {plain(line.amount)}  {line.name} = {line.arithmetic}  {numbered.refer(line.assumptions)}"


class _Numbered:
    """Assumptions in the order they are met, each once."""

    def __init__(self) -> None:
        self._seen: dict[Assumption, int] = {}

    def refer(self, assumptions: Iterable[Assumption]) -> str:
        numbers = [self._seen.setdefault(each, len(self._seen) + 1) for each in assumptions]
        return "".join(f"[{number}]" for number in numbers)

    def listed(self) -> list[str]:
        return [_listed(each, number) for each, number in self._seen.items()]


def _listed(assumption: Assumption, number: int) -> str:
    # A price's citation ends with its source already.
    known = assumption.source in assumption.text
    return f"  [{number}] {assumption.text}" + ("" if known else f" ({assumption.source})")


def to_json(bound: Bound, budget_usd: Decimal | None = None) -> dict[str, Any]:
    """Return a bound as JSON: money as text, so that no digit is lost; null where it is not finite."""
    return {
        "name": bound.name,
        "edge": bound.edge,
        "status": bound.status.value,
        "reasons": list(bound.reasons),
        "total_usd": _money(bound.total_usd),
        "budget_usd": None if budget_usd is None else plain(budget_usd),
        "fits": None if budget_usd is None else bound.fits(budget_usd),
        "terms": [_term_json(term) for term in bound.terms],
        "notes": [{"text": note.text, "source": note.source} for note in bound.notes],
    }


def _term_json(term: Term) -> dict[str, Any]:
    return {
        "symbol": term.symbol,
        "title": term.title,
        "amount_usd": _money(term.amount),
        "counts": [
            {
                "symbol": each.symbol,
                "value": plain(each.value),
                "arithmetic": each.arithmetic,
                "assumptions": [{"text": a.text, "source": a.source} for a in each.assumptions],
            }
            for each in term.counts
        ],
        "lines": [
            {
                "name": line.name,
                "amount_usd": _money(line.amount),
                "arithmetic": line.arithmetic,
                "unknown": line.unknown or None,
                "assumptions": [{"text": a.text, "source": a.source} for a in line.assumptions],
            }
            for line in term.lines
        ],
    }


def _money(amount: Decimal) -> str | None:
    return plain(amount) if amount.is_finite() else None


def prices_table(sheet: PriceSheet, today: date) -> Table:
    """Build a table of all price lines with their age; what is over a year old, inferred or unsourced is marked."""
    table = Table(title=f"{len(sheet.lines)} prices, USD")
    for name in ("id", "place", "price", "unit", "date", "age, days", "basis", "source"):
        table.add_column(name, justify="right" if name in ("price", "age, days") else "left", overflow="fold")
    for line in sheet:
        age = (today - line.dated).days
        doubtful = age > STALE_DAYS or line.basis != "quoted"
        price = ", ".join(f"{tier.price:f}" for tier in line.tiers)
        unit = line.unit if line.per == 1 else f"{line.per:,} {line.unit}"
        table.add_row(
            line.price_id, line.place, price, unit, line.dated.isoformat(), str(age), line.basis, line.source,
            style="yellow" if doubtful else None,
        )  # fmt: skip
    return table


def breakeven_table(rows: Sequence[BreakEven], *, title: str) -> Table:
    """Build a table of machines against services: the average rate above which the machine is cheaper."""
    services = list(dict.fromkeys(row.service for row in rows))
    table = Table(title=title, caption="requests/s on average, above which the machine is cheaper")
    table.add_column("always on")
    for service in services:
        table.add_column(service, justify="right")
    for machine in dict.fromkeys(row.machine for row in rows):
        cells = {row.service: row for row in rows if row.machine == machine}
        table.add_row(machine, *(_rate(cells[service]) for service in services))
    return table


def _rate(row: BreakEven) -> str:
    return "never" if row.serverless_always_wins else f"{row.rate_rps:.1f}"
