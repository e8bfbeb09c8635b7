"""The local edge's own meter: what it counted, times the price sheet, is what the month has cost so far.

It shares nothing with `edgewise.cost.bound`, so that "spent is at most the bound" compares two things. Prices are
those of `edgewise.cost.simulate.tariff`: one region group, the first tier, no free allowance. Fixed fees count whole
from the month's first moment, as AWS announces them, although some are charged by the hour.

What it can't see, and so leaves out: bytes of logs and what is kept of them, unless somebody notes them; writes to the
ledger that were refused or lost a race; transfer between Regions; alarms' messages that no subscriber got; queries,
restores and openings by hand; the stack's shared resources (dashboard, catalogue, the stack's own alarms), which have
a bound of their own; taxes. A month before the meter began is as if nothing had happened in it but the ledger's leases.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from edgewise.cost.prices import PriceSheet, default_prices
from edgewise.cost.simulate.tariff import RATES, Tally, charge
from edgewise.local.dashboard.counters import Running
from edgewise.local.dashboard.ledger import read_ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

# DynamoDB guide, "Read/write capacity": a write unit is 1 KB, and a lease's write carries item and receipt (1 KB
# each); a question reads limits and switches, a unit each.
_WRITE_UNITS: Final = 2
_READ_UNITS: Final = 2
# At most this a run, whatever the guard finds: docs/adr/0004-bound.md prices its look at these.
_GUARD_METRICS: Final = 20
_GUARD_READS: Final = 4
_GUARD_WRITES: Final = 1
_COUNTED: Final = "counted"
_FIXED: Final = "fixed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fees:
    """What costs by the month, used or not.

    Attributes
    ----------
    plan : str
        CloudFront's flat-rate plan, or ``none``.
    web_acl_rules : int, optional
        None without a web ACL. A plan covers it.
    alarms, custom_metrics, budgets : int
        Of the function alone.
    """

    plan: str = "none"
    web_acl_rules: int | None = None
    alarms: int = 0
    custom_metrics: int = 0
    budgets: int = 0

    def tally(self) -> Tally:
        """Return them as events."""
        tally = Tally()
        if self.plan != "none":
            tally.add(_FIXED, f"plan {self.plan}")
        if self.web_acl_rules is not None:
            tally.add(_FIXED, "web ACL")
            tally.add(_FIXED, "web ACL rule", self.web_acl_rules)
        for event, number in (("alarm", self.alarms), ("metric", self.custom_metrics), ("budget", self.budgets)):
            tally.add(_FIXED, event, number)
        return tally


def of_distribution(counters: Mapping[str, Any]) -> dict[str, int]:
    """Return the events of a distribution's counters, as the gateway's ``GET /state`` has them.

    What the firewall blocked is charged by the firewall alone, and what a disabled distribution answered by nobody.
    """

    def number(name: str) -> int:
        return int(counters.get(name, 0))

    return {
        "firewall request": number("waf_allowed") + number("waf_blocked"),
        "CDN request": number("requests") - number("waf_blocked") - number("disabled"),
        "gate run": number("gate_calls"),
        "store read": number("gate_store_reads"),
        "byte to function": number("function_bytes_in"),
        "byte out": number("bytes_out"),
        "bucket read": number("origin_requests"),
    }


def of_pool(pool: Mapping[str, Any]) -> dict[str, int]:
    """Return the events of the edge function's environments: start-ups are in the billed milliseconds."""
    return {"edge call": int(pool["invocations"]), "edge MB-ms": int(pool["billed_ms"]) * int(pool["memory_mb"])}


def of_home(*, runs: int, billed_ms: int, memory_mb: int) -> dict[str, int]:
    """Return the events of a function in the home Region: settle or a guard."""
    return {"home run": runs, "home MB-ms": billed_ms * memory_mb}


def of_settle(*, runs: int, billed_ms: int, memory_mb: int) -> dict[str, int]:
    """Return the events of settle's runs: each writes an object to the lake, or more (a run may span midnight)."""
    return of_home(runs=runs, billed_ms=billed_ms, memory_mb=memory_mb) | {"lake object": runs}


def of_guard(*, runs: int, billed_ms: int, memory_mb: int) -> dict[str, int]:
    """Return the events of a guard's runs: the schedule's start, the metrics it asks for, what it reads and keeps."""
    return of_home(runs=runs, billed_ms=billed_ms, memory_mb=memory_mb) | {
        "schedule start": runs,
        "metric read": runs * _GUARD_METRICS,
        "ledger read unit": runs * _GUARD_READS,
        "ledger write unit": runs * _GUARD_WRITES,
    }


def of_alerts(delivered: int) -> dict[str, int]:
    """Return the events of messages that a subscriber got: one published, one mailed."""
    return {"topic message": delivered, "mail": delivered}


def of_counter(counter_item: Mapping[str, Any]) -> dict[str, int]:
    """Return the ledger's events as its counter item tells them: a question and a write a lease, a write a receipt.

    A receipt that rode with a lease is charged twice here; refused writes are not in the item.
    """
    ledger = read_ledger(counter_item)
    return {
        "ledger read unit": ledger.leases * _READ_UNITS,
        "ledger write unit": (ledger.leases + ledger.receipts) * _WRITE_UNITS,
    }


@dataclass(kw_only=True, slots=True)
class Meter:
    """Adds up a calendar month (UTC) by function.

    Parameters
    ----------
    fees : mapping
        By function.
    sheet : PriceSheet
    group : str
        The region group that serves.

    Examples
    --------
    >>> meter = Meter(fees={"face-match": Fees(web_acl_rules=4)})
    >>> meter.note(0, "face-match", "gateway", {"firewall request": 1_000_000})
    >>> round(meter.spent_usd("face-match"), 2)
    Decimal('9.60')
    """

    fees: Mapping[str, Fees]
    sheet: PriceSheet = field(default_factory=default_prices)
    group: str = "us"
    _month: str = ""
    _counted: dict[str, dict[str, int]] = field(default_factory=dict)
    _running: Running = field(default_factory=Running)

    def note(self, now_s: float, function: str, source: str, counted: Mapping[str, int]) -> None:
        """Take in running counts by event class; a source that went down has begun anew and counts on.

        Parameters
        ----------
        source : str
            Who counts, such as ``gateway`` or ``settle``: each class is remembered by source.
        counted : mapping
            Event classes of `edgewise.cost.simulate.tariff.RATES`.

        Raises
        ------
        KeyError
            When a class has no rate, or the function no fees: nothing is free by mistake. Nothing was taken in.
        """
        self._require(function)
        unknown = sorted(set(counted) - set(RATES))
        if unknown:
            raise KeyError(f"events {unknown} of {source} have no rate: use those of the tariff, {sorted(RATES)}")
        self._turn(now_s)
        month = self._counted.setdefault(function, {})
        for event, number in counted.items():
            key = f"{function}/{source}/{event}"
            month[event] = month.get(event, 0) + self._running.added(key, number)

    def spent_usd(self, function: str) -> Decimal:
        """Return what a function has cost this month, its fixed fees whole."""
        return sum(self.lines(function).values(), Decimal(0))

    def lines(self, function: str) -> dict[str, Decimal]:
        """Return USD by event class."""
        self._require(function)
        fees = self.fees[function]
        tally = fees.tally()
        for event, number in self._counted.get(function, {}).items():
            tally.add(_COUNTED, event, number)
        by_event: dict[str, Decimal] = {}
        for (_, event), usd in charge(tally, self.sheet, group=self.group, plan=fees.plan).items():
            by_event[event] = by_event.get(event, Decimal(0)) + usd
        return by_event

    def to_json(self) -> dict[str, Any]:
        """Return what a process that starts again needs to count on."""
        return {"month": self._month, "counted": self._counted, "last": self._running.last}

    def load(self, kept: Mapping[str, Any]) -> None:
        """Take up what `to_json` returned; functions that are gone are forgotten.

        Raises
        ------
        ValueError
            When it is something else. The meter is as it was.
        """
        try:
            month = str(kept["month"])
            counted = {name: _numbers(by_event) for name, by_event in kept["counted"].items() if name in self.fees}
            last = _numbers(kept["last"])
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"what the meter kept can't be read: {error!r}; it begins anew without it") from error
        self._month, self._counted, self._running = month, counted, Running(last=last)

    def _turn(self, now_s: float) -> None:
        """Begin with nothing when the month is another."""
        month = datetime.fromtimestamp(now_s, UTC).strftime("%Y-%m")
        if month != self._month:
            self._month, self._counted = month, {}

    def _require(self, function: str) -> None:
        if function not in self.fees:
            raise KeyError(f"function {function!r} is not metered: fees are known of {sorted(self.fees)}")


def _numbers(kept: Mapping[str, Any]) -> dict[str, int]:
    return {str(name): int(number) for name, number in kept.items()}
