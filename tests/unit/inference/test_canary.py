"""A canary is a share of the leases: by request it comes out as it was asked for, and it ends within one lease."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference import sizing
from inference.dynamodb import DynamoDb
from inference.lease import Ask, Go
from inference.ledger import DynamoLedger
from inference.machine import LeaseMachine
from inference.override import Override
from inference.receipt import Receipt
from inference.terms import Moment, Question
from tests.properties.paper_table import PaperTable
from tests.unit.inference.world import FUNCTION, limits, owned_items

NOON_S = 1_795_608_000.0
PINNED, CANARY = limits().model_digest, "sha256:" + "c" * 64
OVERRIDE_KEY = f"override#{FUNCTION}"
REQUESTS = 20_000


class Fleet:
    """So many processes on one ledger, on a simulated clock."""

    def __init__(self, *, processes: int, seed: int, lease_seconds: int = 600) -> None:
        self.draw = random.Random(seed)
        self.table = PaperTable()
        wanted = limits(
            daily_quota=10**6, renewals_daily=10**6, lease_least=4, lease_requests=50, lease_seconds=lease_seconds
        )
        self.table.items |= owned_items(wanted)
        self.ledger = DynamoLedger(table="t", function=FUNCTION, edge="cloudfront", client=cast("DynamoDb", self.table))
        self.machines = [LeaseMachine(process=f"p{n}", draw=self.draw.random()) for n in range(processes)]
        self.now_s = 0.0
        self.answered: Counter[str] = Counter()
        self.questions: list[Question] = []

    def roll_out(self, percent: str) -> None:
        item: Any = {"pk": {"S": OVERRIDE_KEY}, "canary_digest": {"S": CANARY}, "canary_percent": {"N": percent}}
        self.table.items[OVERRIDE_KEY] = item

    def requests(self, number: int, *, rps: float = 60.0) -> None:
        for _ in range(number):
            self.now_s += self.draw.expovariate(rps)
            # Lambda prefers some environments over others; how is not documented.
            machine = self.machines[int(len(self.machines) * self.draw.random() ** 2)]
            self.request(machine)

    def request(self, machine: LeaseMachine) -> None:
        now = Moment(NOON_S + self.now_s, self.now_s)
        verdict = machine.arrive(now, f"d{self.draw.randrange(200)}")
        if isinstance(verdict, Ask):
            self.ask(machine, now)
            verdict = machine.arrive(now, "d")
        assert isinstance(verdict, Go), verdict
        self.answered[verdict.lease.limits.model_digest] += 1
        machine.done(verdict, now, "ok", elapsed_ms=8.0)
        if verdict.then == "renew":
            self.ask(machine, now)

    def ask(self, machine: LeaseMachine, now: Moment) -> None:
        question = machine.question(now)
        assert question is not None
        self.questions.append(question)
        machine.answered(now, self.ledger.grant(question))

    def told(self) -> list[Receipt]:
        return [Receipt.from_text(new["receipt"]["S"]) for _, new in self.table.records if "receipt" in new]


@pytest.mark.parametrize("processes", [4, 40])
@pytest.mark.parametrize("seed", range(5))
def test_ten_percent_are_ten_percent_of_the_requests(processes: int, seed: int) -> None:
    fleet = Fleet(processes=processes, seed=seed)
    fleet.roll_out("10")
    fleet.requests(REQUESTS)
    assert fleet.answered.total() == REQUESTS
    assert 0.07 <= fleet.answered[CANARY] / REQUESTS <= 0.13

    # The receipts tell of each model apart, none got lost, and no process keeps more than its two open ones back.
    receipts = fleet.told()
    assert sum(receipt.lost for receipt in receipts) == 0
    told: Counter[str] = Counter()
    for receipt in receipts:
        told[receipt.digest] += receipt.used
    untold = fleet.answered - told
    assert untold.total() == REQUESTS - told.total()
    assert untold.total() <= processes * 2 * 50
    assert told[CANARY] > 0


@pytest.mark.parametrize(("percent", "answered"), [("0", PINNED), ("100", CANARY)])
def test_none_and_all(percent: str, answered: str) -> None:
    fleet = Fleet(processes=4, seed=1)
    fleet.roll_out(percent)
    fleet.requests(2_000)
    assert fleet.answered == {answered: 2_000}


@pytest.mark.parametrize(("processes", "rps"), [(4, 60.0), (40, 2.0)])
def test_a_rollback_takes_one_lease_at_most(processes: int, rps: float) -> None:
    # GIVEN a half-and-half canary at work; at 2 requests a second on 40 processes leases last to their end
    lease_s = 60
    fleet = Fleet(processes=processes, seed=1, lease_seconds=lease_s)
    fleet.roll_out("50")
    fleet.requests(2_000, rps=rps)
    assert fleet.answered[CANARY] > 500

    # WHEN it is rolled back
    del fleet.table.items[OVERRIDE_KEY]
    ended_s = fleet.now_s
    while fleet.now_s < ended_s + lease_s:
        fleet.requests(1, rps=rps)

    # THEN after one lease's time nothing is answered by it any more
    before = fleet.answered[CANARY]
    fleet.requests(2_000, rps=rps)
    assert fleet.answered[CANARY] == before


def test_busy_processes_hand_no_receipt_in_alone() -> None:
    """A question is under way for 0.3 s of some 3: something is always waiting, and the next one takes it along."""
    fleet = Fleet(processes=1, seed=1)
    machine, due, question = fleet.machines[0], 0.0, None
    for _ in range(15 * 900):
        fleet.now_s += fleet.draw.expovariate(15.0)
        now = Moment(NOON_S + fleet.now_s, fleet.now_s)
        verdict = machine.arrive(now, f"d{fleet.draw.randrange(200)}")
        if question and (fleet.now_s >= due or isinstance(verdict, Ask)):
            machine.answered(now, fleet.ledger.grant(question))
            question = None
        if isinstance(verdict, Go):
            machine.done(verdict, now, "ok", elapsed_ms=8.0)
        if question is None and (isinstance(verdict, Ask) or verdict.then):
            question, due = machine.question(now), fleet.now_s + 0.3
            assert isinstance(verdict, Ask) or verdict.then == "renew"


def test_a_canary_costs_each_process_one_more_cold_grant_and_no_more() -> None:
    fleet = Fleet(processes=4, seed=3)
    fleet.roll_out("10")
    fleet.requests(5_000)
    counter = fleet.table.items[f"counter#{FUNCTION}#cloudfront"]
    assert 1_000 - int(counter["cold_remaining"]["N"]) == 2 * 4


@given(first=st.floats(0, 1, exclude_max=True), lease=st.integers(0, 10**6))
def test_none_is_never_and_all_is_always(first: float, lease: int) -> None:
    draw = sizing.drawn(first=first, lease=lease)
    assert 0 <= draw < 1
    for percent, digests in ((0.0, [PINNED]), (100.0, [CANARY])):
        models = Override(canary_digest=CANARY, canary_percent=percent).models(limits(), draw)
        assert [each.model_digest for each in models] == digests


@given(first=st.floats(0, 1, exclude_max=True), percent=st.integers(1, 99), leases=st.integers(50, 400))
def test_one_process_alone_comes_near_the_share(first: float, percent: int, leases: int) -> None:
    override = Override(canary_digest=CANARY, canary_percent=percent)
    drawn = [override.models(limits(), sizing.drawn(first=first, lease=lease))[0] for lease in range(leases)]
    # Points of the walk in any interval are off by a few, not by the root of their number.
    assert abs(sum(each.model_digest == CANARY for each in drawn) - leases * percent / 100) <= 4
