"""Edge processes of thin traffic on a simulated clock: what unspent leases burn, who waits, what receipts get lost.

A process is awake only while it answers: whatever it has begun behind an answer goes on with its next call.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, cast

from inference.dynamodb import DynamoDb
from inference.lease import Ask, Go
from inference.ledger import DynamoLedger
from inference.limits import Limits
from inference.machine import LeaseMachine
from inference.terms import Grant, Moment, Question, ReceiptTaken
from tests.properties.paper_table import PaperTable
from tests.unit.inference.world import FUNCTION, limits, owned_items

NOON_S = 1_795_608_000.0
ANSWER_S = 0.040
ROUND_TRIP_S = 0.150
# Connection and TLS are two more; a connection that has been idle longer is opened anew (inference/dynamodb.py).
CONNECT_ROUND_TRIPS, MAX_IDLE_S = 2, 20.0
# Not documented by AWS: how long an idle environment is kept, and how long one lives at most.
IDLE_S, LIFE_S = 900.0, 7_200.0


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of some hours."""

    requests: int
    waited: int
    cold: int
    leases: int
    granted: int
    unspent: int
    missing: int

    @property
    def burnt(self) -> float:
        """Share of what was granted that nobody used."""
        return self.unspent / self.granted

    @property
    def waiting(self) -> float:
        """Share of requests that waited for the ledger, cold starts included."""
        return self.waited / self.requests

    @property
    def lost(self) -> float:
        """Share of requests whose receipt never came in."""
        return self.missing / self.requests


@dataclass(kw_only=True)
class Process:
    """One environment of one Region."""

    machine: LeaseMachine
    ledger: DynamoLedger
    born_s: float
    last_s: float
    heard_s: float = -1e9
    question: Question | None = None
    steps: int = 0
    ready_s: float = 0.0
    used: int = 0
    waited: int = 0
    answer: Grant | ReceiptTaken | None = None

    def call(self, now_s: float, *, background: bool) -> float:
        """Answer one request; return when it was answered."""
        self.work(now_s, now_s)
        verdict = self.machine.arrive(at(now_s), "d")
        waits = isinstance(verdict, Ask)
        while isinstance(verdict, Ask):
            if self.question is None:
                self.begin(now_s, self.machine.question(at(now_s)))
            while self.question is not None:
                now_s = max(now_s, self.ready_s)
                self.work(now_s, now_s)
            verdict = self.machine.arrive(at(now_s), "d")
        assert isinstance(verdict, Go), verdict
        self.waited += waits
        self.used += 1
        if background and verdict.then and self.question is None:
            self.begin(now_s, self.machine.question(at(now_s), alone=verdict.then == "hand-in"))
        ends_s = now_s + ANSWER_S
        self.work(ends_s, now_s)
        self.machine.done(verdict, at(ends_s), "ok", elapsed_ms=ANSWER_S * 1000)
        self.last_s = ends_s
        return ends_s

    def begin(self, now_s: float, question: Question | None) -> None:
        assert question is not None
        connect = CONNECT_ROUND_TRIPS if now_s - self.heard_s > MAX_IDLE_S else 0
        self.question, self.steps = question, connect + (1 if question.wanted is None else 2)
        self.send(now_s)

    def send(self, now_s: float) -> None:
        """Send the next message; the ledger does what the last one says, whether or not its answer is heard."""
        self.ready_s = now_s + ROUND_TRIP_S
        if self.steps == 1:
            assert self.question is not None
            ask = self.ledger.hand_in if self.question.wanted is None else self.ledger.grant
            self.answer = ask(self.question)

    def work(self, until_s: float, awake_s: float) -> None:
        """Go on with what was begun, as far as answers are there while the process is awake."""
        while self.question is not None and self.ready_s <= until_s:
            self.heard_s = max(self.ready_s, awake_s)
            self.steps -= 1
            if self.steps:
                self.send(self.heard_s)
                continue
            self.question = None
            assert self.answer is not None
            self.machine.answered(at(self.heard_s), self.answer)


def at(now_s: float) -> Moment:
    return Moment(NOON_S + now_s, now_s)


def simulate(wanted: Limits, *, background: bool, rps: float, regions: int, hours: float, seed: int) -> Result:
    """Let requests come by as they like, and count."""
    table, draw = PaperTable(), random.Random(seed)
    table.items |= owned_items(wanted)
    client = cast("DynamoDb", table)
    totals = {"requests": 0, "waited": 0, "cold": 0}
    for region in range(regions):
        now_s, process = 0.0, None
        while (now_s := now_s + draw.expovariate(rps / regions)) < hours * 3600:
            if process is None or now_s - process.last_s > IDLE_S or now_s - process.born_s > LIFE_S:
                totals["cold"] += 1
                ledger = DynamoLedger(
                    table="t", function=FUNCTION, edge="cloudfront", client=client, monotonic=lambda: 0.0
                )
                machine = LeaseMachine(process=f"{region}.{totals['cold']}", draw=0.5)
                process = Process(machine=machine, ledger=ledger, born_s=now_s, last_s=now_s)
            waited = process.waited
            now_s = process.call(max(now_s, process.last_s), background=background)
            totals["requests"] += 1
            totals["waited"] += process.waited - waited
    counter: dict[str, Any] = table.items[f"counter#{FUNCTION}#cloudfront"]
    number = {name: int(counter[name]["N"]) for name in ("granted", "used", "leases")}
    return Result(
        **totals,
        leases=number["leases"],
        granted=number["granted"],
        unspent=number["granted"] - totals["requests"],
        missing=totals["requests"] - number["used"],
    )


ADAPTIVE = limits(daily_quota=20_000, lease_least=4, lease_requests=50, lease_seconds=600, renewals_daily=10_000)
FIXED = limits(daily_quota=200_000, lease_least=50, lease_requests=50, lease_seconds=60, renewals_daily=10_000)

if __name__ == "__main__":
    for name, wanted, background in (("adaptive", ADAPTIVE, True), ("fixed N=50 T=60", FIXED, False)):
        for seed in (1, 2, 3):
            result = simulate(wanted, background=background, rps=0.1, regions=13, hours=6, seed=seed)
            print(f"{name}: burnt {result.burnt:.1%} waited {result.waiting:.1%} lost {result.lost:.2%} {result}")
