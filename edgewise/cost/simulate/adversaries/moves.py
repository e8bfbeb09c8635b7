"""What adversaries have in common: how fast one may be unseen, when to strike, how to use a quota up."""

from __future__ import annotations

import math
from collections.abc import Iterator

from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.edge import Edge
from edgewise.cost.simulate.traffic import WITH_SIGNATURE, Burst, Kind, pause

HOUR_S = 3_600
# Of what is left of a quota, the part that is used at a time: leases that expire meanwhile must not lead to refusals.
_CAREFUL = 0.9


def greatest_rps(edge: Edge, kind: Kind) -> float:
    """Return the rate that is assumed at most for a kind."""
    assumed = edge.endpoint.assumed
    return min(assumed.signed_flood_rps, assumed.flood_rps) if kind in WITH_SIGNATURE else assumed.flood_rps


def calm_rps(edge: Edge, kind: Kind) -> float:
    """Return the rate that the rate rule never minds."""
    cap = edge.endpoint.rate_cap_rps
    greatest = greatest_rps(edge, kind)
    return greatest if cap is None or kind is Kind.JUNK else min(greatest, float(cap))


def spread(kind: Kind, number: int, rps: float) -> Burst:
    """Send a number of requests, no faster than `rps`."""
    return Burst(seconds=max(1, math.ceil(number / rps)), requests={kind: number})


def calls_in_a_lease(edge: Edge) -> int:
    """Return how many calls the smallest lease answers in this world before it ends one way or another."""
    endpoint, nature = edge.endpoint, edge.nature
    calls = endpoint.lease.requests if nature.lives is None else min(endpoint.lease.requests, nature.lives)
    if endpoint.ms_per_request is None or Control.MS_GRANT in edge.without:
        return calls
    longest = endpoint.timeout_s * 1000
    call_ms = max(1, min(int(nature.call_ms * endpoint.ms_per_request), longest))
    return min(calls, -(-endpoint.lease.requests * endpoint.ms_per_request // call_ms))


def spend_quota(edge: Edge, ends_s: int | None = None, kind: Kind = Kind.SIGNED) -> Iterator[Burst]:
    """Use up the day's quota as fast as the rate rule never minds, and not one request more."""
    ends_s = edge.midnight_s if ends_s is None else ends_s
    rps = calm_rps(edge, kind)
    while edge.now_s < ends_s and not edge.off and not edge.closed and edge.ledger.left > 0:
        before, refused = edge.ledger.left, edge.events.refused_at_ledger + edge.events.refused_at_gate
        leases = max(1, before // edge.endpoint.lease.requests)
        careful = max(1, int(_CAREFUL * leases * calls_in_a_lease(edge)))
        number = min(careful, int(rps * (ends_s - edge.now_s)))
        if number == 0:
            return
        yield spread(kind, number, rps)
        if edge.ledger.left == before and edge.events.refused_at_ledger + edge.events.refused_at_gate > refused:
            return  # no more leases of the kind that these environments need, or none for this kind of request


def until(edge: Edge, second: int) -> Iterator[Burst]:
    """Wait for a second of the month."""
    if second > edge.now_s:
        yield pause(second - edge.now_s)


def use_allowances(edge: Edge, ends_s: int, *kinds: Kind) -> Iterator[Burst]:
    """Be refused as often as nobody reacts to: by the gate (`UNSIGNED`, …), the firewall (`JUNK`) or the ledger."""
    for kind in kinds:
        rps = calm_rps(edge, kind)
        left = _allowance(edge, kind)
        number = min(left, int(rps * (ends_s - edge.now_s)))
        if number > 0 and not edge.off:
            yield spread(kind, number, rps)


def _allowance(edge: Edge, kind: Kind) -> int:
    if kind is Kind.JUNK:
        return edge.firewall_allowance_left
    return edge.ledger_allowance_left if kind is Kind.SIGNED else edge.gate_allowance_left


def strike(edge: Edge, *kinds: Kind, addresses: int = 1) -> Iterator[Burst]:
    """Flood as hard as is assumed, from the second after a look of the guard, until the distribution is off."""
    yield from until_unseen(edge)
    while not edge.off and not edge.over:
        yield from pulse(edge, HOUR_S, *kinds, addresses=addresses)


def until_unseen(edge: Edge) -> Iterator[Burst]:
    """Wait for the second after a look of the guard: what comes now is seen last."""
    if edge.guard is not None:
        yield from until(edge, edge.guard.unseen_from(edge.now_s))


def flood(edge: Edge, seconds: int, *kinds: Kind, until_blocked: bool = False, addresses: int = 1) -> Burst:
    """Send all that is assumed: signed requests as many as may be, the rest of another kind."""
    left = edge.endpoint.assumed.flood_rps
    requests = {}
    for kind in sorted(kinds, key=lambda kind: kind not in WITH_SIGNATURE):
        rps = min(left, int(greatest_rps(edge, kind)))
        requests[kind] = rps * seconds
        left -= rps
    return Burst(seconds=seconds, requests=requests, until_blocked=until_blocked, addresses=addresses)


def pulse(edge: Edge, seconds: int, *kinds: Kind, addresses: int = 1) -> Iterator[Burst]:
    """Flood until the rate rule blocks or the time is over, then be silent until the rule lets pass again."""
    ends_s = edge.now_s + seconds
    yield flood(edge, seconds, *kinds, until_blocked=True, addresses=addresses)
    quiet_s = edge.rule.quiet_until_open(edge.now_s) if edge.rule is not None else 0
    if quiet_s and edge.now_s < ends_s:
        yield pause(min(quiet_s, ends_s - edge.now_s))


def pulses(edge: Edge, kind: Kind, ends_s: int) -> Iterator[Burst]:
    """Pulse until a second of the month."""
    while edge.now_s < ends_s and not edge.off:
        yield from pulse(edge, ends_s - edge.now_s, kind)
