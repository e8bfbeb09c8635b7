"""A record of the ledger's stream, read: the counter item before and after one write, and the receipt it brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from inference.contract import DIGEST, FUNCTION_NAME
from inference.limits import LedgerDataError, number, text
from inference.receipt import Receipt

PREFIX: Final = "counter"
_KEY_ONLY: Final = frozenset({"pk"})
# The order of `terms`, see `inference.counter.quotas`.
QUOTAS: Final = ("day", "month", "ms", "cold", "renewals")
# What a quota may have been overdrawn by when it was lowered.
_LEAST: Final = -(10**16)


class PoisonError(ValueError):
    """A record that can't be read; the text quotes no more than a key and a short value."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """The counter item at one moment.

    Attributes
    ----------
    day : str
        UTC date.
    quotas, left : dict
        By the names in `QUOTAS`: what the day and month were opened with, and what is left (below zero when a quota
        was lowered).
    granted, used, unspent : int
        Sums since the item was made.
    receipt : str
        The text of the receipt that the last write brought; empty for none.
    """

    day: str
    quotas: dict[str, int]
    left: dict[str, int]
    granted: int
    used: int
    unspent: int
    receipt: str

    def granted_of(self, quota: str) -> int:
        """Return how much of a quota was granted in its day or month."""
        return self.quotas[quota] - self.left[quota]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one record tells.

    Attributes
    ----------
    sequence_number, function, edge : str
    before : Counter or None
        None for the first lease ever.
    after : Counter
    receipt : Receipt or None
        A receipt that was handed in with this write.
    damage : str
        Why the receipt can't be read. The write still counts against quotas, and closes the gate where they end.
    """

    sequence_number: str
    function: str
    edge: str
    before: Counter | None
    after: Counter
    receipt: Receipt | None = None
    damage: str = ""


def decode(record: dict[str, Any]) -> Change | None:
    """Read a record.

    Returns
    -------
    Change or None
        None when it is no write of a counter: the item was removed, or is another one.

    Raises
    ------
    PoisonError
        When the counter in it can't be read.
    """
    told = record.get("dynamodb")
    if not isinstance(told, dict) or not isinstance(told.get("SequenceNumber"), str):
        raise PoisonError("no stream record: dynamodb.SequenceNumber is missing")
    if record.get("eventName") not in ("INSERT", "MODIFY"):
        return None
    image = told.get("NewImage")
    if not isinstance(image, dict):
        raise PoisonError("NewImage is missing; the stream must give NEW_AND_OLD_IMAGES")
    try:
        kind, function, edge = _names(text(image, "pk"))
        # An item of its key alone counts nothing yet. AWS never tells of one; moto does, before the first lease.
        if kind != PREFIX or image.keys() == _KEY_ONLY:
            return None
        after = read_counter(image)
        old = told.get("OldImage")
        before = read_counter(old) if isinstance(old, dict) and old.keys() - _KEY_ONLY else None
    except (LedgerDataError, ValueError) as error:
        raise PoisonError(_short(error)) from None
    receipt, damage = _receipt(after, before)
    return Change(
        sequence_number=told["SequenceNumber"],
        function=function,
        edge=edge,
        before=before,
        after=after,
        receipt=receipt,
        damage=damage,
    )


def sequence_number(record: dict[str, Any]) -> str:
    """Return a record's number; empty when there is none, which AWS takes for a failure of the whole batch."""
    told = record.get("dynamodb")
    return str(told.get("SequenceNumber", "")) if isinstance(told, dict) else ""


def _names(pk: str) -> tuple[str, str, str]:
    kind, _, rest = pk.partition("#")
    function, _, edge = rest.partition("#")
    if kind == PREFIX and not (FUNCTION_NAME.fullmatch(function) and FUNCTION_NAME.fullmatch(edge)):
        raise PoisonError(f"pk is {pk[:80]!r}; expected counter#<function>#<edge>")
    return kind, function, edge


def read_counter(image: dict[str, Any]) -> Counter:
    """Read a counter item, in DynamoDB's JSON.

    Raises
    ------
    LedgerDataError, ValueError
        When it is none.
    """
    quotas = dict(zip(QUOTAS, map(int, text(image, "terms").split("/")), strict=True))
    return Counter(
        day=_date(text(image, "day")),
        quotas=quotas,
        left={name: number(image, f"{name}_remaining", least=_LEAST) for name in QUOTAS},
        granted=number(image, "granted", least=0),
        used=number(image, "used", least=0) if "used" in image else 0,
        unspent=number(image, "unspent", least=0) if "unspent" in image else 0,
        receipt=text(image, "receipt") if "receipt" in image else "",
    )


def _date(day: str) -> str:
    year, month, number_ = day.split("-")
    if (len(year), len(month), len(number_)) != (4, 2, 2) or not (year + month + number_).isdecimal():
        raise PoisonError(f"day is {day[:20]!r}; expected a date like 2026-11-24")
    return day


def _receipt(after: Counter, before: Counter | None) -> tuple[Receipt | None, str]:
    """Return the receipt that is new in this write, or why it can't be read."""
    if not after.receipt or (before and before.receipt == after.receipt):
        return None, ""
    try:
        receipt = Receipt.from_text(after.receipt)
        _check(receipt)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return None, _short(error)
    return receipt, ""


def _check(receipt: Receipt) -> None:
    """Refuse what the lake's columns can't hold."""
    names = (receipt.receipt_id, receipt.digest)
    numbers = (
        *(receipt.began_s, receipt.ended_s, receipt.milliseconds, receipt.bytes_up, receipt.bytes_down, receipt.cold),
        *(receipt.waited, receipt.lost, receipt.unspent, receipt.leases, receipt.devices, receipt.top_device),
    )
    counts = (receipt.outcomes, receipt.refused)
    if not all(isinstance(name, str) for name in names) or not receipt.receipt_id:
        raise ValueError("receipt: id and digest must be texts")
    if receipt.digest and not DIGEST.fullmatch(receipt.digest):
        raise ValueError(f"receipt: digest is {receipt.digest[:80]!r}")
    if not all(isinstance(each, dict) for each in counts):
        raise ValueError("receipt: outcomes and refused must be objects")
    values = (*numbers, *receipt.outcomes.values(), *receipt.refused.values())
    if not all(type(value) is int and 0 <= value < 2**63 for value in values):
        raise ValueError("receipt: a count is no whole number from 0 to 2^63")
    # A bucket far outside what a process can measure is no measurement; its value would overflow.
    for name, sketch in receipt.sketches.items():
        if sketch.zeros < 0 or not 0 <= sketch.joined <= _MAX_JOINED:
            raise ValueError(f"receipt: {name} is no sketch")
        if any(count < 1 or abs(index) > _MAX_INDEX >> sketch.joined for index, count in sketch.buckets.items()):
            raise ValueError(f"receipt: {name} has a bucket that nothing falls into")


# 1.02^2048 is 10^17: more milliseconds, bytes or score than anything here measures.
_MAX_INDEX: Final = 2_048
_MAX_JOINED: Final = 11


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
