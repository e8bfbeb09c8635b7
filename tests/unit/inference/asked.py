"""A ledger that is asked for leases by day."""

from __future__ import annotations

import calendar
import os
import time
from dataclasses import replace
from typing import Any

from inference.dynamodb import DynamoDb
from inference.ledger import DynamoLedger
from inference.terms import Grant, Granted, Moment, Question, Refusal
from tests.unit.inference.world import FUNCTION, TABLE, limits

DAY, NEXT_DAY = "2026-11-24", "2026-11-25"
SECRET = "a-very-secret-key"
CANARY = "sha256:" + "c" * 64


def question(day: str = DAY, /, **changes: Any) -> Question:
    wanted: dict[str, Any] = {"token": os.urandom(8).hex(), "asked": Moment(noon_s(day), 0.0), "wanted": 50}
    return Question(**(wanted | changes))


def noon_s(day: str) -> float:
    return calendar.timegm(time.strptime(day, "%Y-%m-%d")) + 43_200.0


class AskedByDay:
    """Asks a ledger for a full lease."""

    def __init__(self, ledger: DynamoLedger) -> None:
        self.ledger = ledger
        self.rest: int | None = None

    def grant(self, day: str, *, timeout_s: float = 2.0, **changes: Any) -> Grant:
        grant = self.ledger.grant(question(day, **changes), timeout_s=timeout_s)
        if isinstance(grant, Granted):
            self.rest = grant.rest
            return replace(grant, rest=None)
        return grant


def granted_of(grant: Grant) -> int:
    return grant.requests if isinstance(grant, Granted) else 0


def full(requests: int) -> Granted:
    """A cold lease of so many requests under the world's limits."""
    return Granted(requests=requests, milliseconds=requests * 40, limits=limits(), cold=True)


SPENT = Refusal(cause="day")


def new_ledger(**changes: Any) -> AskedByDay:
    client = DynamoDb(region="us-east-1")
    wanted: dict[str, Any] = {"table": TABLE, "function": FUNCTION, "edge": "cloudfront", "client": client}
    return AskedByDay(DynamoLedger(**(wanted | changes)))
