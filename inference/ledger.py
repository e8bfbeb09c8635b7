"""The ledger: who may answer how often, decided by one conditional write on one DynamoDB item.

Two items. The limits item belongs to Pulumi and is only read here. The counter item belongs to the runtime:
what is LEFT of the day stands in it, because DynamoDB's conditions take no arithmetic. What was granted is never
taken back, so grants of a day never exceed its quota, whatever crashes, repeats or runs at once.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from inference.contract import DIGEST
from inference.dynamodb import ConditionFailedError, DynamoDb, DynamoDbError

if TYPE_CHECKING:
    from collections.abc import Callable

# For all calls of one grant together, so that a refusal still fits into a function's timeout of 3 s.
DEADLINE_S: Final = 2.0
# A write loses against others only while the day rolls over or runs out: a few rounds settle it.
MAX_WRITES: Final = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the limits item says.

    Attributes
    ----------
    daily_quota : int
        Requests that may be granted in a UTC day.
    lease_requests, lease_seconds : int
        The size of a full lease.
    model_url, model_digest : str
        Which model answers, and where it lies.
    fetch_token : str
        Good for fetching models only.
    """

    daily_quota: int
    lease_requests: int
    lease_seconds: int
    model_url: str
    model_digest: str
    fetch_token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Granted:
    """A lease of `requests` requests under `limits`."""

    requests: int
    limits: Limits


@dataclass(frozen=True, slots=True)
class QuotaSpent:
    """Nothing is left of the day's quota."""


@dataclass(frozen=True, slots=True)
class LedgerUnavailable:
    """Whether something is left is not known; `reason` is for the log and holds no secret."""

    reason: str


Grant: TypeAlias = Granted | QuotaSpent | LedgerUnavailable


class Ledger(Protocol):
    """Where leases come from."""

    def grant(self, day: str, *, timeout_s: float = DEADLINE_S) -> Grant:
        """Ask for a lease on `day`, a UTC date such as ``2026-11-24``."""


class DynamoLedger:
    """The ledger of one function at one edge.

    Parameters
    ----------
    table, function, edge : str
        Name the two items: ``limits#<function>`` and ``counter#<function>#<edge>``.
    client : DynamoDb
        How to reach the table.
    token : callable
        Returns a text that no other lease has.
    monotonic : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        *,
        table: str,
        function: str,
        edge: str,
        client: DynamoDb,
        token: Callable[[], str] = lambda: os.urandom(16).hex(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._table = table
        self._limits_key = {"pk": {"S": f"limits#{function}"}}
        self._counter_key = {"pk": {"S": f"counter#{function}#{edge}"}}
        self._client = client
        self._token = token
        self._monotonic = monotonic

    def grant(self, day: str, *, timeout_s: float = DEADLINE_S) -> Grant:
        """Ask for a lease: a full one, or what is left of the day.

        Parameters
        ----------
        day : str
            The UTC date by the wall clock.
        timeout_s : float
            Seconds for all calls together.

        Returns
        -------
        Granted or QuotaSpent or LedgerUnavailable
        """
        ends_s = self._monotonic() + timeout_s
        try:
            limits = self._limits(ends_s)
            requests = self._take(day, limits, ends_s)
        except (DynamoDbError, _LedgerDataError) as error:
            return LedgerUnavailable(str(error))
        return Granted(requests=requests, limits=limits) if requests else QuotaSpent()

    def _limits(self, ends_s: float) -> Limits:
        query = {"TableName": self._table, "Key": self._limits_key, "ConsistentRead": True}
        return _limits(self._client.call("GetItem", query, ends_s=ends_s).get("Item"))

    def _take(self, day: str, limits: Limits, ends_s: float) -> int:
        """Return how many requests were granted; 0 when the day is spent."""
        wanted = min(limits.lease_requests, limits.daily_quota)
        opens_with: int | None = None
        token = self._token()
        for _ in range(MAX_WRITES):
            if wanted == 0:
                return 0
            # The amount stands in the token: what an unheard answer granted can be read back from the item.
            lease = f"{token}.{wanted}"
            update = _update(day=day, wanted=wanted, token=lease, opens_with=opens_with)
            update |= {"TableName": self._table, "Key": self._counter_key}
            try:
                self._client.call("UpdateItem", update, ends_s=ends_s)
            except ConditionFailedError as refusal:
                counter = refusal.item
            else:
                return wanted
            if counter and _text(counter, "lease_token") == lease:
                return wanted  # an earlier attempt of this very write was done; its answer was lost
            found_day = _text(counter, "day") if counter else ""
            if found_day > day:
                raise _LedgerDataError(f"the ledger is at {found_day}, this clock at {day}")
            if found_day == day:
                opens_with, wanted = None, min(wanted, _number(counter, "day_remaining", least=0))
            else:
                opens_with = limits.daily_quota
        raise DynamoDbError(f"UpdateItem: {MAX_WRITES} writes lost against others")


class _LedgerDataError(Exception):
    """An item that can't be used."""


def _update(*, day: str, wanted: int, token: str, opens_with: int | None) -> dict[str, Any]:
    """Return the write that takes `wanted` from a day that has begun, or opens the day with a quota.

    A token that is there already makes a repeated write do nothing.
    """
    values = {":today": {"S": day}, ":n": {"N": str(wanted)}, ":token": {"S": token}}
    if opens_with is None:
        condition = "#day = :today AND day_remaining >= :n AND lease_token <> :token"
        change = "day_remaining = day_remaining - :n"
    else:
        condition = "attribute_not_exists(pk) OR #day < :today"
        change = "#day = :today, day_remaining = :rest"
        values[":rest"] = {"N": str(opens_with - wanted)}
    return {
        "ConditionExpression": condition,
        "UpdateExpression": f"SET {change}, lease_token = :token ADD granted :n",
        "ExpressionAttributeNames": {"#day": "day"},  # a reserved word
        "ExpressionAttributeValues": values,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def _limits(item: object) -> Limits:
    if not isinstance(item, dict):
        raise _LedgerDataError("the limits item is missing; run the deployment again")
    digest = _text(item, "model_digest")
    if not DIGEST.fullmatch(digest):
        raise _LedgerDataError(f"limits item: model_digest is {digest!r}; expected 'sha256:' and 64 digits")
    return Limits(
        daily_quota=_number(item, "daily_quota", least=0),
        lease_requests=_number(item, "lease_requests", least=1),
        lease_seconds=_number(item, "lease_seconds", least=1),
        model_url=_text(item, "model_url"),
        model_digest=digest,
        fetch_token=_text(item, "fetch_token"),
    )


def _text(item: dict[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, dict) or not isinstance(value.get("S"), str):
        raise _LedgerDataError(f"item: {key} is no string")
    return str(value["S"])


def _number(item: dict[str, Any], key: str, *, least: int) -> int:
    value = item.get(key)
    text = value.get("N") if isinstance(value, dict) else None
    if not isinstance(text, str) or not text.isdecimal() or int(text) < least:
        raise _LedgerDataError(f"item: {key} is {text!r}; expected a whole number of at least {least}")
    return int(text)
