"""The simulated edge: firewall, gate, ledger, environments, settle and guard, over one month."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from random import Random

from edgewise.cost.bound.endpoint import Endpoint
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.events import Events
from edgewise.cost.simulate.firewall import RateRule
from edgewise.cost.simulate.fleet import Fleet
from edgewise.cost.simulate.gate import Gate
from edgewise.cost.simulate.ledger import Ledger
from edgewise.cost.simulate.month import DAY_S, Month
from edgewise.cost.simulate.nature import Nature
from edgewise.cost.simulate.traffic import WITH_SIGNATURE, Burst, Kind
from edgewise.cost.simulate.watch import Allowance, Guard


class BrokenAssumptionError(ValueError):
    """An adversary sent more than the endpoint's named assumptions allow: its month would prove nothing."""


@dataclass(slots=True)
class _Sending:
    """A burst on its way: what of it has been taken."""

    burst: Burst
    elapsed_s: int = 0
    taken: dict[Kind, int] = field(default_factory=dict)

    def due(self, kind: Kind, seconds: int) -> int:
        """Return how many of a kind are due when `seconds` more have passed."""
        return max(0, self.burst.by(kind, self.elapsed_s + seconds) - self.taken.get(kind, 0))

    def take(self, kind: Kind, number: int) -> None:
        self.taken[kind] = self.taken.get(kind, 0) + number


class Edge:
    """One endpoint in one month.

    Attributes
    ----------
    now_s : int
        Seconds since the month began.
    off : bool
        Whether the distribution is disabled.
    without : set of Control
        What was taken away; adversaries see that too.
    """

    def __init__(self, endpoint: Endpoint, nature: Nature, month: Month, rng: Random, without: Set[Control]) -> None:
        _require(endpoint)
        self.endpoint = endpoint
        self.nature = nature
        self.month = month
        self.events = Events()
        self.now_s = 0
        self.off = False
        self.without = without
        self._rng = rng
        self._ends_s = month.seconds
        self._gate = Gate(without)
        self._effects: list[tuple[int, int]] = []  # when a store's value shows, and the value; -1 switches off
        self._blocked = Allowance(endpoint.allowance.firewall)
        self._at_gate = Allowance(endpoint.allowance.gate)
        self._at_ledger = Allowance(endpoint.allowance.ledger)
        self.rule = self._rate_rule()
        self.guard = self._guard()
        self.ledger = Ledger(endpoint, without)
        self.ledger.turn_day(0)
        self._fleet = Fleet(
            endpoint=endpoint, nature=nature, ledger=self.ledger, events=self.events, without=without, watchers=self
        )

    @property
    def over(self) -> bool:
        """Whether the month has ended."""
        return self.now_s >= self._ends_s

    @property
    def closed(self) -> bool:
        """Whether the gate turns signed requests away."""
        return self._gate.closed(self.now_s)

    @property
    def midnight_s(self) -> int:
        """The end of this day."""
        return (self.now_s // DAY_S + 1) * DAY_S

    @property
    def gate_allowance_left(self) -> int:
        """Refusals at the gate that nobody reacts to."""
        return max(0, self._at_gate.left - 1)

    @property
    def firewall_allowance_left(self) -> int:
        """Blocked requests that nobody reacts to."""
        return max(0, self._blocked.left - 1)

    @property
    def ledger_allowance_left(self) -> int:
        """Refusals at the ledger that nobody reacts to."""
        return max(0, self._at_ledger.left - 1)

    def send(self, burst: Burst) -> None:
        """Let a burst arrive.

        Raises
        ------
        BrokenAssumptionError
            When it is faster than the assumed flood.
        """
        self._check(burst)
        sending = _Sending(burst)
        while sending.elapsed_s < burst.seconds and not self.over:
            if burst.until_blocked and self.rule is not None and self.rule.blocking:
                return
            sending.elapsed_s += self._play(sending)

    def until(self) -> int:
        """Return the second at which the world changes next (for the fleet)."""
        return self._effects[0][0] if self._effects else self._ends_s

    def quota_ended(self, at_s: float) -> None:
        """Settle hears of the record that ended a quota, and closes the gate until midnight or the month's end."""
        settle = self.endpoint.settle
        if settle is None or not self.nature.settle_closes:
            return
        tries = settle.retries + 1
        self.events.closings += tries if self.nature.settle_fails >= 1 else 1
        until_s = self.month.seconds if self.ledger.month_left == 0 else self.midnight_s
        self._write_store(at_s + self.nature.settle_lag * tries * (settle.init_s + settle.timeout_s), until_s)

    def refused(self, number: int, at_s: float) -> None:
        """Count calls outside any lease; past their allowance the guard closes the gate to the month's end."""
        if not self._at_ledger.count(number) or self.guard is None:
            return
        acts_s = self.guard.acts_at(math.ceil(at_s))
        if self.endpoint.gate and self.endpoint.gate.store:
            self.events.closings += 1
            self.events.acts += 1
            self._write_store(acts_s, self.month.seconds)
        else:
            self._disable(acts_s)

    def refusals_left(self) -> int:
        """Return how many refusals at the ledger make the guard act; 0 when it has."""
        return self._at_ledger.left

    def _rate_rule(self) -> RateRule | None:
        firewall, cap = self.endpoint.firewall, self.endpoint.rate_cap_rps
        if firewall is None or cap is None or Control.RATE_RULE in self.without:
            return None
        greatest_s = self.endpoint.assumed.firewall_s
        return RateRule(
            limit=int(cap * firewall.window_s),
            window_s=firewall.window_s,
            reaction_s=lambda: self.nature.reaction_s(greatest_s, self._rng),
        )

    def _guard(self) -> Guard | None:
        settings = self.endpoint.guard
        if settings is None or Control.DISCONNECT in self.without:
            return None
        return Guard(settings, self.endpoint.assumed, self.nature, self._rng.randrange(settings.interval_s))

    def _check(self, burst: Burst) -> None:
        assumed = self.endpoint.assumed
        signed = sum(burst.requests.get(kind, 0) for kind in WITH_SIGNATURE)
        for what, number, rps in (
            ("requests", sum(burst.requests.values()), assumed.flood_rps),
            ("signed requests", signed, assumed.signed_flood_rps),
        ):
            if number > rps * burst.seconds:
                raise BrokenAssumptionError(f"{number} {what} in {burst.seconds} s: at most {rps} a second are assumed")

    def _play(self, sending: _Sending) -> int:
        """Let the burst go on while nothing changes; return the seconds that passed."""
        if self.off:
            return self._drop(sending)
        seconds = self._stretch(sending)
        blocking = self.rule is not None and self.rule.blocking
        calls = {} if blocking else self._calls(sending, seconds)
        if calls:
            self._serve(sending, calls, seconds)
            seconds = max(1, min(seconds, self.until() - self.now_s))
        self._turn_away(sending, seconds, blocking=blocking)
        if self.rule is not None:
            self.rule.record(self.now_s, seconds, self._inspected(sending.burst))
        self._advance(seconds)
        return seconds

    def _stretch(self, sending: _Sending) -> int:
        """Return for how long firewall, gate, store and guard stay as they are."""
        burst = sending.burst
        ends_s = min(self.midnight_s, self.until())
        seconds = min(burst.seconds - sending.elapsed_s, ends_s - self.now_s)
        blocking = False
        if self.rule is not None:
            seconds = self.rule.stretch(self.now_s, self._inspected(burst), seconds)
            blocking = self.rule.blocking
        if self._blocked.left:
            blocked = sum(burst.requests.values()) if blocking else burst.requests.get(Kind.JUNK, 0)
            seconds = min(seconds, self._blocked.lasts_s(blocked, burst.seconds))
        if self._at_gate.left and not blocking:
            refused = sum(number for kind, number in burst.requests.items() if self._gate.refuses(kind, self.now_s))
            seconds = min(seconds, self._at_gate.lasts_s(refused, burst.seconds))
        return max(1, seconds)

    def _inspected(self, burst: Burst) -> float:
        """Return the requests a second that the rate rule counts on one counter."""
        number = sum(burst.requests.values()) - burst.requests.get(Kind.JUNK, 0)
        counters = burst.addresses if Control.ONE_COUNTER in self.without else 1
        return number / burst.seconds / counters

    def _calls(self, sending: _Sending, seconds: int) -> Mapping[Kind, int]:
        kinds = (Kind.SIGNED, Kind.UNSIGNED, Kind.WRONG_SIZE)
        due = {kind: sending.due(kind, seconds) for kind in kinds if not self._gate.refuses(kind, self.now_s)}
        return {kind: number for kind, number in due.items() if number}

    def _serve(self, sending: _Sending, calls: Mapping[Kind, int], seconds: int) -> None:
        passed = self.events.passed
        total = sum(calls.values())
        taken = self._fleet.serve(total, self.now_s, seconds)
        rest = taken
        for kind, number in calls.items():
            part = min(rest, math.ceil(taken * number / total))
            sending.take(kind, part)
            rest -= part
        self.events.oversized += (self.events.passed - passed) * calls.get(Kind.WRONG_SIZE, 0) // total

    def _turn_away(self, sending: _Sending, seconds: int, *, blocking: bool) -> None:
        """Count what ends at the firewall, at the gate, or as a model in a stranger's hands."""
        for kind in sending.burst.requests:
            number = sending.due(kind, seconds)
            if blocking or kind is Kind.JUNK:
                self.events.blocked += number
                self._flooded(self._blocked, number, seconds)
            elif self._gate.refuses(kind, self.now_s):
                self.events.refused_at_gate += number
                self._flooded(self._at_gate, number, seconds)
            elif kind is Kind.MODEL:
                self.events.models_given += number
            else:
                continue
            sending.take(kind, number)

    def _flooded(self, allowance: Allowance, number: int, seconds: int) -> None:
        """Let the guard hear of an allowance that was passed within the last seconds."""
        if allowance.count(number) and self.guard is not None and self.endpoint.on_flood == "disconnect":
            self._disable(self.guard.acts_at(self.now_s + seconds))

    def _disable(self, acts_s: int) -> None:
        self.events.acts += 1
        off_s = acts_s + int(self.nature.disable_lag * self.endpoint.assumed.disable_s)
        heapq.heappush(self._effects, (off_s, -1))

    def _write_store(self, at_s: float, until_s: int) -> None:
        shows_s = math.floor(at_s + self.nature.store_lag * self.endpoint.assumed.store_s)
        heapq.heappush(self._effects, (max(shows_s, self.now_s + 1), until_s))

    def _drop(self, sending: _Sending) -> int:
        seconds = min(sending.burst.seconds - sending.elapsed_s, self.month.seconds - self.now_s)
        for kind in sending.burst.requests:
            number = sending.due(kind, seconds)
            self.events.dropped += number
            sending.take(kind, number)
        self.now_s += seconds
        return seconds

    def _advance(self, seconds: int) -> None:
        self.now_s += seconds
        self.ledger.turn_day(self.now_s)
        while self._effects and self._effects[0][0] <= self.now_s:
            _, until_s = heapq.heappop(self._effects)
            self.off = self.off or until_s < 0
            self._gate.read(until_s)


def _require(endpoint: Endpoint) -> None:
    """Refuse what can't be simulated: an endpoint that only the platform's quotas bound."""
    for field_name, why in (("firewall", "no firewall"), ("gate", "no gate"), ("daily_quota", "no ledger")):
        if getattr(endpoint, field_name) is None:
            raise ValueError(f"endpoint {endpoint.function!r}: {field_name} is None ({why}): nothing to simulate")
