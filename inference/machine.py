"""The state machine of one edge process: it may not answer without a lease, and counts it down in memory.

No input or output, no clock and no lock of its own: a moment is given with each step. `inference/vectors` holds steps
and expected answers for any implementation.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from inference import sizing
from inference.lease import SHARE_WINDOW_S, Ask, Go, Lease, Next, Refused
from inference.memory import Memory, remember
from inference.packets import Packets
from inference.terms import Grant, Granted, Question, ReceiptTaken

if TYPE_CHECKING:
    from inference.terms import Moment

# The pinned one and a canary: what `inference.shelf` keeps.
KEPT_MODELS: Final = 2
# Of a lease's time: one that is younger is used up fast, and its renewal hands the receipt in.
SOON: Final = 0.1
# Before the first lease nobody has told how long one lasts.
FIRST_LEASE_SECONDS: Final = 600


class LeaseMachine:
    """What one process knows of its leases.

    Parameters
    ----------
    process : str
        A text that no other process has; tokens and receipt ids begin with it.
    draw : float
        From 0 up to 1, for the canary: where the process's walk begins, see `sizing.drawn`.
    """

    def __init__(self, *, process: str, draw: float) -> None:
        self._process = process
        self._draw = draw
        self._serial = 0
        self._current: Lease | None = None
        self._next: Lease | None = None
        self._last: Lease | None = None
        self._retired_s = 0.0
        self._memory: Memory | None = None
        self._asking: Question | None = None
        self._rest: tuple[str, int] | None = None
        self._held: tuple[str, ...] = ()
        self._leases = 0
        self._told_alone = False
        self._lease_seconds = FIRST_LEASE_SECONDS
        self._packets = Packets(process=process)

    def arrive(self, now: Moment, device: str) -> Go | Ask | Refused:
        """Count a request of a device against the lease, whatever will become of it."""
        self._turn(now)
        lease = self._current
        if lease is None:
            if self._memory and self._memory.holds(now):
                return self._remembered(self._memory, now)
            return Ask()
        if self._has_its_share(lease, now, device):
            left_s = SHARE_WINDOW_S - (now.mono_s - lease.begun_mono_s) % SHARE_WINDOW_S
            self._packets.touch(now).note_refused("device")
            return Refused(cause="device", retry_after_s=math.ceil(left_s), then=self._then(now))
        # What is used last stands last, as on the shelf: this request is about to take its model from there.
        digest = lease.limits.model_digest
        self._held = (*(each for each in self._held if each != digest), digest)[-KEPT_MODELS:]
        lease.left -= 1
        lease.devices[device] = lease.devices.get(device, 0) + 1
        return Go(lease=lease, unmetered=lease.cold and lease.used == 1, then=self._then(now))

    def done(
        self,
        go: Go,
        now: Moment,
        outcome: str,
        *,
        elapsed_ms: float,
        bytes_up: int = 0,
        bytes_down: int = 0,
        score: float | None = None,
        waited: bool = False,
    ) -> str:
        """Count the time of an answered request, note what became of it, and return the receipt's id."""
        if not go.unmetered:
            go.lease.ms_left -= max(1, math.ceil(elapsed_ms))
        receipt = self._packets.touch(now, go.lease.limits.model_digest)
        receipt.note(
            outcome,
            now_s=now.wall_s,
            latency_ms=elapsed_ms,
            bytes_up=bytes_up,
            bytes_down=bytes_down,
            score=score,
            waited=waited,
            cold=go.unmetered,
        )
        return receipt.receipt_id

    def question(self, now: Moment, *, alone: bool = False) -> Question | None:
        """Begin a question to the ledger; None while one is under way.

        Parameters
        ----------
        alone : bool
            Hand in a receipt and ask for nothing.
        """
        if self._asking:
            return None
        self._serial += 1
        self._told_alone |= alone
        self._asking = Question(
            token=f"{self._process}.{self._serial}",
            asked=now,
            wanted=None if alone else self._wanted(now),
            held_digests=self._held,
            draw=sizing.drawn(first=self._draw, lease=self._leases),
            receipt=self._packets.oldest(),
        )
        return self._asking

    def answered(self, now: Moment, answer: Grant | ReceiptTaken) -> None:
        """End the question with the ledger's answer."""
        question, self._asking = self._asking, None
        assert question is not None
        if question.receipt and answer.handed != "kept":
            self._packets.drop(question.receipt, lost=answer.handed == "unknown")
        if isinstance(answer, Granted):
            self._granted(question, answer, now)
        elif not isinstance(answer, ReceiptTaken):
            self._memory = remember(
                question, answer, now, holds_lease=self._current is not None, lease_seconds=self._lease_seconds
            )

    def _granted(self, question: Question, grant: Granted, now: Moment) -> None:
        self._memory = None
        self._leases += 1
        self._told_alone = False
        self._lease_seconds = grant.limits.lease_seconds
        self._rest = None if grant.rest is None else (question.asked.day, grant.rest)
        self._packets.touch(now).leases += 1
        # What the ledger says holds from before the question: a slow answer is no longer lease.
        lease = Lease(
            limits=grant.limits,
            size=grant.requests,
            left=grant.requests,
            ms_left=grant.milliseconds,
            day=question.asked.day,
            asked=question.asked,
            cold=grant.cold,
        )
        if self._next:
            self._retire(self._next, now)
        self._next = lease
        self._turn(now)

    def _remembered(self, memory: Memory, now: Moment) -> Refused:
        first, memory.told = not memory.told, True
        self._packets.touch(now).note_refused(memory.cause)
        return Refused(
            cause=memory.cause,
            retry_after_s=memory.retry_after_s(now),
            reason=memory.reason,
            first_told=first,
            then=self._then(now),
        )

    def _turn(self, now: Moment) -> None:
        """Retire a lease that has ended, and go on to the next."""
        if self._current and (self._current.spent or not self._current.lasts(now)):
            self._retire(self._current, now)
            self._current = None
        if self._current is None and self._next:
            lease, self._next = self._next, None
            if lease.lasts(now):
                self._begin(lease, now)
            else:
                self._retire(lease, now)

    def _begin(self, lease: Lease, now: Moment) -> None:
        self._packets.answer_with(lease.limits.model_digest)
        lease.begun_mono_s = now.mono_s
        self._current = lease

    def _retire(self, lease: Lease, now: Moment) -> None:
        receipt = self._packets.touch(now, lease.limits.model_digest)
        receipt.unspent += lease.left
        receipt.note_devices(lease.devices)
        self._last, self._retired_s = lease, now.mono_s

    def _has_its_share(self, lease: Lease, now: Moment, device: str) -> bool:
        taken = lease.devices.get(device, 0)
        lately = self._last if self._last and now.mono_s - self._retired_s < SHARE_WINDOW_S else None
        devices = max(len(lease.devices) + (taken == 0), len(lately.devices) if lately else 0)
        share = sizing.device_share(size=lease.size, devices=devices)
        windows = 1 + int((now.mono_s - lease.begun_mono_s) // SHARE_WINDOW_S)
        return taken >= share * windows

    def _then(self, now: Moment) -> Next:
        """Return what to do while the request is answered."""
        if self._asking or (self._memory and self._memory.cause == "ledger" and self._memory.holds(now)):
            return ""
        lease = self._current
        if lease and not self._next and not (self._memory and self._memory.holds(now, renewal=True)):
            aged = now.mono_s - lease.asked.mono_s >= self._lease_seconds / 2
            slow = lease.ms_left * 4 <= lease.size * lease.limits.ms_per_request
            if aged or slow or lease.left <= lease.low_water(now):
                return "renew"
        return "hand-in" if self._may_tell_alone(now) else ""

    def _may_tell_alone(self, now: Moment) -> bool:
        """Whether something has waited for long, and no question for a lease will take it along soon.

        The bound prices one receipt alone a lease.
        """
        if self._told_alone or self._packets.age_s(now) < self._lease_seconds / 2:
            return False
        lease = self._current
        return lease is None or now.mono_s - lease.asked.mono_s >= self._lease_seconds * SOON

    def _wanted(self, now: Moment) -> int:
        """Return the size of the next lease; 0 before the first, which stands for the smallest."""
        lease = self._current or self._last
        if lease is None:
            return 0
        limits = lease.limits
        in_time = lease.spent or (lease is self._current and lease.left <= lease.low_water(now))
        wanted = sizing.next_size(
            size=lease.size,
            used=lease.used,
            in_time=in_time,
            least=limits.lease_least,
            most=limits.lease_requests,
        )
        if self._rest and self._rest[0] == now.day:
            wanted = max(sizing.tapered(wanted, rest=self._rest[1], least=limits.lease_least), 1)
        return wanted
