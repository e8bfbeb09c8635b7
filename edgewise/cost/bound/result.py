"""What a bound is made of: lines, terms, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Final

from edgewise.cost.arithmetic import as_factor, evaluate, plain
from edgewise.cost.prices import PriceLine, UnknownPriceError

INFINITE_USD: Final = Decimal("Infinity")
CENT: Final = Decimal("0.01")


class Status(StrEnum):
    """A bound's verdict. UNKNOWN counts as infinite."""

    FINITE = "finite"
    INFINITE = "infinite"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumption:
    """What a figure rests on, and who says so."""

    text: str
    source: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many of something at most in a month, with its arithmetic."""

    symbol: str
    value: Decimal
    arithmetic: str
    assumptions: tuple[Assumption, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of the worst bill.

    Attributes
    ----------
    name : str
        What is paid for.
    amount : Decimal
        USD in the worst month; infinite when a price is missing.
    arithmetic : str
        Text that evaluates to `amount`.
    unknown : str
        Why the amount is not known; empty when it is.
    """

    name: str
    amount: Decimal
    arithmetic: str
    assumptions: tuple[Assumption, ...] = ()
    unknown: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """One term of the bound: a symbol of bounded-spend's formula, how many, and its lines."""

    symbol: str
    title: str
    lines: tuple[Line, ...]
    counts: tuple[Count, ...] = ()
    infinite: str = ""

    @property
    def amount(self) -> Decimal:
        """USD in the worst month."""
        return INFINITE_USD if self.infinite else sum((line.amount for line in self.lines), Decimal(0))

    @property
    def arithmetic(self) -> str:
        """The lines' amounts as a sum."""
        return " + ".join(plain(line.amount) for line in self.lines if not line.unknown) or "0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Bound:
    """The worst bill of a calendar month.

    Attributes
    ----------
    name, edge : str
        The function (or the stack's shared resources) and where it runs.
    terms : tuple of Term
    notes : tuple of Assumption
        What holds for the whole bound: declared facts, what is never counted.
    refused : tuple of str
        Reasons why the description itself contradicts the platform; they make the bound UNKNOWN.
    """

    name: str
    edge: str
    terms: tuple[Term, ...]
    notes: tuple[Assumption, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def status(self) -> Status:
        """Finite, infinite, or UNKNOWN (a price is missing or the description contradicts the platform)."""
        if self.refused or any(line.unknown for term in self.terms for line in term.lines):
            return Status.UNKNOWN
        return Status.INFINITE if any(term.infinite for term in self.terms) else Status.FINITE

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the bound is not finite; empty when it is."""
        infinite = [f"{term.symbol}: {term.infinite}" for term in self.terms if term.infinite]
        unknown = [f"{term.symbol}: {line.unknown}" for term in self.terms for line in term.lines if line.unknown]
        return tuple(dict.fromkeys((*self.refused, *infinite, *unknown)))

    @property
    def total(self) -> Decimal:
        """USD in the worst month, exact; infinite unless the status is finite."""
        if self.status is not Status.FINITE:
            return INFINITE_USD
        return sum((term.amount for term in self.terms), Decimal(0))

    @property
    def total_usd(self) -> Decimal:
        """`total`, rounded UP to the cent: what is printed and compared with a budget."""
        return to_cent(self.total)

    def fits(self, budget_usd: Decimal) -> bool:
        """Tell whether the worst month stays within a budget."""
        return self.total_usd <= budget_usd

    def by_symbol(self) -> dict[str, Decimal]:
        """Return USD by term symbol."""
        return {term.symbol: term.amount for term in self.terms}

    def largest(self, count: int = 3) -> tuple[Term, ...]:
        """Return the `count` largest terms, largest first."""
        return tuple(sorted(self.terms, key=lambda term: term.amount, reverse=True)[:count])


def to_cent(amount: Decimal) -> Decimal:
    """Round up to the cent; infinity stays infinity."""
    return amount.quantize(CENT, rounding=ROUND_CEILING) if amount.is_finite() else amount


def count(symbol: str, arithmetic: str, *assumptions: Assumption) -> Count:
    """Build a count from its arithmetic."""
    return Count(symbol=symbol, value=evaluate(arithmetic), arithmetic=arithmetic, assumptions=assumptions)


def priced(name: str, quantity: str, price: PriceLine | UnknownPriceError, *assumptions: Assumption) -> Line:
    """Build a line: a quantity's arithmetic times one price.

    Parameters
    ----------
    quantity : str
        Arithmetic of the month's quantity in the price's unit, such as ``620000 * 108460 / 1073741824``.
    price : PriceLine or UnknownPriceError
        A missing price makes the line's amount infinite and says which line of the sheet is missing.
    """
    if isinstance(price, UnknownPriceError):
        return Line(
            name=name,
            amount=INFINITE_USD,
            arithmetic=f"{as_factor(quantity)} * UNKNOWN",
            assumptions=assumptions,
            unknown=str(price),
        )
    arithmetic = f"{as_factor(quantity)} * {price.text}"
    cited = Assumption(text=price.citation, source=price.source)
    return Line(name=name, amount=evaluate(arithmetic), arithmetic=arithmetic, assumptions=(cited, *assumptions))
