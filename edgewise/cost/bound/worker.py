"""A Cloudflare endpoint as plain data: a Worker, its Durable Object ledger, its key-value flag, its models in R2."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from edgewise.cost.bound.checks import check, one_of
from edgewise.cost.bound.endpoint import Allowance, Lease, OnFlood
from edgewise.cost.quotas import limit

Front = Literal["signed_rule", "none"]


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerAssumed:
    """What Cloudflare doesn't promise; see `edgewise.cost.bound.endpoint.Assumed` for the shared ones.

    Attributes
    ----------
    cpu_overrun_ms : int
        CPU past `cpu_ms` that one isolate may get, once a lease: the limit has documented flexibility.
    disable_s : int
        From removing a route until no data centre runs the Worker. Not documented.
    spend_policy_s : int
        From reaching a spend policy until it blocks. Not documented.
    """

    flood_rps: int = 1000
    signed_flood_rps: int = 25
    store_s: int = limit("workers.store_propagation_s")
    metrics_s: int = 600
    disable_s: int = 900
    spend_policy_s: int = 3600
    cpu_overrun_ms: int = limit("workers.default_cpu_ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerGuard:
    """The Worker on a cron trigger that closes or disconnects when an allowance is used up."""

    interval_s: int = 300
    cpu_ms: int = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkerEndpoint:
    """One function as a Cloudflare Worker.

    Attributes
    ----------
    front : str
        ``signed_rule``: a zone rule (Pro plan or higher) drops requests without a valid signature before the
        Worker, at no charge. ``none``: every request runs the Worker.
    spend_policy_usd : Decimal, optional
        The account's spend policy for Workers with `usage_block`.
    cpu_ms : int
        `limits.cpu_ms` of the Worker.
    kv_reads : int
        Reads of Workers KV for one request at most.
    log_events, log_bytes : int
        What one call logs at most.
    rows : int
        Rows that one call of the ledger object writes at most, alarms included.
    """

    function: str
    cpu_ms: int
    daily_quota: int | None
    model_bytes: int
    front: Front = "signed_rule"
    spend_policy_usd: Decimal | None = None
    monthly_quota: int | None = None
    cold_grants_daily: int | None = None
    renewals_daily: int | None = None
    on_flood: OnFlood = "disconnect"
    monthly_budget_usd: Decimal | None = None
    kv_reads: int = 1
    log_events: int = 2
    log_bytes: int = 1024
    model_attempts: int = 2
    rows: int = 3
    lease: Lease = field(default_factory=Lease)
    guard: WorkerGuard | None = field(default_factory=WorkerGuard)
    allowance: Allowance = field(default_factory=Allowance)
    assumed: WorkerAssumed = field(default_factory=WorkerAssumed)
    unpriced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be a description."""
        check(self, self.function)
        one_of(self.function, "on_flood", self.on_flood, ("disconnect", "stay_up"))
        one_of(self.function, "front", self.front, ("signed_rule", "none"))
