"""The meter: a month's events, taken apart into what AWS charges for, each under the bound's symbol for it.

It shares nothing with `edgewise/cost/bound` but the endpoint's description: what a request costs is written here a
second time, event by event.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from edgewise.cost.bound.endpoint import Endpoint, Guard, Settle
from edgewise.cost.simulate.controls import Control
from edgewise.cost.simulate.events import Events
from edgewise.cost.simulate.kept import kept_months
from edgewise.cost.simulate.month import Month
from edgewise.cost.simulate.nature import Nature
from edgewise.cost.simulate.tariff import Tally

SYMBOLS: Final = ("F", "Q·a", "M·m", "L·l", "C·c", "N_firewall·r", "N_gate·r", "N_ledger·r", "R")

# What can happen within a day as often as in a month.
_ON_ONE_DAY: Final = frozenset({"N_firewall·r", "N_gate·r", "N_ledger·r", "R"})
# CloudFront guide, cloudfront-limits: headers with query 32,768 bytes, URL 8,192.
_GREATEST_HEADERS: Final = 32_768 + 8_192
# lambda-at-edge-function-restrictions: a body is cut at 1 MB for the function; what more is charged is not documented.
_UNCHECKED_BODY: Final = 1_000_000
# WAF pricing: 1,500 capacity units are in a request's price, each further 500 cost more.
_FREE_CAPACITY, _CAPACITY_STEP = 1_500, 500
# DynamoDB guide: a write unit is 1 KB.
_WRITE_UNIT: Final = 1_024
# Lambda guide, event source mappings: a stream keeps a record for 24 h, so tries without limit end there.
_STREAM_KEEPS_S: Final = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """Turns events into a tally.

    Attributes
    ----------
    endpoint, nature, month, events
        What ran, in which world, how long, and what happened.
    without : frozenset of Control
        The controls that were taken away.
    """

    endpoint: Endpoint
    nature: Nature
    month: Month
    events: Events
    without: frozenset[Control] = frozenset()

    def read(self) -> Tally:
        """Meter the month."""
        tally = Tally()
        self._fixed(tally)
        self._watchers(tally)
        self._passed(tally)
        self._time(tally)
        self._leases(tally)
        self._cold(tally)
        self._refused(tally)
        return tally

    def _fixed(self, tally: Tally) -> None:
        endpoint = self.endpoint
        if endpoint.plan != "none":
            tally.add("F", f"plan {endpoint.plan}")
        if endpoint.firewall is not None:
            tally.add("F", "web ACL")
            tally.add("F", "web ACL rule", endpoint.firewall.rules)
        tally.add("F", "alarm", endpoint.alarms)
        tally.add("F", "metric", endpoint.custom_metrics)
        rings = int(self.nature.alarms * endpoint.alarms * self._most_rings())
        self._tell(tally, rings)
        if endpoint.budget_alerts:
            tally.add("F", "budget")
            self._tell(tally, int(self.nature.alerts * endpoint.budget_alerts))

    def _most_rings(self) -> int:
        """Return how often an alarm can ring: on a change of state, so in every second period."""
        return -(-self.month.seconds // (2 * self.endpoint.alarm_period_s))

    def _tell(self, tally: Tally, messages: int) -> None:
        tally.add("F", "topic message", messages)
        tally.add("F", "mail", messages * self.endpoint.subscribers)

    def _watchers(self, tally: Tally) -> None:
        guard, settle = self.endpoint.guard, self.endpoint.settle
        if guard is not None and Control.DISCONNECT not in self.without:
            runs = -(-self.month.seconds // guard.interval_s) * guard.attempts
            tally.add("F", "schedule start", runs)
            tally.add("F", "metric read", runs * guard.metrics)
            tally.add("F", "ledger read unit", runs * guard.ledger_reads)
            tally.add("F", "ledger write unit", runs * guard.ledger_writes)
            self._tell(tally, self.events.acts)
            self._home_runs(tally, "F", runs, guard, self.nature.guard_time)
            self._home_logs(tally, "F", runs * guard.log_bytes)
        if settle is not None:
            tally.add("F", "store write", self.events.closings * settle.store_calls)
            tries = settle.retries + 1 if self.nature.settle_fails >= 1 else 1
            alerts = int(self.nature.alerts * self.month.days * settle.alerts_daily)
            self._tell(tally, alerts * tries)
            self._claim(tally, settle, alerts, tries)

    def _claim(self, tally: Tally, settle: Settle, alerts: int, tries: int) -> None:
        """Charge what keeps an alert from going out twice: an object is made, looked at and overwritten by each try."""
        tally.add("F", "lake object", 2 * alerts * tries)
        tally.add("F", "bucket read", alerts * tries)
        tally.add("F", "lake byte-month", alerts * settle.claim_bytes * self.endpoint.lake_months)

    def _home_runs(self, tally: Tally, symbol: str, runs: int, function: Settle | Guard, took: float) -> None:
        """Charge runs that take a share of the timeout each, and the start-ups of those that find no environment."""
        starts = int(self.nature.home_starts * runs)
        started_ms = starts * int(self.nature.init * function.init_s * 1000)
        ran_ms = runs * int(took * function.timeout_s * 1000)
        tally.add(symbol, "home run", runs)
        tally.add(symbol, "home MB-ms", function.memory_mb * (started_ms + ran_ms))

    def _home_logs(self, tally: Tally, symbol: str, logged: int) -> None:
        tally.add(symbol, "home log byte", logged)
        tally.add(symbol, "home log byte-month", int(logged * self._kept_months(symbol)))

    def _kept_months(self, symbol: str) -> float:
        """Return the months that a byte is paid for; refusals may all fall on one day, what passes may not."""
        bunched = self.nature.bunched and symbol in _ON_ONE_DAY
        return kept_months(self.month, self.endpoint.log_retention_days or 0, bunched=bunched)

    def _arrive(self, tally: Tally, symbol: str, requests: int) -> None:
        """Charge what a request costs that gets as far as the gate."""
        self._inspect(tally, symbol, requests)
        tally.add(symbol, "CDN request", requests)
        if self.endpoint.gate is not None:
            tally.add(symbol, "gate run", requests)
            tally.add(symbol, "store read", requests * self.endpoint.gate.reads)

    def _inspect(self, tally: Tally, symbol: str, requests: int) -> None:
        """Charge the firewall's look at a request, and the line in the access log."""
        firewall = self.endpoint.firewall
        if firewall is not None:
            tally.add(symbol, "firewall request", requests)
            beyond = max(0, firewall.capacity_units - _FREE_CAPACITY)
            tally.add(symbol, "firewall capacity", requests * -(-beyond // _CAPACITY_STEP))
        kept = requests * self.endpoint.access_log_bytes * self._kept_months(symbol)
        tally.add(symbol, "access log byte-month", int(kept))

    def _headers(self) -> int:
        return int(self.nature.headers * _GREATEST_HEADERS)

    def _call(self, tally: Tally, symbol: str, calls: int) -> None:
        """Charge a call of the edge function apart from its time."""
        endpoint = self.endpoint
        tally.add(symbol, "edge call", calls)
        tally.add(symbol, "byte to function", calls * (endpoint.request_bytes + self._headers()))
        tally.add(symbol, "byte out", calls * int(self.nature.answers * endpoint.answer_bytes))
        logged = calls * int(self.nature.logs * endpoint.log_bytes)
        tally.add(symbol, "edge log byte", logged)
        tally.add(symbol, "edge log byte-month", int(logged * self._kept_months(symbol)))

    def _passed(self, tally: Tally) -> None:
        self._arrive(tally, "Q·a", self.events.passed)
        self._call(tally, "Q·a", self.events.passed)
        more = max(0, _UNCHECKED_BODY - self.endpoint.request_bytes)
        tally.add("Q·a", "byte to function", self.events.oversized * more)

    def _time(self, tally: Tally) -> None:
        tally.add("M·m", "edge MB-ms", self.endpoint.memory_mb * self.events.lease_ms)
        tally.add("C·c", "edge MB-ms", self.endpoint.memory_mb * self.events.start_ms)
        tally.add("N_ledger·r", "edge MB-ms", self.endpoint.memory_mb * self.events.refused_ms)

    def _leases(self, tally: Tally) -> None:
        events = self.events
        writes = self._writes(events.leases) + events.receipts + events.renewals_refused
        self._ledger(tally, "L·l", writes=writes, reads=events.leases + events.renewals_refused)
        tally.add(
            "L·l", "lake byte-month", events.leases * self.endpoint.lease.receipt_bytes * self.endpoint.lake_months
        )
        if self.endpoint.settle is not None:
            self._settle(tally, self.endpoint.settle)

    def _writes(self, questions: int) -> int:
        """Return the writes that questions take: each is settled by its last, the others lost a race."""
        lost = self.nature.ledger_races * (self.endpoint.lease.writes - 1)
        return math.floor(questions * (1 + lost))

    def _ledger(self, tally: Tally, symbol: str, *, writes: int, reads: int) -> None:
        """Charge calls to the ledger: a write is charged whether it was refused, repeated or granted."""
        lease = self.endpoint.lease
        times = 1 + self.nature.ledger_retries * (lease.attempts - 1)
        written, read = math.floor(writes * times), math.floor(reads * times)
        tally.add(symbol, "ledger write unit", written * -(-(lease.item_bytes + lease.receipt_bytes) // _WRITE_UNIT))
        tally.add(symbol, "ledger read unit", read * lease.reads)
        tally.add(symbol, "byte to ledger", (written + read) * lease.exchange_bytes)
        tally.add(symbol, "byte from ledger", (written + read) * lease.exchange_bytes)

    def _settle(self, tally: Tally, settle: Settle) -> None:
        """Charge settle's runs: one a record, or all tries on a record that fails; and last month's left over."""
        records = self.events.records + self._backlog()
        failed = int(self.nature.settle_fails * records)
        tries = settle.retries + 1
        if Control.SETTLE_RETRIES in self.without:
            tries = _STREAM_KEEPS_S // max(1, settle.timeout_s)
        runs = records + failed * (tries - 1)
        self._home_runs(tally, "L·l", runs, settle, self.nature.settle_time)
        self._home_logs(tally, "L·l", runs * settle.log_bytes)
        tally.add("L·l", "lake object", runs)
        tally.add("L·l", "dead letter", failed)

    def _backlog(self) -> int:
        """Return the records of the month before that are settled in this one: a stream keeps them for a day."""
        return int(self.nature.backlog * self.events.records / self.month.days)

    def _cold(self, tally: Tally) -> None:
        fetches = self.events.fetches
        self._arrive(tally, "C·c", fetches)
        tally.add("C·c", "bucket read", fetches)
        size = self.endpoint.model_bytes + int(self.nature.answers * self.endpoint.answer_bytes)
        tally.add("C·c", "byte out", fetches * size)

    def _refused(self, tally: Tally) -> None:
        events, gate = self.events, self.endpoint.gate
        within = min(events.blocked, self._firewall_allowance())
        self._inspect(tally, "N_firewall·r", within)
        self._inspect(tally, "R", events.blocked - within)
        self._arrive(tally, "N_gate·r", events.refused_at_gate)
        tally.add("N_gate·r", "byte to function", events.refused_at_gate * self._headers())
        tally.add("N_gate·r", "byte out", events.refused_at_gate * (gate.answer_bytes if gate else 0))
        self._arrive(tally, "N_ledger·r", events.refused_at_ledger)
        self._call(tally, "N_ledger·r", events.refused_at_ledger)
        questions = events.refused_questions
        self._ledger(tally, "N_ledger·r", writes=self._writes(questions), reads=questions)
        self._arrive(tally, "N_gate·r", events.models_given)
        tally.add("N_gate·r", "byte out", events.models_given * self.endpoint.model_bytes)

    def _firewall_allowance(self) -> int:
        """Blocked requests up to the allowance stand in N, the rest in R: the bound's own line between them."""
        disconnects = self.endpoint.on_flood == "disconnect" and self.endpoint.guard is not None
        return self.endpoint.allowance.firewall if disconnects else 0
