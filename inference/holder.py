"""Runs the lease's state machine: a lock, two clocks, the ledger, and a thread that renews while a request is answered.

Lambda freezes a process between calls, its threads too: a renewal that has not ended with the call goes on with the
next one. What the ledger has answered meanwhile waits in the socket.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from inference.lease import Ask, Go, Refused
from inference.machine import LeaseMachine
from inference.terms import DEADLINE_S, Ledger, LedgerUnavailable, Moment, Question, ReceiptTaken

if TYPE_CHECKING:
    from collections.abc import Callable

    from inference.lease import Next
    from inference.limits import Limits

# A renewal behind a request: as long as a lease may last, for a frozen process hears late. What it got then lasts from
# the question on, so nothing is valid longer for it.
BACKGROUND_S: Final = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """A request that may be answered.

    Attributes
    ----------
    limits : Limits
        Of the lease that it was counted against.
    """

    go: Go
    waited: bool

    @property
    def limits(self) -> Limits:
        """The lease's limits."""
        return self.go.lease.limits


Verdict: TypeAlias = Permit | Refused


class LeaseHolder:
    """Hands out a lease's requests one by one.

    Parameters
    ----------
    ledger : Ledger
        Where leases come from.
    machine : LeaseMachine
        What is known of them.
    wall, monotonic : callable
        Unix seconds, and seconds that never run back.
    background : bool
        Whether renewals may overlap; without, they come when a lease has ended.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        machine: LeaseMachine,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        background: bool = True,
    ) -> None:
        self._ledger = ledger
        self._machine = machine
        self._wall = wall
        self._monotonic = monotonic
        self._background = background
        self._answered = threading.Condition()
        self._under_way = False

    def begin(self) -> None:
        """Ask for the first lease, behind the imports: whoever starts a process has a request for it."""
        with self._answered:
            self._start("renew")

    def take(self, device: str, *, timeout_s: float = DEADLINE_S) -> Verdict:
        """Count a request against the lease, asking for one first when there is none.

        Parameters
        ----------
        device : str
            Who asks.
        timeout_s : float
            Seconds that the ledger may take.
        """
        ends_s = self._monotonic() + timeout_s
        with self._answered:
            verdict = self._machine.arrive(self._now(), device)
            waited = isinstance(verdict, Ask)
            if isinstance(verdict, Ask):
                verdict = self._wait(device, ends_s)
            self._start(verdict.then)
        return Permit(go=verdict, waited=waited) if isinstance(verdict, Go) else verdict

    def done(
        self,
        permit: Permit,
        outcome: str,
        *,
        elapsed_ms: float,
        bytes_up: int = 0,
        bytes_down: int = 0,
        score: float | None = None,
    ) -> str:
        """Count the request's time, note what became of it, and return the id of the receipt that tells of it."""
        with self._answered:
            return self._machine.done(
                permit.go,
                self._now(),
                outcome,
                elapsed_ms=elapsed_ms,
                bytes_up=bytes_up,
                bytes_down=bytes_down,
                score=score,
                waited=permit.waited,
            )

    def _wait(self, device: str, ends_s: float) -> Go | Refused:
        """Wait for the answer that is under way, or ask; the lock is held but while waiting."""
        while self._under_way and (left_s := ends_s - self._monotonic()) > 0:
            self._answered.wait(left_s)
            verdict = self._machine.arrive(self._now(), device)
            if not isinstance(verdict, Ask):
                return verdict
        question = None if self._under_way else self._machine.question(self._now())
        if question is not None:
            self._ask(question, timeout_s=ends_s - self._monotonic())
            verdict = self._machine.arrive(self._now(), device)
            if not isinstance(verdict, Ask):
                return verdict
        return Refused(cause="ledger", retry_after_s=1, reason="no answer in time", first_told=True)

    def _start(self, then: Next) -> None:
        question = None
        if then and self._background and not self._under_way:
            question = self._machine.question(self._now(), alone=then == "hand-in")
        if question is not None:
            self._under_way = True
            threading.Thread(target=self._renew, args=(question,), daemon=True).start()

    def _renew(self, question: Question) -> None:
        with self._answered:
            try:
                self._ask(question, timeout_s=BACKGROUND_S)
            finally:
                self._under_way = False
                self._answered.notify_all()

    def _ask(self, question: Question, *, timeout_s: float) -> None:
        """Ask the ledger, the lock let go meanwhile."""
        self._answered.release()
        try:
            ask = self._ledger.hand_in if question.wanted is None else self._ledger.grant
            answer = ask(question, timeout_s=timeout_s)
        except Exception as error:  # whatever a ledger does, the machine must hear an answer
            reason = f"failed: {type(error).__name__}"
            answer = ReceiptTaken(handed="unknown") if question.wanted is None else LedgerUnavailable(reason, "unknown")
        finally:
            self._answered.acquire()
        self._machine.answered(self._now(), answer)

    def _now(self) -> Moment:
        return Moment(self._wall(), self._monotonic())
