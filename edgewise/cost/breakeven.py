"""Where serverless stops being cheaper: the average rate at which an always-on machine costs the same.

``rate = hourly price / (3600 x cost of one request)``. The cost of one request is its fees, its time, and, at the edge,
the CDN's request and the body's bytes; firewall and gate are left out on both sides, for a machine needs them too.
Free tiers are not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from edgewise.cost.bound.book import GIB
from edgewise.cost.prices import PriceLine, PriceSheet, default_prices
from edgewise.cost.quotas import limit

HOME: Final = "us-east-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Work:
    """One inference, as measured.

    Attributes
    ----------
    ms : Decimal
        Billed milliseconds of a request at `memory_mb`.
    cpu_ms : Decimal, optional
        CPU milliseconds on Workers; `ms` when left out.
    request_bytes : int
        The body.
    group : str
        The region group whose CDN prices count.
    """

    ms: Decimal
    memory_mb: int = limit("lambda.vcpu_memory_mb")
    cpu_ms: Decimal | None = None
    request_bytes: int = 50_000
    group: str = "us"

    @property
    def vcpu_ms(self) -> Decimal:
        """Milliseconds of a whole vCPU: below 1,769 MB Lambda gives a share of one, in proportion."""
        share = Decimal(self.memory_mb) / limit("lambda.vcpu_memory_mb")
        return self.ms * min(share, Decimal(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """An always-on machine: a line of the price sheet, and its vCPUs (None for a GPU, whose rate must be measured)."""

    price_id: str
    vcpus: int | None


# AWS, EC2 instance types: c7g.large 2 vCPU, c7g.xlarge 4, t4g.small 2 (burstable: its baseline is 20 % of a vCPU each).
MACHINES: Final = (
    Machine(price_id="ec2.g4dn.xlarge", vcpus=None),
    Machine(price_id="ec2.g6.xlarge", vcpus=None),
    Machine(price_id="ec2.g5.xlarge", vcpus=None),
    Machine(price_id="ec2.c7g.large", vcpus=2),
    Machine(price_id="ec2.c7g.xlarge", vcpus=4),
)
SERVICES: Final = ("Lambda@Edge", "Lambda x86", "Lambda arm", "Workers")


@dataclass(frozen=True, kw_only=True, slots=True)
class BreakEven:
    """One machine against one serverless service.

    Attributes
    ----------
    rate_rps : Decimal
        Average requests a second, all day and night, above which the machine is cheaper.
    capacity_rps : Decimal, optional
        What the machine's vCPUs can do of this work, each like one of Lambda's; None for a GPU.
    """

    service: str
    machine: str
    rate_rps: Decimal
    capacity_rps: Decimal | None

    @property
    def serverless_always_wins(self) -> bool:
        """Whether one machine is full before it is cheaper."""
        return self.capacity_rps is not None and self.capacity_rps < self.rate_rps

    def __str__(self) -> str:
        """Say it in a sentence."""
        if self.serverless_always_wins:
            return f"{self.service} is cheaper than {self.machine} at any rate: the machine is full first"
        return f"above {self.rate_rps:.1f} requests/s on average {self.machine} is cheaper than {self.service}"


def request_usd(work: Work, service: str, sheet: PriceSheet | None = None) -> Decimal:
    """Return what one request costs on a service, in USD.

    Raises
    ------
    UnknownPriceError
        When the sheet lacks a price.
    ValueError
        When the service is unknown.
    """
    prices = sheet or default_prices()
    if service == "Lambda@Edge":
        gb_seconds = work.ms / 1000 * work.memory_mb / 1024
        return (
            _unit(prices.price("lambda_edge.request"))
            + gb_seconds * _unit(prices.price("lambda_edge.duration"))
            + _unit(prices.price("cloudfront.request.https", work.group))
            + Decimal(work.request_bytes) / GIB * _unit(prices.price("cloudfront.bytes.to_function", work.group))
        )
    if service in ("Lambda x86", "Lambda arm"):
        duration = "lambda.duration.arm64" if service.endswith("arm") else "lambda.duration.x86_64"
        gb_seconds = work.ms / 1000 * work.memory_mb / 1024
        return _unit(prices.price("lambda.request", HOME)) + gb_seconds * _unit(prices.price(duration, HOME))
    if service == "Workers":
        cpu_ms = work.ms if work.cpu_ms is None else work.cpu_ms
        return _unit(prices.price("workers.request")) + cpu_ms * _unit(prices.price("workers.cpu"))
    raise ValueError(f"service {service!r}: use one of {', '.join(SERVICES)}")


def break_even(work: Work, service: str, machine: Machine, sheet: PriceSheet | None = None) -> BreakEven:
    """Return the rate above which a machine is cheaper than a service.

    Examples
    --------
    >>> gpu = MACHINES[0]
    >>> round(break_even(Work(ms=Decimal(20)), "Lambda@Edge", gpu).rate_rps)
    34
    """
    prices = sheet or default_prices()
    hourly = _unit(prices.price(machine.price_id, HOME))
    capacity = None if machine.vcpus is None else machine.vcpus * 1000 / work.vcpu_ms
    return BreakEven(
        service=service,
        machine=machine.price_id.removeprefix("ec2."),
        rate_rps=hourly / (3600 * request_usd(work, service, prices)),
        capacity_rps=capacity,
    )


def table(work: Work, sheet: PriceSheet | None = None) -> tuple[BreakEven, ...]:
    """Return every machine against every service."""
    return tuple(break_even(work, service, machine, sheet) for machine in MACHINES for service in SERVICES)


def verdict(work: Work, rate_rps: Decimal, sheet: PriceSheet | None = None) -> str:
    """Say what is cheapest at an average rate, and whether the edge loses.

    Parameters
    ----------
    rate_rps : Decimal
        Average over day and night, not the peak.
    """
    prices = sheet or default_prices()
    hours = {service: rate_rps * 3600 * request_usd(work, service, prices) for service in SERVICES}
    for machine in MACHINES:
        per_machine = break_even(work, "Lambda@Edge", machine, prices).capacity_rps
        if per_machine is not None:
            count = max(Decimal(1), _ceil(rate_rps / per_machine))
            hours[f"{count} x {machine.price_id.removeprefix('ec2.')}"] = count * _unit(
                prices.price(machine.price_id, HOME)
            )
    cheapest = min(hours, key=lambda name: hours[name])
    edge = hours["Lambda@Edge"]
    if cheapest == "Lambda@Edge":
        return f"at {rate_rps} requests/s Lambda@Edge is the cheapest: {edge:.4f} USD an hour"
    return (
        f"at {rate_rps} requests/s Lambda@Edge LOSES: {edge:.4f} USD an hour against {hours[cheapest]:.4f} "
        f"for {cheapest}; what is paid for is the nearness, not the price"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryPoint:
    """One memory size as measured: warm and cold milliseconds."""

    memory_mb: int
    warm_ms: Decimal
    cold_ms: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class SweepRow:
    """A memory size with what a million warm requests' time and one cold start cost at the edge."""

    point: MemoryPoint
    million_usd: Decimal
    cold_usd: Decimal


def memory_sweep(points: Sequence[MemoryPoint], sheet: PriceSheet | None = None) -> tuple[SweepRow, ...]:
    """Price measured memory sizes, smallest first: billed time is whole milliseconds, rounded up."""
    second = _unit((sheet or default_prices()).price("lambda_edge.duration"))
    rows = []
    for point in sorted(points, key=lambda each: each.memory_mb):
        gigabytes = Decimal(point.memory_mb) / 1024
        warm, cold = (_ceil(ms) / 1000 * gigabytes * second for ms in (point.warm_ms, point.cold_ms))
        rows.append(SweepRow(point=point, million_usd=warm * 1_000_000, cold_usd=cold))
    return tuple(rows)


def best_memory(rows: Sequence[SweepRow], max_warm_ms: Decimal, max_cold_ms: Decimal) -> SweepRow:
    """Return the cheapest size that keeps both latencies; among equals the faster one.

    Raises
    ------
    ValueError
        When none keeps them: names the fastest.
    """
    kept = [row for row in rows if row.point.warm_ms <= max_warm_ms and row.point.cold_ms <= max_cold_ms]
    if not kept:
        fastest = min((row.point for row in rows), key=lambda point: point.warm_ms, default=None)
        raise ValueError(f"no memory size is within {max_warm_ms} ms warm and {max_cold_ms} ms cold: fastest {fastest}")
    return min(kept, key=lambda row: (row.million_usd, row.point.warm_ms))


def _ceil(value: Decimal) -> Decimal:
    return value.to_integral_value(rounding=ROUND_CEILING)


def _unit(line: PriceLine) -> Decimal:
    return line.dearest / line.per
