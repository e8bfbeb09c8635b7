"""What the ledger has committed this month, in US dollars: requests, leases and start-ups at the bound's prices.

The deployment computes the prices with `edgewise.cost` and hands them over as text; here they are only multiplied.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from inference.settle.decode import Counter

_USD: Final = ("budget", "bound", "fixed", "request", "lease", "cold")


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What settle knows of a function.

    Attributes
    ----------
    store : str
        ARN of the gate's key-value store.
    budget, bound : Decimal
        US dollars a month: what the owner allows, and the worst bill.
    fixed, request, lease, cold : Decimal
        US dollars: a month's fixed fees; a granted request with its granted time; a lease; a cold grant.
    """

    store: str
    budget: Decimal
    bound: Decimal
    fixed: Decimal
    request: Decimal
    lease: Decimal
    cold: Decimal


def read_terms(text: str) -> dict[str, Terms]:
    """Read the variable ``FUNCTIONS``.

    Raises
    ------
    ValueError
        When it is not of that form; settle then fails at start-up and its alarm rings.
    """
    told = json.loads(text)
    if not isinstance(told, dict):
        raise ValueError("FUNCTIONS: expected an object with a member for each function; deploy again")  # noqa: TRY004  # a bad value, whatever its type
    return {function: _terms(function, each) for function, each in told.items()}


def _terms(function: str, told: object) -> Terms:
    members = told if isinstance(told, dict) else {}
    try:
        usd = {name: Decimal(members[name]) for name in _USD}
    except (KeyError, TypeError, InvalidOperation) as error:
        raise ValueError(
            f"FUNCTIONS: {function}: expected {', '.join(_USD)} in US dollars as text ({error!r})"
        ) from None
    if not isinstance(members.get("store"), str) or not all(value.is_finite() for value in usd.values()):
        raise ValueError(f"FUNCTIONS: {function}: expected the store's ARN and finite amounts")
    return Terms(store=members["store"], **usd)


def committed_usd(counter: Counter, terms: Terms) -> Decimal:
    """Return what was committed in the counter's month so far; never less than granted requests cost.

    The item tells leases and cold grants of its own day only. For the days before, their whole quotas are taken.
    """
    days_before = int(counter.day[8:]) - 1
    cold_quota, lease_quota = counter.quotas["cold"], counter.quotas["cold"] + counter.quotas["renewals"]
    cold_today = counter.granted_of("cold")
    leases_today = cold_today + counter.granted_of("renewals")
    return (
        terms.fixed
        + counter.granted_of("month") * terms.request
        + (days_before * lease_quota + leases_today) * terms.lease
        + (days_before * cold_quota + cold_today) * terms.cold
    )
