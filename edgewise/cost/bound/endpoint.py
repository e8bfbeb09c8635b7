"""An endpoint as plain data: what the bound needs to know, whoever describes it (settings or raw resources).

What a describer can't see it leaves at None, and the bound then believes nothing and takes the platform's quota.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

from edgewise.cost.bound.checks import check, one_of
from edgewise.cost.quotas import limit

Plan = Literal["none", "free", "pro", "business", "premium"]
PriceClass = Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
OnFlood = Literal["disconnect", "stay_up"]
Number = int | Decimal

PLANS: Final = ("none", "free", "pro", "business", "premium")
_CLASS_100: Final = ("us", "europe")
_CLASS_200: Final = (*_CLASS_100, "africa_me", "japan", "asia", "india")

# Which region groups an edge of a price class can bill: AWS, CloudFront guide, "Choose the price class". A viewer
# from outside is served, and billed, inside the class.
PRICE_CLASSES: Final = {
    "PriceClass_100": _CLASS_100,
    "PriceClass_200": _CLASS_200,
    "PriceClass_All": (*_CLASS_200, "australia", "south_america"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """How an environment asks the ledger for work.

    Attributes
    ----------
    requests : int
        The smallest lease that is granted while more is left (a day's last one may be smaller): it decides how many
        leases a quota can make.
    seconds : int
        How long a lease lasts at most.
    attempts : int
        Times that one call to the ledger is sent at most (1 + retries).
    writes : int
        Conditional writes that one question may take at most, lost races at midnight included.
    reads : int
        Items that one look at the ledger reads: the limits, the model's source and the operators' override, in one
        call.
    item_bytes, receipt_bytes : int
        The counter item without, and one receipt: together they are what a write is billed by.
    refusal_memory_s : int
        How long a refused renewal is not asked again.
    exchange_bytes : int
        Bytes of one ledger call each way, TLS handshake included.
    """

    requests: int = 50
    seconds: int = 600
    attempts: int = 2
    writes: int = 6
    reads: int = 3
    item_bytes: int = 1024
    receipt_bytes: int = 1024
    refusal_memory_s: int = 300
    exchange_bytes: int = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Firewall:
    """A web ACL whose default is BLOCK: number of rules, rate rule's window, capacity units."""

    rules: int = 4
    window_s: int = 60
    capacity_units: int = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """The viewer-request function on every behaviour.

    Attributes
    ----------
    signed : bool
        Whether a request without a valid signature ends here.
    store : bool
        Whether it reads `closed_until` from a key-value store.
    reads : int
        Reads of the store for one request at most.
    answer_bytes : int
        A refusal on the wire, headers included, at most.
    """

    signed: bool = True
    store: bool = True
    reads: int = 3
    answer_bytes: int = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Settle:
    """The function on the ledger's stream that takes in receipts and closes the gate.

    Attributes
    ----------
    init_s : int
        Start-up of one environment, billed beside its run's time; the platform's ceiling.
    store_calls : int
        Calls of the store's API that one closing makes at most: six attempts, each of which describes the store, reads
        the key and writes it.
    alerts_daily, claim_bytes : int
        Alerts of a day, each claimed by an object in the lake before it is sent and once more after.
    """

    memory_mb: int = 128
    timeout_s: int = 10
    init_s: int = limit("lambda.init_s")
    retries: int = 2
    log_bytes: int = 2048
    store_calls: int = 18
    alerts_daily: int = 8
    claim_bytes: int = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """The scheduled function that closes the gate or disables the distribution when an allowance is used up.

    Attributes
    ----------
    init_s : int
        Start-up of one environment, billed beside its run's time; the platform's ceiling.
    metrics, ledger_reads, ledger_writes : int
        What one run reads of CloudWatch and the ledger, and writes of its own memory there, in units.
    """

    interval_s: int = 300
    memory_mb: int = 128
    timeout_s: int = 10
    init_s: int = limit("lambda.init_s")
    attempts: int = 1
    metrics: int = 20
    ledger_reads: int = 4
    ledger_writes: int = 1
    log_bytes: int = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """Refused requests a month, by gate, after which the guard acts."""

    firewall: int = 1_000_000
    gate: int = 300_000
    ledger: int = 5_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Assumed:
    """What nobody promises and the bound therefore prints: the world's worst, and how late controls act.

    Attributes
    ----------
    flood_rps : int
        Requests a second that anybody sends, at most.
    signed_flood_rps : int
        Requests a second that carry a valid signature, at most: mad devices, a stolen key, replays.
    firewall_s : int
        From passing a rate rule's limit until it blocks.
    store_s : int
        From writing a key until every gate reads it.
    metrics_s : int
        How late a CloudWatch metric may be.
    disable_s : int
        From disabling a distribution until it answers no more.
    init_s : int
        Start-up of one environment; the platform's ceiling unless the owner measured less.
    unmetered_ms : int
        Billed time of a call that its own clock can't see (the runtime around the handler, rounding up).
    """

    flood_rps: int = 1000
    signed_flood_rps: int = 25
    firewall_s: int = limit("waf.rate_rule_reaction_s")
    store_s: int = limit("cloudfront.store_propagation_s")
    metrics_s: int = limit("cloudwatch.metric_delay_s")
    disable_s: int = limit("cloudfront.disable_s")
    init_s: int = limit("lambda.init_s")
    unmetered_ms: int = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One function behind its own CloudFront distribution, run by Lambda@Edge on the origin-request event.

    Attributes
    ----------
    function : str
        Its name.
    memory_mb, timeout_s : int
        Lambda's settings; both exact.
    daily_quota, monthly_quota : int, optional
        Invocations that may pass the ledger. Without a daily quota there is no ledger.
    ms_per_request : int, optional
        Milliseconds granted with each invocation; None when leases don't bound time.
    rate_cap_rps : number, optional
        Limit over window of the rate rule that counts all requests; None when there is none.
    request_bytes : int
        The one body length that the gate lets pass.
    answer_bytes : int
        An answer on the wire, headers included, at most.
    model_bytes, model_attempts : int
        The model, and how often one cold grant may fetch it.
    log_bytes : int
        Bytes that one call logs at most, Lambda's own report lines and the service's 26 bytes a line included.
    log_retention_days : int, optional
        None keeps logs for ever, which has no bound.
    access_log_bytes : int
        One line of the CDN's access log kept in S3; 0 without access logs.
    cold_grants_daily, renewals_daily : int, optional
        The ledger's separate quotas for an environment's first lease and for later ones.
    alarms, alarm_period_s, subscribers, custom_metrics : int
        Resources with fixed fees, and how often an alarm can ring at most. Alarms of the whole stack stand with its
        shared resources.
    budget_alerts : int
        What AWS Budgets tells of this function in a month at most; 0 without a budget of AWS's.
    plan : str
        CloudFront flat-rate plan. A declared fact: no resource of the program proves it.
    unpriced : tuple of str
        What the describer saw and this model has no price for; it makes the bound UNKNOWN.
    monthly_budget_usd : Decimal, optional
        What the owner allows; not used in the bound.
    """

    function: str
    memory_mb: int
    timeout_s: int
    daily_quota: int | None
    ms_per_request: int | None
    rate_cap_rps: Number | None
    request_bytes: int
    model_bytes: int
    monthly_quota: int | None = None
    cold_grants_daily: int | None = None
    renewals_daily: int | None = None
    on_flood: OnFlood = "disconnect"
    plan: Plan = "none"
    price_class: PriceClass = "PriceClass_100"
    monthly_budget_usd: Decimal | None = None
    answer_bytes: int = 2048
    model_attempts: int = 2
    log_bytes: int = 2048
    log_retention_days: int | None = 30
    access_log_bytes: int = 0
    lake_months: int = 13
    alarms: int = 4
    alarm_period_s: int = 300
    subscribers: int = 1
    custom_metrics: int = 9
    budget_alerts: int = 50
    lease: Lease = field(default_factory=Lease)
    firewall: Firewall | None = field(default_factory=Firewall)
    gate: Gate | None = field(default_factory=Gate)
    settle: Settle | None = field(default_factory=Settle)
    guard: Guard | None = field(default_factory=Guard)
    allowance: Allowance = field(default_factory=Allowance)
    assumed: Assumed = field(default_factory=Assumed)
    unpriced: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be a description."""
        check(self, self.function)
        one_of(self.function, "on_flood", self.on_flood, ("disconnect", "stay_up"))
        one_of(self.function, "plan", self.plan, PLANS)
        one_of(self.function, "price_class", self.price_class, tuple(PRICE_CLASSES))

    @property
    def groups(self) -> tuple[str, ...]:
        """The region groups whose prices the endpoint can be billed at."""
        return PRICE_CLASSES[self.price_class]
