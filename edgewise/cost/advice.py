"""Which single setting would make a bound fit, and how far it must go: a numeric search, setting by setting.

Assumptions are never advised down: the world does not get better because a budget is small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass
from decimal import Decimal
from typing import Final, TypeVar, get_args

from edgewise.cost.bound import Bound, Endpoint, Firewall, Gate, Guard, WorkerEndpoint, bound
from edgewise.cost.bound.endpoint import PLANS, PRICE_CLASSES, OnFlood
from edgewise.cost.bound.result import to_cent
from edgewise.cost.prices import PriceSheet, default_prices
from edgewise.cost.what_if import put, value_at

Described = TypeVar("Described", Endpoint, WorkerEndpoint)

# Settings that may be lowered, and the least value that still makes sense.
_LEAST: Final = {
    "memory_mb": 128,
    "timeout_s": 1,
    "daily_quota": 100,
    "ms_per_request": 5,
    "cold_grants_daily": 10,
    "rate_cap_rps": 1,
    "cpu_ms": 5,
    "log_bytes": 512,
    "log_retention_days": 1,
    "allowance.ledger": 100,
    "allowance.gate": 1_000,
    "allowance.firewall": 1_000,
    "custom_metrics": 0,
    "model_bytes": 100_000,
}
# Where a limit is missing the search starts here.
_MOST: Final = {
    "daily_quota": 10_000_000,
    "rate_cap_rps": 10_000,
    "cold_grants_daily": 100_000,
    "ms_per_request": 30_000,
    "log_retention_days": 365,
}
# Controls that an endpoint may lack.
_PARTS: Final = {"firewall": Firewall(), "gate": Gate(), "guard": Guard()}
_CHOICES: Final = {"plan": PLANS, "price_class": tuple(PRICE_CLASSES), "on_flood": get_args(OnFlood)}
_MOST_STEPS: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One change of one setting, and the bound after it."""

    setting: str
    now: object
    then: object
    total_usd: Decimal
    fits: bool

    def __str__(self) -> str:
        """Write it as a person would."""
        verdict = "fits" if self.fits else "does not fit alone"
        change = "add one" if is_dataclass(self.then) else f"{self.now} -> {self.then}"
        return f"{self.setting}: {change} makes {self.total_usd} USD ({verdict})"


def options(described: Described, budget_usd: Decimal, sheet: PriceSheet | None = None) -> tuple[Option, ...]:
    """Search each setting for the smallest change that brings the bound within a budget.

    A number is lowered as little as fits (by bisection: the bound never falls when it grows); if even its least value
    doesn't fit, that is shown. Plan, price class and flood response are tried word by word.

    Returns
    -------
    tuple of Option
        Only those that lower the bound. Those that fit come first, the smallest cut of them first; then the rest by
        what they save.
    """
    prices = sheet or default_prices()
    before = bound(described, prices).total_usd
    found = [_lowered(described, path, least, budget_usd, prices) for path, least in _LEAST.items()]
    found += [
        _tried(described, path, word, budget_usd, prices)
        for path, words in _CHOICES.items()
        if hasattr(described, path)
        for word in words
        if word != value_at(described, path)
    ]
    found += [
        _tried(described, path, part, budget_usd, prices)
        for path, part in _PARTS.items()
        if hasattr(described, path) and value_at(described, path) is None and isinstance(described, Endpoint)
    ]
    better = [option for option in found if option is not None and option.total_usd < before]
    return tuple(sorted(better, key=_pain))


def _pain(option: Option) -> tuple[bool, Decimal]:
    """Order options: fitting ones by how much of the setting is given up (a choice of words counts as half)."""
    if not option.fits:
        return True, option.total_usd
    if isinstance(option.then, int) and isinstance(option.now, int | Decimal):
        return False, 1 - option.then / Decimal(option.now)
    return False, Decimal("0.5")


def path_to_fit(described: Described, budget_usd: Decimal, sheet: PriceSheet | None = None) -> tuple[Option, ...]:
    """Return changes, one after the other, that bring a bound within a budget; empty when none was found.

    One change if one is enough; else the one that saves most each time, at most four.
    """
    prices = sheet or default_prices()
    steps: list[Option] = []
    for _ in range(_MOST_STEPS):
        candidates = options(described, budget_usd, prices)
        if not candidates:
            return ()
        steps.append(candidates[0])
        if candidates[0].fits:
            return tuple(steps)
        described = put(described, candidates[0].setting, candidates[0].then)
    return ()


def refusal(described: Described, budget_usd: Decimal, sheet: PriceSheet | None = None) -> str:
    """Say why a bound is refused: the figure, the largest terms, and what would make it fit. Empty when it fits."""
    computed: Bound = bound(described, sheet)
    if computed.fits(budget_usd):
        return ""
    head = (
        f"{described.function} on {computed.edge}: the worst month costs {_figure(computed)}, budget {budget_usd} USD"
    )
    largest = [f"{term.symbol} ({term.title}) {to_cent(term.amount)} USD" for term in computed.largest()]
    lines: list[str] = [
        head,
        *(f"  because {reason}" for reason in computed.reasons),
        f"  largest: {'; '.join(largest)}",
    ]
    return "\n".join([*lines, *_ways_out(described, budget_usd, sheet)])


def _ways_out(described: Described, budget_usd: Decimal, sheet: PriceSheet | None) -> Sequence[str]:
    fitting = [option for option in options(described, budget_usd, sheet) if option.fits]
    if fitting:
        return [f"  would fit: {option}" for option in fitting[:4]]
    steps = path_to_fit(described, budget_usd, sheet)
    if steps:
        return ["  would fit, all of these: " + "; ".join(str(step) for step in steps)]
    return ["  no single setting makes it fit: raise monthly_budget_usd or lower what the endpoint promises"]


def _figure(computed: Bound) -> str:
    return f"{computed.total_usd} USD" if computed.total.is_finite() else computed.status.value


def _tried(described: Described, path: str, value: object, budget_usd: Decimal, prices: PriceSheet) -> Option | None:
    changed = bound(put(described, path, value), prices)
    return Option(
        setting=path,
        now=value_at(described, path),
        then=value,
        total_usd=changed.total_usd,
        fits=changed.fits(budget_usd),
    )


def _lowered(described: Described, path: str, least: int, budget_usd: Decimal, prices: PriceSheet) -> Option | None:
    head = path.split(".", maxsplit=1)[0]
    if not hasattr(described, head):
        return None
    now = value_at(described, path)
    most = _MOST.get(path) if now is None else int(now)
    if most is None or most <= least:
        return None
    if not bound(put(described, path, least), prices).fits(budget_usd):
        return _tried(described, path, least, budget_usd, prices)
    low, high = least, most
    while high - low > 1:
        middle = (low + high) // 2
        fits = bound(put(described, path, middle), prices).fits(budget_usd)
        low, high = (middle, high) if fits else (low, middle)
    return _tried(described, path, low, budget_usd, prices)
