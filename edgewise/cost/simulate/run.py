"""One simulated month: an adversary, an endpoint, a bill."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import asdict, dataclass
from decimal import Decimal
from random import Random

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.prices import PriceSheet
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.edge import Edge
from edgewise.cost.simulate.meter import SYMBOLS, Meter
from edgewise.cost.simulate.month import Month
from edgewise.cost.simulate.nature import Nature
from edgewise.cost.simulate.tariff import SERVED_BY, charge
from edgewise.cost.simulate.traffic import Burst

Attack = Callable[[Edge, Random], Iterator[Burst]]
World = Callable[[Endpoint, Random], Nature]


@dataclass(frozen=True, kw_only=True, slots=True)
class Adversary:
    """Who sends what, and how the world behaves meanwhile.

    Attributes
    ----------
    name, description : str
        For people; the description is one line.
    world : callable
        Draws the month's `Nature`.
    attack : callable
        Yields what is sent, seeing all of the edge.
    """

    name: str
    description: str
    world: World
    attack: Attack


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """A month's bill.

    Attributes
    ----------
    adversary, month, seed
        What was simulated.
    group : str
        The region group that served.
    by_symbol : dict
        USD by the bound's symbols.
    by_event : dict
        USD by symbol and event class.
    counts : dict
        What happened, as whole numbers.
    """

    adversary: str
    month: str
    seed: int
    group: str
    by_symbol: dict[str, Decimal]
    by_event: dict[tuple[str, str], Decimal]
    counts: dict[str, int]

    @property
    def total(self) -> Decimal:
        """USD of the month."""
        return sum(self.by_symbol.values(), Decimal(0))


def simulate(
    endpoint: Endpoint,
    sheet: PriceSheet,
    adversary: Adversary,
    seed: int,
    month: Month,
    *,
    without: Set[Control] = frozenset(),
) -> Spent:
    """Simulate one calendar month and meter it.

    Parameters
    ----------
    endpoint : Endpoint
        Needs a firewall, a gate and a daily quota.
    sheet : PriceSheet
        The prices.
    adversary : Adversary
        One of `ADVERSARIES`, or your own.
    seed : int
        The same seed gives the same month.
    month : Month
        28 to 31 days.
    without : set of Control
        Controls to take away from the simulated edge.

    Raises
    ------
    ValueError
        When the endpoint lacks what is simulated, or the adversary breaks the endpoint's named assumptions.
    UnknownPriceError
        When the sheet lacks a price.
    """
    rng = Random(f"{adversary.name} {seed} {month}")
    nature = adversary.world(endpoint, rng)
    edge = Edge(endpoint, nature, month, rng, without)
    for burst in adversary.attack(edge, rng):
        edge.send(burst)
        if edge.over:
            break
    meter = Meter(endpoint=endpoint, nature=nature, month=month, events=edge.events, without=frozenset(without))
    tally = meter.read()
    groups = [nature.group] if nature.group else SERVED_BY[endpoint.price_class]
    bills = [(group, charge(tally, sheet, group=group, plan=endpoint.plan)) for group in groups]
    group, by_event = max(bills, key=lambda bill: sum(bill[1].values()))
    return Spent(
        adversary=adversary.name,
        month=str(month),
        seed=seed,
        group=group,
        by_symbol={symbol: _of(symbol, by_event) for symbol in SYMBOLS},
        by_event=by_event,
        counts=asdict(edge.events),
    )


def _of(symbol: str, by_event: dict[tuple[str, str], Decimal]) -> Decimal:
    return sum((usd for (of, _), usd in by_event.items() if of == symbol), Decimal(0))
