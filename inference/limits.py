"""The limits and source items: what a lease brings, as the deployment wrote it.

Two items: numbers and digest are known before a deployment and no secret, so whoever judges a preview can read them.
The model's address and the token that it is fetched with are neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from inference.contract import DIGEST

# Stands in the counter where no monthly quota is set: more than Lambda@Edge can run in ten months.
NO_MONTHLY_QUOTA: Final = 10**13


class LedgerDataError(Exception):
    """An item that can't be used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What both items say.

    Attributes
    ----------
    daily_quota, monthly_quota : int
        Requests that may be granted in a UTC day and month.
    ms_per_request : int
        Milliseconds granted with each request, on average over a lease.
    cold_grants_daily, renewals_daily : int
        Leases that may be granted in a day: those that carry a start-up and a download, and the others.
    lease_least, lease_requests, lease_seconds : int
        The smallest lease, the largest, and how long one lasts.
    model_url, model_digest : str
        Which model answers, and where it lies.
    fetch_token : str
        Good for fetching models only.
    """

    daily_quota: int
    ms_per_request: int
    cold_grants_daily: int
    renewals_daily: int
    lease_least: int
    lease_requests: int
    lease_seconds: int
    model_url: str
    model_digest: str
    fetch_token: str = field(repr=False)
    monthly_quota: int = NO_MONTHLY_QUOTA


def read_limits(item: object, source: object) -> Limits:
    """Read both items, in DynamoDB's JSON.

    Parameters
    ----------
    item : object
        The limits item: numbers and the model's digest.
    source : object
        The source item: where models lie, and the token that they are fetched with.

    Raises
    ------
    LedgerDataError
        When one is missing or not of this form: then nothing is granted.
    """
    if not isinstance(item, dict):
        raise LedgerDataError("the limits item is missing; run the deployment again")
    if not isinstance(source, dict):
        raise LedgerDataError("the source item is missing; run the deployment again")
    digest = _digest(item, "model_digest")
    return Limits(
        daily_quota=number(item, "daily_quota", least=0),
        ms_per_request=number(item, "ms_per_request", least=1),
        cold_grants_daily=number(item, "cold_grants_daily", least=0),
        renewals_daily=number(item, "renewals_daily", least=0),
        lease_least=number(item, "lease_least", least=1),
        lease_requests=number(item, "lease_requests", least=1),
        lease_seconds=number(item, "lease_seconds", least=1),
        # A deployment writes one item after the other: the digest alone says which model, whatever the address says.
        model_url=beside(text(source, "model_url"), digest),
        model_digest=digest,
        fetch_token=text(source, "fetch_token"),
        monthly_quota=number(item, "monthly_quota", least=0) if "monthly_quota" in item else NO_MONTHLY_QUOTA,
    )


def beside(url: str, digest: str) -> str:
    """Return the address of a model that lies beside another: models are named by their digests."""
    return f"{url.rpartition('/')[0]}/{digest.removeprefix('sha256:')}.onnx"


def _digest(item: dict[str, Any], key: str) -> str:
    value = text(item, key)
    if not DIGEST.fullmatch(value):
        raise LedgerDataError(f"limits item: {key} is {value!r}; expected 'sha256:' and 64 digits")
    return value


def text(item: dict[str, Any], key: str) -> str:
    """Return a string attribute.

    Raises
    ------
    LedgerDataError
        When it is none.
    """
    value = item.get(key)
    if not isinstance(value, dict) or not isinstance(value.get("S"), str):
        raise LedgerDataError(f"item: {key} is no string")
    return str(value["S"])


def number(item: dict[str, Any], key: str, *, least: int) -> int:
    """Return a whole number.

    Raises
    ------
    LedgerDataError
        When it is none, or less than `least`.
    """
    value = item.get(key)
    digits = value.get("N") if isinstance(value, dict) else None
    if not isinstance(digits, str) or not digits.removeprefix("-").isdecimal() or int(digits) < least:
        raise LedgerDataError(f"item: {key} is {digits!r}; expected a whole number of at least {least}")
    return int(digits)
