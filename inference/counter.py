"""The counter item: what is LEFT, and the two forms of the one write that takes from it.

DynamoDB's conditions take no arithmetic, so the item holds what is left and not what is used. `take` subtracts from a
day that is open. `reopen` is for a new day, a new month and changed quotas: it writes each number anew, on the
condition that nobody wrote since the item was seen. What was granted stays granted: it is the quota that the item
was opened with minus what is left, and a changed quota moves what is left by the difference, below zero if need be.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from inference import sizing
from inference.limits import LedgerDataError, Limits, number, text
from inference.receipt import Receipt

# What a quota may have been overdrawn by when it was lowered.
_LEAST: Final = -(10**16)
_ONCE_A_DAY: Final = ("day_remaining", "ms_remaining", "cold_remaining", "renewals_remaining")
_MONTH: Final = "month_remaining"


@dataclass(frozen=True, kw_only=True, slots=True)
class Take:
    """What one write takes.

    Attributes
    ----------
    token : str
        Of the question; the amount is added to it, so that an unheard answer can be read back from the item.
    day : str
    requests : int
    cold : bool
    """

    token: str
    day: str
    requests: int
    cold: bool

    @property
    def lease_token(self) -> str:
        """What stands in the item after this write."""
        return f"{self.token}.{self.requests}"

    @property
    def kind(self) -> str:
        """The attribute that counts leases of this kind."""
        return "cold_remaining" if self.cold else "renewals_remaining"


def quotas(limits: Limits) -> dict[str, int]:
    """Return what each number starts with, in the order of the item's ``terms``."""
    return {
        "day_remaining": limits.daily_quota,
        "month_remaining": limits.monthly_quota,
        "ms_remaining": limits.daily_quota * limits.ms_per_request,
        "cold_remaining": limits.cold_grants_daily,
        "renewals_remaining": limits.renewals_daily,
    }


def terms(limits: Limits) -> str:
    """Return the quotas as one text: the item is on other terms when it differs."""
    return "/".join(map(str, quotas(limits).values()))


def rest(item: dict[str, Any], *, day: str, limits: Limits) -> dict[str, int]:
    """Return what is left on a day under these limits.

    Parameters
    ----------
    item : dict
        The counter as it stands, in DynamoDB's JSON; empty when there is none.

    Raises
    ------
    LedgerDataError
        When the item can't be used, or is at a later day: this clock is behind.
    """
    fresh = quotas(limits)
    if not item:
        return fresh
    found = text(item, "day")
    if found > day:
        raise LedgerDataError(f"the ledger is at {found}, this clock at {day}")
    before = dict(zip(fresh, map(int, text(item, "terms").split("/")), strict=True))
    left = {name: number(item, name, least=_LEAST) + fresh[name] - before[name] for name in fresh}
    if found != day:
        left |= {name: fresh[name] for name in _ONCE_A_DAY}
        if found[:7] != day[:7]:
            left[_MONTH] = fresh[_MONTH]
    return left


def affordable(left: dict[str, int], *, wanted: int, kind: str, limits: Limits) -> tuple[int, str]:
    """Return how many requests may be taken, and which quota says 0."""
    if left[kind] < 1:
        return 0, kind.removesuffix("_remaining")
    by = {
        "day": min(left["day_remaining"], left["ms_remaining"] // limits.ms_per_request),
        "month": left[_MONTH],
    }
    least = min(by, key=lambda name: by[name])
    amount = sizing.tapered(wanted, rest=by[least], least=limits.lease_least)
    return (amount, "") if amount > 0 else (0, least)


def is_open(item: dict[str, Any], *, day: str, limits: Limits) -> bool:
    """Whether `take` can work on the item: it is on this day and these terms."""
    return bool(item) and text(item, "day") == day and text(item, "terms") == terms(limits)


def take(asked: Take, limits: Limits, receipt: Receipt | None) -> dict[str, Any]:
    """Return the write that subtracts; a token that is there already makes a repeated one do nothing."""
    condition = (
        "#day = :day AND terms = :terms AND day_remaining >= :n AND month_remaining >= :n AND ms_remaining >= :ms "
        f"AND {asked.kind} >= :one AND lease_token <> :token"
    )
    changes = [
        "day_remaining = day_remaining - :n",
        "month_remaining = month_remaining - :n",
        "ms_remaining = ms_remaining - :ms",
        f"{asked.kind} = {asked.kind} - :one",
    ]
    values = {":terms": {"S": terms(limits)}, ":ms": _n(asked.requests * limits.ms_per_request)}
    return _write(asked, condition, changes, values, receipt)


def reopen(
    asked: Take, limits: Limits, receipt: Receipt | None, *, left: dict[str, int], seen: dict[str, Any]
) -> dict[str, Any]:
    """Return the write that sets each number anew, this lease already subtracted, if nobody wrote meanwhile."""
    new = dict(left)
    new["day_remaining"] -= asked.requests
    new[_MONTH] -= asked.requests
    new["ms_remaining"] -= asked.requests * limits.ms_per_request
    new[asked.kind] -= 1
    changes = ["#day = :day", "terms = :terms", *(f"{name} = :{name}" for name in new)]
    values = {":terms": {"S": terms(limits)}} | {f":{name}": _n(value) for name, value in new.items()}
    condition = "attribute_not_exists(pk)"
    if seen:
        condition = "lease_token = :seen"
        values[":seen"] = {"S": text(seen, "lease_token")}
    return _write(asked, condition, changes, values, receipt)


def _write(
    asked: Take, condition: str, changes: list[str], values: dict[str, dict[str, str]], receipt: Receipt | None
) -> dict[str, Any]:
    values = {":day": {"S": asked.day}, ":token": {"S": asked.lease_token}, ":one": _n(1)} | values
    values[":n"] = _n(asked.requests)
    handed = _handed(receipt)
    changes = [*changes, "lease_token = :token", *(["receipt = :receipt"] if receipt else [])]
    added = ["granted :n", "leases :one", *(["used :used", "unspent :unspent", "receipts :one"] if receipt else [])]
    # The old receipt must not come by again in the stream's record of this write.
    removed = "" if receipt else " REMOVE receipt"
    return {
        "ConditionExpression": condition,
        "UpdateExpression": f"SET {', '.join(changes)} ADD {', '.join(added)}{removed}",
        "ExpressionAttributeNames": {"#day": "day"},  # a reserved word
        "ExpressionAttributeValues": values | handed,
        "ReturnValues": "UPDATED_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }


def hand_in(receipt: Receipt) -> dict[str, Any]:
    """Return the write of a receipt alone."""
    return {
        # The same write twice in a row counts once.
        "ConditionExpression": "attribute_exists(pk) AND receipt <> :receipt",
        "UpdateExpression": "SET receipt = :receipt ADD used :used, unspent :unspent, receipts :one",
        "ExpressionAttributeValues": _handed(receipt) | {":one": _n(1)},
    }


def _handed(receipt: Receipt | None) -> dict[str, dict[str, str]]:
    if receipt is None:
        return {}
    return {
        ":receipt": {"S": receipt.to_text()},
        ":used": _n(receipt.used),
        ":unspent": _n(receipt.unspent),
    }


def _n(value: int) -> dict[str, str]:
    return {"N": str(value)}
