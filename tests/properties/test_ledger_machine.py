"""Any leases, crashes, retries, duplicates, freezes, skewed clocks and changed quotas: Q, M, L and C hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from inference.dynamodb import DynamoDb
from inference.lease import Ask, Go
from inference.ledger import DynamoLedger
from inference.machine import LeaseMachine
from inference.receipt import Receipt
from inference.terms import Granted, Moment, Question, ReceiptTaken
from tests.properties.paper_table import PaperTable
from tests.unit.inference.world import FUNCTION, limits, owned_items

START_S = 1_795_608_000.0 + 4.4 * 86_400  # 2026-11-29 21:36 UTC: a month's end is near
PROCESSES = 4
TIMEOUT_MS = 300
MS = 40
# Mostly whole answers: else little is granted at all.
FAULTS = st.lists(st.sampled_from(["", "", "", "lost", "dropped", "twice"]), max_size=4)


@dataclass
class Process:
    """An edge process with clocks of its own."""

    machine: LeaseMachine
    skew_s: float
    questions: list[Question] = field(default_factory=list)
    gone: list[Go] = field(default_factory=list)


class LedgerWorld(RuleBasedStateMachine):
    """Processes that do what they may, against one table."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0
        self.table = PaperTable()
        self.lives = 0
        self.passed: Counter[str] = Counter()
        self.granted: Counter[str] = Counter()
        self.quotas: dict[str, int] = {}
        self.months: dict[str, int] = {}
        self.cold_quota: dict[str, int] = {}
        self.renewal_quota: dict[str, int] = {}
        self.cold: Counter[str] = Counter()
        self.warm: Counter[str] = Counter()
        self.leases = 0
        self.granted_ms = 0
        self.metered_ms = 0
        self.unmetered_calls = 0
        self.done = 0
        self.limits = limits()

    @initialize(daily=st.integers(1, 25), monthly=st.integers(20, 90), cold=st.integers(1, 8), warm=st.integers(1, 12))
    def open(self, daily: int, monthly: int, cold: int, warm: int) -> None:
        self.ledger = DynamoLedger(
            table="t",
            function=FUNCTION,
            edge="cloudfront",
            client=cast("DynamoDb", self.table),
            monotonic=lambda: 0.0,
        )
        self.processes = [self.fresh(0.0) for _ in range(PROCESSES)]
        self.change(daily, monthly, cold, warm)

    def fresh(self, skew_s: float) -> Process:
        self.lives += 1
        return Process(LeaseMachine(process=f"p{self.lives}", draw=0.5), skew_s)

    def at(self, process: Process) -> Moment:
        return Moment(START_S + self.now_s + process.skew_s, 50.0 + self.now_s)

    def note_terms(self, day: str) -> None:
        """Remember the largest quota that was in force on a ledger's day: it is what the day may pass."""
        for book, key, value in (
            (self.quotas, day, self.limits.daily_quota),
            (self.months, day[:7], self.limits.monthly_quota),
            (self.cold_quota, day, self.limits.cold_grants_daily),
            (self.renewal_quota, day, self.limits.renewals_daily),
        ):
            book[key] = max(book.get(key, 0), value)

    @rule(daily=st.integers(0, 60), monthly=st.integers(1, 90), cold=st.integers(0, 8), warm=st.integers(0, 12))
    def change(self, daily: int, monthly: int, cold: int, warm: int) -> None:
        self.limits = limits(
            daily_quota=daily,
            monthly_quota=monthly,
            cold_grants_daily=cold,
            renewals_daily=warm,
            lease_least=2,
            lease_requests=8,
            ms_per_request=MS,
        )
        self.table.items |= owned_items(self.limits)

    @rule(who=st.integers(0, PROCESSES - 1), device=st.sampled_from("abc"), times=st.integers(1, 9))
    def requests_come(self, who: int, device: str, times: int) -> None:
        process = self.processes[who]
        for _ in range(times):
            verdict = process.machine.arrive(self.at(process), device)
            if isinstance(verdict, Go):
                self.passed[verdict.lease.day] += 1
                process.gone.append(verdict)

    @rule(
        who=st.integers(0, PROCESSES - 1),
        times=st.integers(1, 25),
        faults=FAULTS,
        between=st.integers(-1, PROCESSES - 1),
        skip=st.integers(0, 3),
    )
    def a_process_is_busy(self, who: int, times: int, faults: list[str], between: int, skip: int) -> None:
        """Let it answer request after request, asking whenever it wants to; the first answer goes wrong."""
        process = self.processes[who]
        for _ in range(times):
            verdict = process.machine.arrive(self.at(process), "d")
            if isinstance(verdict, Go):
                self.passed[verdict.lease.day] += 1
                process.gone.append(verdict)
                self.requests_end(who, 10)
            if isinstance(verdict, Ask) or verdict.then == "renew":
                self.a_question_begins(who, alone=False)
                self.a_question_is_answered(who, faults, between, skip)
                faults = []

    @rule(who=st.integers(0, PROCESSES - 1), ms=st.integers(0, TIMEOUT_MS))
    def requests_end(self, who: int, ms: int) -> None:
        process = self.processes[who]
        for go in process.gone:
            process.machine.done(go, self.at(process), "ok", elapsed_ms=ms)
            self.done += 1
            if go.unmetered:
                self.unmetered_calls += 1
            else:
                self.metered_ms += max(1, ms)
        process.gone.clear()

    @rule(who=st.integers(0, PROCESSES - 1), alone=st.booleans())
    def a_question_begins(self, who: int, alone: bool) -> None:
        process = self.processes[who]
        question = process.machine.question(self.at(process), alone=alone)
        if question is None:
            return
        if question.wanted is None and question.receipt is None:
            process.machine.answered(self.at(process), ReceiptTaken(handed="kept"))
            return
        process.questions.append(question)

    @rule(
        who=st.integers(0, PROCESSES - 1), faults=FAULTS, between=st.integers(-1, PROCESSES - 1), skip=st.integers(0, 2)
    )
    def a_question_is_answered(self, who: int, faults: list[str], between: int, skip: int) -> None:
        """Let the ledger answer, late or badly; another process's question may come in between its calls."""
        other = self.processes[between] if between not in (-1, who) else None
        hooks: list[Any] = [lambda: None] * skip
        if other is not None:
            hooks.append(lambda: self.come_between(other))
        self.answer(self.processes[who], faults, list(reversed(hooks)))

    def come_between(self, process: Process) -> None:
        """Let another process ask and be answered within a call of the first one, whose faults go on afterwards."""
        faults, before = self.table.faults, self.table.before
        if not process.questions:
            self.a_question_begins(self.processes.index(process), alone=False)
        self.answer(process, [])
        self.table.faults, self.table.before = faults, before

    def answer(self, process: Process, faults: list[str], hooks: list[Any] | None = None) -> None:
        if not process.questions:
            return
        question = process.questions.pop()
        self.table.faults, self.table.before = list(faults), hooks or []
        self.note_terms(question.asked.day)
        if question.wanted is None:
            process.machine.answered(self.at(process), self.ledger.hand_in(question))
            return
        grant = self.ledger.grant(question)
        self.table.faults, self.table.before = [], []
        if isinstance(grant, Granted):
            self.granted_ms += grant.milliseconds
            self.granted[question.asked.day] += grant.requests
            self.leases += 1
            (self.cold if grant.cold else self.warm)[question.asked.day] += 1
        process.machine.answered(self.at(process), grant)

    def left(self, name: str) -> int:
        item = self.table.items.get(f"counter#{FUNCTION}#cloudfront", {})
        return int(item[name]["N"]) if name in item else 0

    @rule(who=st.integers(0, PROCESSES - 1), skew_s=st.sampled_from([0.0, 0.0, 600.0, -600.0]))
    def a_process_dies(self, who: int, skew_s: float) -> None:
        self.processes[who] = self.fresh(skew_s)

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 59.0, 299.0, 600.0, 7_000.0, 86_400.0]))
    def time_passes(self, seconds: float) -> None:
        """Frozen processes see it too, and their questions stay under way."""
        self.now_s += seconds

    @invariant()
    def q_holds(self) -> None:
        for day, granted in self.granted.items():
            assert self.passed[day] <= granted <= self.quotas[day]
        by_month: Counter[str] = Counter()
        for day, passed in self.passed.items():
            by_month[day[:7]] += passed
        for month, passed in by_month.items():
            assert passed <= self.months[month]

    @invariant()
    def m_holds(self) -> None:
        # A call starts only while milliseconds are left; a process answers one at a time, here up to nine end at once.
        assert self.metered_ms <= self.granted_ms + 9 * TIMEOUT_MS * self.leases
        assert self.granted_ms <= MS * sum(self.quotas.values())

    @invariant()
    def l_and_c_hold(self) -> None:
        for day, leases in self.cold.items():
            assert leases <= self.cold_quota[day]
        for day, leases in self.warm.items():
            assert leases <= self.renewal_quota[day]
        assert self.unmetered_calls <= sum(self.cold.values())

    @invariant()
    def no_receipt_is_counted_twice(self) -> None:
        told = [Receipt.from_text(new["receipt"]["S"]) for old, new in self.table.records if _newly_told(old, new)]
        assert len({receipt.receipt_id for receipt in told}) == len(told)
        assert sum(receipt.used for receipt in told) <= self.done
        assert sum(receipt.used for receipt in told) == self.left("used")


def _newly_told(old: dict[str, Any], new: dict[str, Any]) -> bool:
    return "receipt" in new and new.get("receipts") != old.get("receipts")


LedgerWorld.TestCase.settings = settings(max_examples=2_000, stateful_step_count=20, deadline=None)
test_any_sequence = LedgerWorld.TestCase
