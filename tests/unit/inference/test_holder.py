"""Renewals behind requests, with real threads and a ledger that answers when the test says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from inference.holder import LeaseHolder, Permit
from inference.lease import Refused
from inference.machine import LeaseMachine
from inference.terms import Grant, Granted, LedgerUnavailable, Question, ReceiptTaken
from tests.unit.inference.world import limits

LIMITS = limits(lease_least=4, lease_requests=8)


@dataclass
class SlowLedger:
    """Answers after a while, or when told to."""

    answer: Callable[[Question], Grant]
    delay_s: float = 0.0
    hold: threading.Event | None = None
    questions: list[Question] = field(default_factory=list)

    def grant(self, question: Question, *, timeout_s: float = 2.0) -> Grant:
        self.questions.append(question)
        time.sleep(self.delay_s)
        if self.hold is not None:
            assert self.hold.wait(10)
        return self.answer(question)

    def hand_in(self, question: Question, *, timeout_s: float = 2.0) -> ReceiptTaken:
        self.questions.append(question)
        return ReceiptTaken(handed="handed")


def granting(question: Question) -> Grant:
    requests = max(question.wanted or 0, 4)
    return Granted(requests=requests, milliseconds=requests * 1_000, limits=LIMITS, handed="handed")


def holder(ledger: SlowLedger, **changes: Any) -> LeaseHolder:
    return LeaseHolder(ledger=ledger, machine=LeaseMachine(process="p", draw=0.5), **changes)


def wait_for_questions(ledger: SlowLedger, number: int) -> None:
    ends_s = time.monotonic() + 5
    while len(ledger.questions) < number and time.monotonic() < ends_s:
        time.sleep(0.01)
    assert len(ledger.questions) == number


def test_the_first_lease_is_asked_for_before_the_first_request() -> None:
    # GIVEN a process that starts, with a ledger that takes its time
    ledger = SlowLedger(granting, delay_s=0.1)
    leases = holder(ledger)
    leases.begin()

    # WHEN the first request comes while the answer is under way
    began_s = time.monotonic()
    permit = leases.take("d")

    # THEN it waits for that answer and asks no second time
    assert isinstance(permit, Permit)
    assert permit.waited
    assert time.monotonic() - began_s > 0.02
    assert len(ledger.questions) == 1


def test_a_renewal_does_not_hold_up_a_request() -> None:
    # GIVEN a lease of four, and a ledger that does not answer the second question yet
    ledger = SlowLedger(granting)
    leases = holder(ledger)
    leases.take("d")
    ledger.hold = threading.Event()

    # WHEN the second request starts the renewal
    began_s = time.monotonic()
    permits = [leases.take("d") for _ in range(3)]

    # THEN all of the lease is worked off meanwhile, nobody waits, and one question is under way
    assert time.monotonic() - began_s < 5
    assert all(isinstance(permit, Permit) and not permit.waited for permit in permits)
    wait_for_questions(ledger, 2)

    # WHEN the next request comes and the ledger answers
    threading.Timer(0.05, ledger.hold.set).start()
    permit = leases.take("d")

    # THEN it has waited for the very same question
    assert isinstance(permit, Permit)
    assert permit.waited
    assert len(ledger.questions) == 2


def test_a_request_waits_no_longer_than_its_time() -> None:
    ledger = SlowLedger(granting, hold=threading.Event())
    leases = holder(ledger)
    leases.begin()
    began_s = time.monotonic()
    refused = leases.take("d", timeout_s=0.2)
    assert isinstance(refused, Refused)
    assert (refused.cause, refused.retry_after_s) == ("ledger", 1)
    assert time.monotonic() - began_s < 5
    assert ledger.hold is not None
    ledger.hold.set()
    assert isinstance(leases.take("d"), Permit)


def test_a_ledger_that_raises_is_one_that_is_away() -> None:
    def broken(question: Question) -> Grant:
        raise RuntimeError("a secret")

    leases = holder(SlowLedger(broken))
    refused = leases.take("d")
    assert isinstance(refused, Refused)
    assert refused.cause == "ledger"
    assert refused.reason == "failed: RuntimeError"


def test_away_for_five_minutes_and_back() -> None:
    # GIVEN a process with a lease, and a ledger that goes away
    clock = [1_795_608_000.0]
    away = [False]
    granted: list[int] = []

    def answer(question: Question) -> Grant:
        if away[0]:
            return LedgerUnavailable("GetItem: TimeoutError")
        grant = granting(question)
        assert isinstance(grant, Granted)
        granted.append(grant.requests)
        return grant

    ledger = SlowLedger(answer)
    leases = holder(ledger, wall=lambda: clock[0], monotonic=lambda: clock[0], background=False)
    leases.take("d")
    away[0] = True

    # WHEN a request comes each second for five minutes
    outcomes: list[bool] = []
    for _ in range(300):
        clock[0] += 1
        outcomes.append(isinstance(leases.take("d"), Permit))
    asked_while_away = len(ledger.questions) - 1

    # THEN the lease is worked off, the rest refused, and the ledger asked once in five seconds
    assert outcomes == [True] * 3 + [False] * 297
    assert 50 <= asked_while_away <= 61

    # WHEN it is back
    away[0] = False
    back_after_s = next(second for second in range(1, 20) if advance(clock) and isinstance(leases.take("d"), Permit))

    # THEN so is the process, within seconds, and what passed was granted
    assert back_after_s <= 5
    assert sum(outcomes) + 2 <= sum(granted)


def advance(clock: list[float]) -> bool:
    clock[0] += 1
    return True


def test_a_receipt_is_handed_in_alone_while_a_request_is_answered() -> None:
    clock = [1_795_608_000.0]
    refused = [False]

    def answer(question: Question) -> Grant:
        return LedgerUnavailable("down") if refused[0] else granting(question)

    ledger = SlowLedger(answer)
    leases = holder(ledger, wall=lambda: clock[0], monotonic=lambda: clock[0])
    permit = leases.take("d")
    assert isinstance(permit, Permit)
    assert leases.done(permit, "ok", elapsed_ms=5.0) == "p-1"
    clock[0] += 300
    permit = leases.take("d")  # half the lease's time has passed: renewed, the receipt with it
    wait_for_questions(ledger, 2)
    receipt = ledger.questions[1].receipt
    assert receipt is not None
    assert (receipt.receipt_id, receipt.used) == ("p-1", 1)
