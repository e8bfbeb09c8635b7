"""Worlds in which what passes costs most: time, start-ups, leases, bytes, and watchers that misbehave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.adversaries import moves
from edgewise.cost.simulate.edge import Edge
from edgewise.cost.simulate.nature import WORST, Nature, usual
from edgewise.cost.simulate.run import Adversary
from edgewise.cost.simulate.traffic import Burst, Kind, pause

# Environments held side by side by `lease-churn`; more would only make the simulation slower.
_MOST_HOARDED = 400


def _every_day(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Use up each day's quota, beginning at some hour of the day."""
    while not edge.over:
        rps = moves.calm_rps(edge, Kind.SIGNED)
        needs_s = int((edge.endpoint.daily_quota or 0) / rps) + 1
        latest_s = max(edge.now_s, edge.midnight_s - 2 * needs_s)
        yield from moves.until(edge, rng.randint(edge.now_s, latest_s))
        yield from moves.spend_quota(edge)
        yield from moves.until(edge, edge.midnight_s)


def _storm(_: Endpoint, rng: Random) -> Nature:
    """Every call meets a new environment, each start-up and each download is the longest."""
    return replace(usual(rng), lives=1, init=1.0, load=1.0, fetches=1.0, answers=1.0, refused_cold=True)


def _thief(_: Endpoint, rng: Random) -> Nature:
    """Every call takes its share, and the last one of each lease hangs until its timeout."""
    return replace(usual(rng), call_ms=1.0, overruns=True, dies_with_lease=True, lives=None)


def _slow(_: Endpoint, rng: Random) -> Nature:
    """Every call runs until its timeout."""
    return replace(usual(rng), call_ms=1e9, lives=None, lanes=1)


def _heavy(_: Endpoint, rng: Random) -> Nature:
    """Greatest headers, answers and logs; garbage is refused quickly."""
    return replace(usual(rng), headers=1.0, answers=1.0, logs=1.0, call_ms=0.1, lives=None)


def _bad_bodies(edge: Edge, rng: Random) -> Iterator[Burst]:
    """Send signed garbage of the right length each day, and garbage of another length until somebody minds."""
    yield from moves.use_allowances(edge, edge.midnight_s, Kind.WRONG_SIZE)
    yield from _every_day(edge, rng)


def _oversized(edge: Edge, _: Random) -> Iterator[Burst]:
    """Send bodies that are too long, a quota of them each day if the gate lets them in, else a few."""
    while not edge.over:
        yield from moves.spend_quota(edge, kind=Kind.WRONG_SIZE)
        yield from moves.until(edge, edge.midnight_s)


def _churn(endpoint: Endpoint, _: Random) -> Nature:
    """Each lease costs all the writes, records and settle runs that it can; the gate is never closed in time."""
    leases = -(-(endpoint.daily_quota or 0) // endpoint.lease.requests)
    cold = _MOST_HOARDED if endpoint.cold_grants_daily is None else endpoint.cold_grants_daily
    lanes = max(1, min(leases, cold, _MOST_HOARDED))
    return replace(
        WORST, overruns=False, dies_with_lease=False, call_ms=0.1, lanes=lanes, settle_closes=False,
        headers=0.02, init=0.1, load=0.3, fetches=0.0, refused_cold=False,
    )  # fmt: skip


def _hoard(edge: Edge, _: Random) -> Iterator[Burst]:
    """Take each day's leases at once, then hold them and ask for the next ones in vain."""
    lease = edge.endpoint.lease
    rps = moves.calm_rps(edge, Kind.SIGNED)
    while not edge.over:
        while edge.ledger.left > 0 and not (edge.off or edge.closed):
            before = edge.ledger.left
            yield moves.spread(Kind.SIGNED, edge.nature.lanes, rps)
            held_s = max(1, lease.seconds - int(edge.nature.lanes / rps) - 2)
            calls = edge.nature.lanes * max(1, held_s // lease.refusal_memory_s)
            if calls <= int(rps * held_s):
                yield Burst(seconds=held_s, requests={Kind.SIGNED: calls})
            yield pause(lease.seconds)
            if edge.ledger.left == before or edge.now_s >= edge.midnight_s:
                break
        yield from moves.until(edge, edge.midnight_s)


def _broken(_: Endpoint, rng: Random) -> Nature:
    """Alarms ring as often as they can, guard and settle start anew, run until their timeouts and are tried again."""
    return replace(
        usual(rng), alarms=1.0, alerts=1.0, guard_time=1.0, guard_lag=1.0, settle_fails=1.0, settle_time=1.0,
        home_starts=1.0, init=1.0,
    )  # fmt: skip


INSIDERS = (
    Adversary(name="cold-storm", description="every call starts an environment", world=_storm, attack=_every_day),
    Adversary(name="time-thief", description="each lease's last call hangs", world=_thief, attack=_every_day),
    Adversary(name="slow-calls", description="every call runs until its timeout", world=_slow, attack=_every_day),
    Adversary(
        name="bad-bodies", description="signed garbage with the longest headers", world=_heavy, attack=_bad_bodies
    ),
    Adversary(name="oversized", description="signed bodies of a megabyte", world=_heavy, attack=_oversized),
    Adversary(
        name="lease-churn", description="leases hoarded, receipts alone, settle fails", world=_churn, attack=_hoard
    ),
    Adversary(
        name="broken-watchers", description="alarms flap, guard and settle hang", world=_broken, attack=_every_day
    ),
)
