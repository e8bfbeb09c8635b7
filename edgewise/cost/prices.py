"""The dated price sheet: what one unit of each service costs, where, and who says so.

Money is Decimal. A price that the sheet doesn't hold is `UnknownPriceError`: no figure is ever guessed, and a
bound that needs it is UNKNOWN, which counts as infinite.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from edgewise.cost.sheet_file import SheetError, cited, dated, known_keys, number, read_sheet, require

DEFAULT_SHEET: Final = Path(__file__).with_name("prices.yaml")

UNITS: Final = frozenset(
    {"request", "request unit", "event", "row", "metric", "ms", "hour", "month"}
    | {"GB-second", "GiB", "GB", "TiB", "GiB-month", "GB-month"}
)
BASES: Final = ("quoted", "inferred", "unsourced")
REGION_GROUPS: Final = (
    "us", "europe", "africa_me", "japan", "asia", "india", "australia", "south_america",
)  # fmt: skip

_KEYS: Final = frozenset(
    ("id", "unit", "per", "region", "group", "price", "tiers", "source", "date", "basis", "free", "offer", "note")
)


class UnknownPriceError(LookupError):
    """No line of the sheet holds the price that was asked for."""

    def __init__(self, price_id: str, place: str) -> None:
        self.price_id = price_id
        self.place = place
        super().__init__(f"no price '{price_id}' for '{place}' in the price sheet: add the line with its source")


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """A price that holds for the units above a quantity."""

    above: Decimal
    price: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class PriceLine:
    """One line of the sheet.

    Attributes
    ----------
    price_id : str
        What is priced, such as ``waf.request``.
    place : str
        A Region, ``global``, or a CloudFront region group.
    unit : str
        What is counted; `per` of it cost a tier's price.
    tiers : tuple of Tier
        In rising order; the first is above 0. Free allowances are not tiers.
    basis : str
        ``quoted``, ``inferred`` (taken from a neighbour, see the source) or ``unsourced``.
    free : str
        The always-free allowance, for people; a bound never counts it.
    offer : mapping
        Attributes that find the line in AWS's Price List, matched exactly.
    """

    price_id: str
    place: str
    unit: str
    per: int
    tiers: tuple[Tier, ...]
    source: str
    dated: date
    basis: str = "quoted"
    free: str = ""
    note: str = ""
    offer: Mapping[str, str]

    @property
    def dearest(self) -> Decimal:
        """The highest tier's price for `per` units: what the worst case pays, whatever else the account uses."""
        return max(tier.price for tier in self.tiers)

    @property
    def text(self) -> str:
        """The dearest price of one unit as arithmetic, such as ``0.60 / 1000000``."""
        price = f"{self.dearest:f}"
        return price if self.per == 1 else f"{price} / {self.per}"

    @property
    def citation(self) -> str:
        """Price, unit, place, date and source in one line of text."""
        flag = "" if self.basis == "quoted" else f" ({self.basis.upper()})"
        return (
            f"{self.price_id} [{self.place}] {self.dearest:f} USD per {self.per} {self.unit}{flag}, "
            f"{self.dated.isoformat()}: {self.source}"
        )

    def cost(self, quantity: Decimal) -> Decimal:
        """Return what `quantity` units cost through the tiers, in USD, free allowances not counted."""
        total = Decimal(0)
        ends = [tier.above for tier in self.tiers[1:]] + [None]
        for tier, end in zip(self.tiers, ends, strict=True):
            top = quantity if end is None else min(quantity, end)
            total += max(top - tier.above, Decimal(0)) * tier.price / self.per
        return total


@dataclass(frozen=True, slots=True)
class PriceSheet:
    """All price lines, found by id and place."""

    lines: Mapping[tuple[str, str], PriceLine]

    def __iter__(self) -> Iterator[PriceLine]:
        """Iterate over the lines, in the file's order."""
        return iter(self.lines.values())

    def price(self, price_id: str, place: str = "global") -> PriceLine:
        """Return one line.

        Raises
        ------
        UnknownPriceError
            When the sheet has no such line.
        """
        try:
            return self.lines[price_id, place]
        except KeyError:
            raise UnknownPriceError(price_id, place) from None

    def dearest(self, price_id: str, places: Iterable[str]) -> PriceLine:
        """Return the dearest line among `places`, all of which must be priced.

        Raises
        ------
        UnknownPriceError
            When one place has no price: the dearest of the others would be a guess.
        """
        return max((self.price(price_id, place) for place in places), key=lambda line: line.dearest / line.per)

    def without(self, price_id: str, place: str | None = None) -> PriceSheet:
        """Return a sheet that lacks a price (everywhere, or in one place)."""
        kept = {key: line for key, line in self.lines.items() if key[0] != price_id or place not in (None, key[1])}
        return PriceSheet(kept)

    def scaled(self, price_id: str, factor: Decimal) -> PriceSheet:
        """Return a sheet in which a price is multiplied, in every place and tier."""
        changed = {
            key: replace(line, tiers=tuple(replace(tier, price=tier.price * factor) for tier in line.tiers))
            for key, line in self.lines.items()
            if key[0] == price_id
        }
        return PriceSheet({**self.lines, **changed})


def load_prices(path: Path = DEFAULT_SHEET) -> PriceSheet:
    """Load a price sheet.

    Parameters
    ----------
    path : Path
        The sheet; the project's own when left out.

    Raises
    ------
    SheetError
        When a line lacks a key, names an unknown unit or source, or stands twice. The message names the line.

    Examples
    --------
    >>> load_prices().price("waf.request").text
    '0.60 / 1000000'
    """
    sources, rows = read_sheet(path, "lines")
    lines: dict[tuple[str, str], PriceLine] = {}
    for row in rows:
        line = _line(row, sources)
        key = (line.price_id, line.place)
        if key in lines:
            raise SheetError(f"price line {line.price_id!r}: a second line for '{line.place}'")
        lines[key] = line
    return PriceSheet(lines)


@lru_cache(maxsize=1)
def default_prices() -> PriceSheet:
    """Return the project's own sheet, read once."""
    return load_prices()


def _line(row: Mapping[str, Any], sources: Mapping[str, str]) -> PriceLine:
    require(row, ("id", "unit", "per", "source", "date"), "price line")
    known_keys(row, _KEYS, "price line")
    row_id = str(row["id"])
    if row["unit"] not in UNITS:
        raise SheetError(f"price line {row_id!r}: unit {row['unit']!r} is unknown, use one of {sorted(UNITS)}")
    per = number(row["per"], row_id=row_id, key="per")
    if per < 1 or per != per.to_integral_value():
        raise SheetError(f"price line {row_id!r}: 'per' is {row['per']!r}, must be a whole number of 1 or more")
    basis = row.get("basis", "quoted")
    if basis not in BASES:
        raise SheetError(f"price line {row_id!r}: basis {basis!r}, use one of {list(BASES)}")
    return PriceLine(
        price_id=row_id,
        place=_place(row, row_id),
        unit=str(row["unit"]),
        per=int(per),
        tiers=_tiers(row, row_id),
        source=cited(sources, row["source"], row_id=row_id),
        dated=dated(row["date"], row_id=row_id),
        basis=basis,
        free=str(row.get("free", "")),
        note=str(row.get("note", "")),
        offer={str(key): str(value) for key, value in row.get("offer", {}).items()},
    )


def _place(row: Mapping[str, Any], row_id: str) -> str:
    if ("region" in row) == ("group" in row):
        raise SheetError(f"price line {row_id!r}: key 'region' or 'group' is missing, write exactly one of them")
    if "group" not in row:
        return str(row["region"])
    if row["group"] not in REGION_GROUPS:
        raise SheetError(f"price line {row_id!r}: group {row['group']!r}, use one of {list(REGION_GROUPS)}")
    return str(row["group"])


def _tiers(row: Mapping[str, Any], row_id: str) -> tuple[Tier, ...]:
    if ("price" in row) == ("tiers" in row):
        raise SheetError(f"price line {row_id!r}: key 'price' or 'tiers' is missing, write exactly one of them")
    listed: Sequence[Mapping[str, Any]] = row.get("tiers", [{"above": 0, "price": row.get("price")}])
    tiers = []
    for tier in listed:
        if not isinstance(tier, dict) or set(tier) != {"above", "price"}:
            raise SheetError(f"price line {row_id!r}: a tier is 'above' and 'price', got {tier!r}")
        above = number(tier["above"], row_id=row_id, key="above")
        tiers.append(Tier(above=above, price=number(tier["price"], row_id=row_id, key="price")))
    starts = [tier.above for tier in tiers]
    if not tiers or starts[0] != 0 or starts != sorted(set(starts)):
        raise SheetError(f"price line {row_id!r}: tiers must start above 0 and rise, got {starts}")
    return tuple(tiers)
