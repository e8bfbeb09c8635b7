"""Compare the price sheet with AWS's Price List offers and say what would change. Writes nothing.

An offer file (``offers.json``) is AWS's own format: ``products.<sku>.{productFamily, attributes}`` and
``terms.OnDemand.<sku>.<offer term>.priceDimensions.<rate code>.{unit, beginRange, endRange, pricePerUnit.USD}`` with
``effectiveDate``. A list of such objects, or of the single products that the query API returns, is read as well.
Attributes are matched exactly, never by prefix: the Price List holds neighbours such as ``…-Tier1`` and ``…-Tier2``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from edgewise.cost.arithmetic import plain
from edgewise.cost.prices import PriceLine, PriceSheet, Tier


class OfferError(ValueError):
    """An offer file that is not in AWS's Price List format, or matches a line twice."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offered:
    """What an offer says of one product: tiers for `PriceLine.per` units, what is free, since when."""

    sku: str
    tiers: tuple[Tier, ...]
    free_units: Decimal
    effective: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One line of the sheet beside what the offers say."""

    line: PriceLine
    offered: Offered

    @property
    def differs(self) -> bool:
        """Whether tiers or prices differ."""
        return self.line.tiers != self.offered.tiers

    def __str__(self) -> str:
        """Write old and new tiers side by side."""
        old, new = _tiers_text(self.line.tiers), _tiers_text(self.offered.tiers)
        what = f"{self.line.price_id} [{self.line.place}] per {self.line.per} {self.line.unit}"
        return f"{what}: {old} -> {new} (effective {self.offered.effective}, SKU {self.offered.sku})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refresh:
    """What a comparison found.

    Attributes
    ----------
    changed, same : tuple of Change
        Lines the offers know.
    unmatched : tuple of PriceLine
        Lines with an `offer` that no product of the file has: another file holds them, or AWS renamed them.
    """

    changed: tuple[Change, ...]
    same: tuple[Change, ...]
    unmatched: tuple[PriceLine, ...]


def refresh(sheet: PriceSheet, path: Path) -> Refresh:
    """Compare each line that names an offer with the products of an offer file.

    Raises
    ------
    OfferError
        When the file can't be read as an offer file, or two products match one line.
    """
    products = list(_products(_read(path), path.name))
    known: list[Change] = []
    unmatched: list[PriceLine] = []
    for line in sheet:
        if not line.offer:
            continue
        offered = _find(line, products)
        if offered is None:
            unmatched.append(line)
        else:
            known.append(Change(line=line, offered=offered))
    return Refresh(
        changed=tuple(change for change in known if change.differs),
        same=tuple(change for change in known if not change.differs),
        unmatched=tuple(unmatched),
    )


def _read(path: Path) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        documents = content if isinstance(content, list) else [content]
        # The query API returns each product as a JSON text of its own.
        parsed = [json.loads(document) if isinstance(document, str) else document for document in documents]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise OfferError(f"{path.name}: not a readable JSON file ({error})") from error
    if not all(isinstance(document, dict) for document in parsed):
        raise OfferError(f"{path.name}: expected AWS's offer format, an object with 'products' and 'terms'")
    return parsed


Product = tuple[str, Mapping[str, str], Mapping[str, Any]]


def _products(documents: Iterable[Mapping[str, Any]], name: str) -> Iterator[Product]:
    """Yield SKU, attributes and on-demand terms of every product."""
    for document in documents:
        try:
            if "product" in document:
                product, terms = document["product"], document["terms"]["OnDemand"]
                yield product["sku"], product["attributes"], terms
                continue
            on_demand = document["terms"]["OnDemand"]
            for sku, product in document["products"].items():
                if sku in on_demand:
                    yield sku, product["attributes"], on_demand[sku]
        except (KeyError, TypeError, AttributeError) as error:
            raise OfferError(f"{name}: not AWS's offer format, {error} is missing or not an object") from error


def _find(line: PriceLine, products: Iterable[Product]) -> Offered | None:
    matching = [
        product for product in products if all(product[1].get(key) == value for key, value in line.offer.items())
    ]
    if len(matching) > 1:
        skus = ", ".join(sku for sku, _, _ in matching)
        raise OfferError(f"{line.price_id} [{line.place}]: {skus} all match {dict(line.offer)}; make it exact")
    return _offered(line, matching[0]) if matching else None


def _offered(line: PriceLine, product: Product) -> Offered:
    sku, _, terms = product
    term = max(terms.values(), key=lambda each: str(each.get("effectiveDate", "")))
    rows = sorted(
        (
            _number(row, "beginRange", sku) if "beginRange" in row else Decimal(0),
            _number(row["pricePerUnit"], "USD", sku) * line.per,
        )
        for row in term["priceDimensions"].values()
    )
    free = [begin for begin, price in rows if price == 0] if len(rows) > 1 else []
    paid = [(begin, price) for begin, price in rows if price > 0] or rows
    # A free allowance is a first row at 0. The sheet counts none, so the first paid tier starts at 0 instead.
    tiers = tuple(
        Tier(above=Decimal(0) if index == 0 else begin, price=price) for index, (begin, price) in enumerate(paid)
    )
    return Offered(
        sku=sku,
        tiers=tiers,
        free_units=paid[0][0] if free else Decimal(0),
        effective=str(term.get("effectiveDate", "unknown"))[:10],
    )


def _number(row: Mapping[str, Any], key: str, sku: str) -> Decimal:
    try:
        return Decimal(str(row[key]))
    except (KeyError, InvalidOperation) as error:
        raise OfferError(f"SKU {sku}: {key} is {row.get(key)!r}, expected a number") from error


def _tiers_text(tiers: Iterable[Tier]) -> str:
    return ", ".join(f"{plain(tier.price)} above {plain(tier.above)}" for tier in tiers)
