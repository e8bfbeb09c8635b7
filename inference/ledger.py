"""The ledger: who may answer how often, decided by one conditional write on one DynamoDB item.

Four items. The limits and source items belong to Pulumi and the override item to the operators: all three are only read
here, in one call. The counter item belongs to the runtime. What was granted is never taken back, so grants of a day
never exceed its quota, whatever crashes, repeats or runs at once.

A grant costs one read of three items and at most `MAX_WRITES` writes: the day's; a reopening where the day, the month
or a quota is another one; and the day's again where others were faster. Each is sent at most twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from inference import counter
from inference.dynamodb import ConditionFailedError, DynamoDb, DynamoDbError
from inference.limits import LedgerDataError, Limits, read_limits, text
from inference.override import Override, read_override
from inference.terms import (
    DEADLINE_S,
    Grant,
    Granted,
    Handed,
    LedgerUnavailable,
    Question,
    QuotaCause,
    ReceiptTaken,
    Refusal,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_WRITES: Final = 3
# A throttled table leaves keys out of its answer (DynamoDB API Reference, BatchGetItem, UnprocessedKeys): they are
# asked for again after a pause, so often in all. A key left out must never be taken for an item that is not there.
MAX_READS: Final = 3
READ_PAUSE_S: Final = 0.05


class DynamoLedger:
    """The ledger of one function at one edge.

    Parameters
    ----------
    table, function, edge : str
        Name the items: ``limits#<function>``, ``source#<function>``, ``override#<function>`` and
        ``counter#<function>#<edge>``.
    client : DynamoDb
        How to reach the table.
    monotonic, sleep : callable
        Monotonic seconds, and what lets some pass.
    """

    def __init__(
        self,
        *,
        table: str,
        function: str,
        edge: str,
        client: DynamoDb,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._table = table
        self._read_keys = f"limits#{function}", f"source#{function}", f"override#{function}"
        self._sleep = sleep
        self._counter_item = {"TableName": table, "Key": {"pk": {"S": f"counter#{function}#{edge}"}}}
        self._client = client
        self._monotonic = monotonic

    def grant(self, question: Question, *, timeout_s: float = DEADLINE_S) -> Grant:
        """Ask for a lease: what is wanted, or less where the day's rest shrinks.

        Parameters
        ----------
        question : Question
        timeout_s : float
            Seconds for all calls together.
        """
        asked = _Asked(question, self._client, self._counter_item, ends_s=self._monotonic() + timeout_s)
        try:
            limits, override = self._read(asked.ends_s)
            if override.closed_until_s > question.asked.wall_s:
                return Refusal(cause="closed", until_s=override.closed_until_s)
            return asked.take(*override.models(limits, question.draw))
        except (DynamoDbError, LedgerDataError) as error:
            return LedgerUnavailable(str(error), handed=asked.handed)

    def hand_in(self, question: Question, *, timeout_s: float = DEADLINE_S) -> ReceiptTaken:
        """Hand in a receipt alone, in one attempt: a second might count it twice."""
        assert question.receipt is not None
        update = counter.hand_in(question.receipt) | self._counter_item
        try:
            self._client.call("UpdateItem", update, ends_s=self._monotonic() + timeout_s, attempts=1)
        except ConditionFailedError:
            return ReceiptTaken(handed="unknown")  # no counter any more: it can be added nowhere
        except DynamoDbError as error:
            return ReceiptTaken(handed="unknown" if error.unheard else "kept")
        return ReceiptTaken(handed="handed")

    def _read(self, ends_s: float) -> tuple[Limits, Override]:
        """Read what the deployment says, and what the operators say."""
        found: dict[str, dict[str, Any]] = {}
        keys = [{"pk": {"S": key}} for key in self._read_keys]
        for number in range(MAX_READS):
            if number:
                self._sleep(READ_PAUSE_S * 2 ** (number - 1))
            wanted = {self._table: {"Keys": keys, "ConsistentRead": True}}
            answer = self._client.call("BatchGetItem", {"RequestItems": wanted}, ends_s=ends_s)
            found |= {text(item, "pk"): item for item in answer.get("Responses", {}).get(self._table, [])}
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                limits, source, override = map(found.get, self._read_keys)
                return read_limits(limits, source), read_override(override)
        raise DynamoDbError("BatchGetItem: throttled")


class _Asked:
    """One question on its way through the forms of the write."""

    def __init__(self, question: Question, client: DynamoDb, item: dict[str, Any], *, ends_s: float) -> None:
        self._question = question
        self._receipt = question.receipt
        self._client = client
        self._item = item
        self.ends_s = ends_s
        self.handed: Handed = "kept"

    def take(self, limits: Limits, other: Limits | None = None) -> Grant:
        """Take as much as is wanted and there.

        Parameters
        ----------
        limits : Limits
            With the model that was drawn.
        other : Limits, optional
            With the other model, where either may answer: it does when the drawn one would start cold, no cold grant is
            left and the other is at hand. A canary must not keep a process from working.
        """
        question = self._question
        day, cold = question.asked.day, limits.model_digest not in question.held_digests
        wanted = min(max(question.wanted or 0, limits.lease_least), max(limits.lease_requests, limits.lease_least))
        asked = counter.Take(token=question.token, day=day, requests=min(wanted, max(limits.daily_quota, 1)), cold=cold)
        update = counter.take(asked, limits, self._receipt), counter.take(asked, limits, None)
        for _ in range(MAX_WRITES):
            done, found = self._write(asked, *update)
            if done:
                rest = found.get("day_remaining", {}).get("N")
                return self._granted(asked.requests, limits, cold=cold, rest=None if rest is None else int(rest))
            if mine := _amount(found, question.token):
                # An earlier attempt of this question was done; its answer was lost. Its receipt went with it.
                self.handed = "handed" if self._receipt else self.handed
                return self._granted(mine, limits, cold=cold, rest=None)
            left = counter.rest(found, day=day, limits=limits)
            amount, cause = counter.affordable(left, wanted=wanted, kind=asked.kind, limits=limits)
            if cause == "cold" and other and other.model_digest in question.held_digests:
                limits, cold = other, False
                amount, cause = counter.affordable(left, wanted=wanted, kind="renewals_remaining", limits=limits)
            if not amount:
                return Refusal(cause=_CAUSES[cause], handed=self.handed)
            asked = counter.Take(token=question.token, day=day, requests=amount, cold=cold)
            if counter.is_open(found, day=day, limits=limits):
                update = counter.take(asked, limits, self._receipt), counter.take(asked, limits, None)
            else:
                update = (
                    counter.reopen(asked, limits, self._receipt, left=left, seen=found),
                    counter.reopen(asked, limits, None, left=left, seen=found),
                )
        raise DynamoDbError(f"UpdateItem: {MAX_WRITES} writes lost against others")

    def _write(self, asked: counter.Take, update: dict[str, Any], again: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        """Write, and once more without the receipt when no answer came.

        Returns
        -------
        bool, dict
            Whether it was done, and what it wrote; when not, the item as it stood.
        """
        try:
            answer = self._client.call("UpdateItem", update | self._item, again=again | self._item, ends_s=self.ends_s)
        except ConditionFailedError as refusal:
            if refusal.unheard and self._receipt and not _amount(refusal.item, asked.token):
                self._receipt, self.handed = None, "unknown"
            return False, refusal.item
        except DynamoDbError as error:
            if error.unheard and self._receipt:
                self.handed = "unknown"
            raise
        written: dict[str, Any] = answer.get("Attributes", {})
        if self._receipt:
            self.handed = "handed" if "receipts" in written else "unknown"
        return True, written

    def _granted(self, requests: int, limits: Limits, *, cold: bool, rest: int | None) -> Granted:
        return Granted(
            requests=requests,
            milliseconds=requests * limits.ms_per_request,
            limits=limits,
            cold=cold,
            rest=rest,
            handed=self.handed,
        )


_CAUSES: Final[dict[str, QuotaCause]] = {"day": "day", "month": "month", "cold": "cold", "renewals": "renewals"}


def _amount(item: dict[str, Any], token: str) -> int:
    """Return what a question was granted by the item's last lease, or 0."""
    found = text(item, "lease_token") if item else ""
    return int(found.removeprefix(f"{token}.")) if found.startswith(f"{token}.") else 0
