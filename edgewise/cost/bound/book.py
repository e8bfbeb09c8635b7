"""Prices as an endpoint meets them: the dearest region of its price class, nothing for what its plan covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from edgewise.cost.arithmetic import as_factor, evaluate
from edgewise.cost.bound.result import Assumption, Line, priced
from edgewise.cost.prices import PriceLine, PriceSheet, UnknownPriceError
from edgewise.cost.quotas import source

GIB: Final = 1024**3
HOME_REGION: Final = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """A price sheet seen by one endpoint.

    Attributes
    ----------
    groups : tuple of str
        Region groups the endpoint can be billed at.
    plan : str
        ``none``, or the CloudFront flat-rate plan that covers delivery, firewall, gate and store.
    """

    sheet: PriceSheet
    groups: tuple[str, ...] = ()
    plan: str = "none"

    def at(self, price_id: str, place: str = HOME_REGION) -> PriceLine | UnknownPriceError:
        """Return a price, or the error that says it is missing."""
        try:
            return self.sheet.price(price_id, place)
        except UnknownPriceError as missing:
            return missing

    def dearest(self, price_id: str, places: Iterable[str] | None = None) -> PriceLine | UnknownPriceError:
        """Return the dearest price over the endpoint's region groups, or the error that says one is missing."""
        try:
            return self.sheet.dearest(price_id, self.groups if places is None else places)
        except UnknownPriceError as missing:
            return missing

    def everywhere(self, name: str, quantity: str, price_id: str, *assumptions: Assumption) -> Line:
        """Price a line that costs the same at every edge."""
        return priced(name, quantity, self.at(price_id, "global"), *assumptions)

    def home(self, name: str, quantity: str, price_id: str, *assumptions: Assumption) -> Line:
        """Price a line of the stack's home Region."""
        return priced(name, quantity, self.at(price_id), *assumptions)

    def regional(self, name: str, quantity: str, price_id: str, *assumptions: Assumption) -> Line:
        """Price a line at the dearest region group of the price class."""
        dearest = Assumption(text=f"the dearest of {', '.join(self.groups)}", source="the endpoint's price class")
        return priced(name, quantity, self.dearest(price_id), dearest, *assumptions)

    def cdn(self, name: str, quantity: str, price_id: str, *assumptions: Assumption) -> Line:
        """Price a line of firewall, gate or store: the same at every edge, nothing on a flat-rate plan."""
        if self.plan != "none":
            return covered(name, quantity, self.plan)
        return self.everywhere(name, quantity, price_id, *assumptions)

    def cdn_regional(self, name: str, quantity: str, price_id: str, *assumptions: Assumption) -> Line:
        """Price a line of delivery: by region group, nothing on a flat-rate plan."""
        if self.plan != "none":
            return covered(name, quantity, self.plan)
        return self.regional(name, quantity, price_id, *assumptions)


def covered(name: str, quantity: str, plan: str) -> Line:
    """Return a line that a flat-rate plan covers."""
    declared = Assumption(
        text=f"covered by the CloudFront plan '{plan}', declared by the owner: no resource of the program proves it",
        source=source(f"cloudfront.plan.{plan}.waf_rules"),
    )
    arithmetic = f"{as_factor(quantity)} * 0"
    return Line(name=name, amount=evaluate(arithmetic), arithmetic=arithmetic, assumptions=(declared,))
