"""Floods: what firewall, gate and ledger refuse, tuned to the lags of all that watches them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.adversaries import moves
from edgewise.cost.simulate.edge import Edge
from edgewise.cost.simulate.nature import WORST, Nature, usual
from edgewise.cost.simulate.run import Adversary, Attack
from edgewise.cost.simulate.traffic import Burst, Kind

# The last blow of `everything` falls this long before the month's end.
_LAST_BLOW_S = 12 * moves.HOUR_S


def _late(_: Endpoint, rng: Random) -> Nature:
    """Everything that watches is as late as is assumed, everything refused as long as can be."""
    return replace(
        usual(rng), firewall_lag=1.0, store_lag=1.0, metrics_lag=1.0, disable_lag=1.0, guard_lag=1.0, headers=1.0,
        answers=1.0, refused_cold=True, init=1.0, logs=1.0, ledger_races=1.0, ledger_retries=1.0,
        bunched=True,
    )  # fmt: skip


def _worst(_: Endpoint, __: Random) -> Nature:
    return WORST


def _flood_of(kind: Kind, addresses: int = 1) -> Attack:
    """Use the allowance up quietly, then strike: with pulses, where nobody would switch off."""

    def attack(edge: Edge, _: Random) -> Iterator[Burst]:
        if edge.endpoint.on_flood == "disconnect":
            yield from moves.use_allowances(edge, edge.month.seconds, kind)
        yield from moves.strike(edge, kind, addresses=addresses)

    return attack


def _pulses(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Pulse from a day of the month on."""
    yield from moves.until(edge, rng.randint(0, edge.month.seconds // 2))
    yield from moves.pulses(edge, Kind.UNSIGNED, edge.month.seconds)


def _aborted(edge: Edge, _: Random) -> Iterator[Burst]:
    """Send signed headers and never the body."""
    yield from moves.use_allowances(edge, edge.month.seconds, Kind.ABORTED)
    yield from moves.strike(edge, Kind.ABORTED)


def _outage(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Wait until the ledger is silent, be refused as often as nobody reacts to, then strike."""
    yield from moves.until(edge, rng.randint(0, edge.month.seconds // 2))
    edge.ledger.answers = False
    yield from moves.use_allowances(edge, edge.month.seconds, Kind.SIGNED)
    yield from _strike_ledger(edge, Kind.SIGNED)


def _strike_ledger(edge: Edge, *kinds: Kind) -> Iterator[Burst]:
    yield from moves.until_unseen(edge)
    while not (edge.off or edge.closed or edge.over):
        yield from moves.pulse(edge, moves.HOUR_S, *kinds)


def _spent(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Go on at the signed rate after each day's quota is used up, and see when somebody minds."""
    rps = int(moves.greatest_rps(edge, Kind.SIGNED))
    while not edge.over:
        yield from moves.spend_quota(edge)
        seconds = rng.randint(60, 2 * moves.HOUR_S)
        yield Burst(seconds=seconds, requests={Kind.SIGNED: rps * seconds})
        yield from moves.until(edge, edge.midnight_s)


def _everything(edge: Edge, _: Random) -> Iterator[Burst]:
    """Use every quota and every allowance up, then strike everywhere at once on the last day."""
    blow_s = edge.month.seconds - _LAST_BLOW_S
    stays_up = edge.endpoint.on_flood == "stay_up"
    while edge.now_s < blow_s and not edge.off:
        day_ends_s = min(edge.midnight_s, blow_s)
        if edge.midnight_s < edge.month.seconds:
            yield from moves.spend_quota(edge, day_ends_s)
        if stays_up:
            yield from moves.pulses(edge, Kind.UNSIGNED, day_ends_s)
        else:
            yield from moves.use_allowances(edge, day_ends_s, Kind.JUNK, Kind.UNSIGNED)
        yield from moves.until(edge, day_ends_s)
    edge.ledger.answers = False
    yield from moves.use_allowances(edge, edge.month.seconds, Kind.SIGNED)
    yield from moves.strike(edge, Kind.SIGNED, Kind.UNSIGNED)


def _quietly(name: str, description: str, attack: Attack, world: Callable[[Endpoint, Random], Nature]) -> Adversary:
    return Adversary(name=name, description=description, world=world, attack=attack)


FLOODS = (
    _quietly("pulses", "unsigned pulses tuned to the rate rule's lag", _pulses, _late),
    _quietly("unsigned-flood", "unsigned requests: the allowance, then all at once", _flood_of(Kind.UNSIGNED), _late),
    _quietly("many-addresses", "the same from ten thousand addresses", _flood_of(Kind.UNSIGNED, 10_000), _late),
    _quietly("junk-flood", "paths that the firewall blocks", _flood_of(Kind.JUNK), _late),
    _quietly("model-flood", "the model's path without a token", _flood_of(Kind.MODEL), _late),
    _quietly("aborted-uploads", "signed headers whose body never comes", _aborted, _late),
    _quietly("ledger-outage", "signed requests while the ledger is silent", _outage, _late),
    _quietly("quota-spent", "signed requests after the day's quota", _spent, _late),
    _quietly("everything", "every quota, every allowance, every lag, at once", _everything, _worst),
)
