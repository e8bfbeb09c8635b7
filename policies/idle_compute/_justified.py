"""What is always on beside an inference endpoint, and whether its tags and the break-even justify it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from edgewise.cost.breakeven import MACHINES, Machine, Work, break_even, request_usd
from edgewise.cost.prices import UnknownPriceError
from policies.core.endpoint import InferenceEndpoint, endpoints, limits_of
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Setting, Violation

UNTIL: Final = "edgewise:always-on-until"
WHY: Final = "edgewise:always-on-why"
RATE: Final = "edgewise:expected-rps"
FUNCTION: Final = "edgewise:function"
"""The tag that everything of an endpoint carries: it says beside which one something stands."""

MOST_DAYS: Final = 366
"""A date that is further away than a year is no expiry."""

SERVICE: Final = "Lambda@Edge"
SOURCE: Final = "edgewise/cost/breakeven.py and prices.yaml"
FIX: Final = (
    "let the function answer alone; or, where an average rate pays for it, tag the resource with "
    f"{UNTIL}=<date within a year>, {WHY}=<reason>, {RATE}=<average requests a second> "
    f"and, where there are several endpoints, {FUNCTION}=<name>"
)
SETTINGS: Final = {
    "usd_hour": Setting(
        {"type": "number", "minimum": 0},
        0,
        "USD an hour of one, where edgewise/cost/prices.yaml has no price; 0 means unknown, and unknown never pays",
    )
}


def today() -> date:
    """Return the day of the preview, UTC."""
    return datetime.now(UTC).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlwaysOn:
    """Something that may be billed by the hour whether anybody asks or not.

    Attributes
    ----------
    resource : Resource
    what : str
        In a message's words, such as ``2 x c7g.large``.
    price_id : str
        Its line of the price sheet, for an hour of one.
    count : float
        How many are on when nobody asks; 0 is well.
    tagged : Resource, optional
        Whose tags justify it, where it takes none itself.
    """

    resource: Resource
    what: str
    price_id: str
    count: float = 1
    tagged: Resource | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """Something beside the endpoints of its stack."""

    found: AlwaysOn
    endpoints: tuple[InferenceEndpoint, ...]


def beside_inference(stack: Stack, found: Iterable[AlwaysOn]) -> Iterator[Beside]:
    """Return what was found where the stack has an inference endpoint, and nothing elsewhere.

    Raises
    ------
    UnknownValueError
    """
    for each in found:
        if running := endpoints(stack):
            yield Beside(each, running)


def check(beside: Beside, config: Config) -> Iterator[Violation]:
    """Refuse what is on without a dated reason that the break-even agrees with."""
    found = beside.found
    if found.count <= 0:
        return
    tags = _tags(found.tagged or found.resource)
    missing = [tag for tag in (UNTIL, WHY, RATE) if not tags.get(tag)]
    if missing:
        objection: str | None = f"no tag {', '.join(missing)}"
    else:
        objection = _dated(tags[UNTIL]) or _paid(beside, tags, config)
    if objection:
        yield Violation(found.resource, f"{found.what} day and night; {objection}")


def _dated(text: str) -> str | None:
    try:
        until = date.fromisoformat(text)
    except ValueError:
        return f"{UNTIL} is {text}, not a date such as 2027-01-31"
    days = (until - today()).days
    if days < 0:
        return f"{UNTIL} ended on {text}"
    return f"{UNTIL} is {days} days away, at most {MOST_DAYS} are allowed" if days > MOST_DAYS else None


def _paid(beside: Beside, tags: Mapping[str, str], config: Config) -> str | None:
    try:
        rate_rps = Decimal(tags[RATE])
    except InvalidOperation:
        return f"{RATE} is {tags[RATE]}, not a number"
    if not rate_rps.is_finite():
        return f"{RATE} is {tags[RATE]}, not a finite number"
    named = [each for each in beside.endpoints if each.name and each.name == tags.get(FUNCTION)]
    # Without a name it may stand beside any endpoint, so all of them must agree.
    objections = (_objection(each, beside.found, rate_rps, config) for each in named or beside.endpoints)
    return next((each for each in objections if each), None)


def _objection(endpoint: InferenceEndpoint, found: AlwaysOn, rate_rps: Decimal, config: Config) -> str | None:
    work = _work(endpoint)
    if work is None:
        return f"no limits item says how long a request of {endpoint.distribution.name} takes, so nothing can agree"
    machine = next((each for each in MACHINES if each.price_id == found.price_id), None)
    own_usd = Decimal(str(config.get("usd_hour") or 0))
    try:
        pays = break_even(work, SERVICE, machine or Machine(price_id=found.price_id, vcpus=None))
    except UnknownPriceError:
        if own_usd <= 0:
            return f"prices.yaml has no {found.price_id}, and what has no price never pays"
        least = own_usd / (3600 * request_usd(work, SERVICE))
    else:
        if pays.serverless_always_wins:
            return str(pays)
        least = pays.rate_rps
    needed = least * Decimal(str(found.count))
    return f"at {rate_rps} requests/s {SERVICE} is cheaper, it pays from {needed:.1f}" if rate_rps < needed else None


def _work(endpoint: InferenceEndpoint) -> Work | None:
    """Return one inference as the program declares it: the function's memory, the milliseconds a request is granted.

    Body and prices are the break-even's own assumptions.
    """
    ms = limits_of(endpoint.limits).get("ms_per_request") if endpoint.limits else None
    memory = [function.get("memorySize", default=128) for function in endpoint.functions]
    return Work(ms=Decimal(ms), memory_mb=int(max(memory))) if isinstance(ms, int) and ms > 0 and memory else None


def _tags(resource: Resource) -> dict[str, str]:
    tags: Any = resource.get("tags", default={})
    if isinstance(tags, list):  # an auto scaling group has a list of its own kind
        tags = {each.get("key"): each.get("value") for each in tags if isinstance(each, dict)}
    return {key: str(resource.sure(value, f"tags.{key}")) for key, value in tags.items()}
