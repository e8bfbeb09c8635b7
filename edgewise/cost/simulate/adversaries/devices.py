"""Devices and who has got hold of their signatures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.adversaries import moves
from edgewise.cost.simulate.edge import Edge
from edgewise.cost.simulate.month import DAY_S
from edgewise.cost.simulate.nature import Nature, usual
from edgewise.cost.simulate.run import Adversary
from edgewise.cost.simulate.traffic import Burst, Kind

# inference/gate/gate.js, maxExpiryAheadS: no signature is good for longer.
SIGNATURE_LIVES_S = 300


def _ordinary(_: Endpoint, rng: Random) -> Nature:
    return usual(rng)


def _steady(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Send an even stream of a fifth to one and a half times the quota, and what the internet sends to everybody."""
    share, noise = rng.uniform(0.2, 1.5), rng.uniform(0, 0.01)
    most = int(moves.calm_rps(edge, Kind.SIGNED) * DAY_S * 0.9)
    while not edge.over:
        number = min(int(share * (edge.endpoint.daily_quota or 0)), most)
        background = int(number * noise)
        requests = {Kind.SIGNED: number, Kind.UNSIGNED: background, Kind.JUNK: background}
        yield Burst(seconds=edge.midnight_s - edge.now_s, requests=requests)


def _burst(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Send nothing for hours, then as fast as is assumed for seconds to minutes."""
    rps = int(moves.greatest_rps(edge, Kind.SIGNED))
    while not edge.over:
        yield from moves.until(edge, edge.now_s + rng.randint(60, 2 * moves.HOUR_S))
        seconds = rng.randint(1, 600)
        yield Burst(seconds=seconds, requests={Kind.SIGNED: rps * seconds}, addresses=rng.randint(1, 50))


def _replay(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Send captured requests again: good until they expire, refused at the gate from then on."""
    rps = int(moves.greatest_rps(edge, Kind.SIGNED))
    while not edge.over:
        fresh_s, stale_s = rng.randint(30, SIGNATURE_LIVES_S), rng.randint(30, moves.HOUR_S)
        yield Burst(seconds=fresh_s, requests={Kind.SIGNED: rps * fresh_s})
        yield Burst(seconds=stale_s, requests={Kind.UNSIGNED: rps * stale_s})
        yield from moves.until(edge, edge.now_s + rng.randint(60, 8 * moves.HOUR_S))


def _greedy(edge: Edge, _: Random) -> Iterator[Burst]:
    """Never stop, whatever is answered."""
    rps = int(moves.greatest_rps(edge, Kind.SIGNED))
    while not edge.over:
        yield Burst(seconds=moves.HOUR_S, requests={Kind.SIGNED: rps * moves.HOUR_S})


def _midnight(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Use up each day's quota around its midnight, two days' quotas in one go."""
    while not edge.over:
        yield from moves.spend_quota(edge)
        needs_s = int((edge.endpoint.daily_quota or 0) / moves.calm_rps(edge, Kind.SIGNED)) + rng.randint(0, 120)
        yield from moves.until(edge, max(edge.midnight_s, edge.midnight_s + DAY_S - needs_s))
        yield from moves.spend_quota(edge)
        yield from moves.until(edge, edge.midnight_s)


def _carried_over(_: Endpoint, rng: Random) -> Nature:
    """Draw a month that has to settle the last day's records of the month before."""
    return replace(
        usual(rng), backlog=1.0, settle_fails=1.0, settle_time=1.0, home_starts=1.0, init=1.0, lone_receipts=True
    )


DEVICES = (
    Adversary(name="steady", description="honest devices, evenly all month", world=_ordinary, attack=_steady),
    Adversary(name="burst", description="silence, then signed bursts", world=_ordinary, attack=_burst),
    Adversary(
        name="replay", description="captured requests sent again while and after they are good", world=_ordinary,
        attack=_replay,
    ),
    Adversary(name="greedy-device", description="one device that never backs off", world=_ordinary, attack=_greedy),
    Adversary(
        name="midnight", description="two days' quotas around each midnight, last month's records left over",
        world=_carried_over, attack=_midnight,
    ),
)  # fmt: skip
