"""One function's settings, as its owner writes them, each with its limit and the limit's source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from edgewise.cost.bound import Allowance
from inference.contract import FUNCTION_NAME
from infra import limits
from infra.limits import Range

# A lease is 50 requests under load and about 4 where few come by; each is in the bound with its writes and a timeout.
_QUOTA_PER_RENEWAL: Final = 25
_LEAST_RENEWALS: Final = 100
# A start-up and a download cost as much as some hundred answers.
_QUOTA_PER_COLD: Final = 160
_LEAST_COLD: Final = 25

Number = Annotated[int, Field(strict=True)]
Name = Annotated[str, StringConstraints(strict=True, max_length=limits.FUNCTION_NAME_LENGTH)]


def _within(limit: Range) -> Any:
    """Bounds of a whole number; the limit's source travels with the field into the refusal."""
    return Field(ge=int(limit.low), le=int(limit.high), json_schema_extra={"source": limit.source})


def _check_function_name(name: str) -> str:
    if not FUNCTION_NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} has {len(name)} characters; a function's name is 2 to {limits.FUNCTION_NAME_LENGTH} of a-z, 0-9 "
            "and -, starts with a letter and does not end with -: it becomes part of names that AWS ends at "
            f"{limits.RESOURCE_NAME_LENGTH} characters (CloudFront API, CreateFunction; IAM API, CreateRole)"
        )
    if name in limits.OWN_NAMES or name.endswith(limits.OWN_ENDINGS):
        raise ValueError(
            f"{name!r} would be called in the account like a function of the program's own: choose another name than "
            f"{', '.join(sorted(limits.OWN_NAMES))}, without the endings {', '.join(limits.OWN_ENDINGS)}"
        )
    return name


FunctionName = Annotated[str, AfterValidator(_check_function_name)]


class Frozen(BaseModel):
    """Refuses unknown keys and changes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class Domain(Frozen):
    """A function's own host name. With CloudFront's default certificate AWS fixes TLS at TLSv1."""

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
    certificate_arn: Annotated[
        str, StringConstraints(strict=True, pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/.+$")
    ]


class FunctionSettings(Frozen):
    """One function, as its owner writes it (design.md).

    Attributes
    ----------
    model : str
        A catalogue name that the stack pins to a digest.
    edges : tuple of str
        Where it runs.
    memory_mb, timeout_s : int
        Of the edge function; the timeout is sized for a cold start.
    daily_quota : int
        Invocations that may pass the ledger in a UTC day, per edge.
    ms_per_request : int
        Billed milliseconds granted with each invocation, on average.
    rate_cap_rps : int
        Requests a second that the firewall lets through.
    rate_cap_ip_rps : int or None
        Of these, from one address; None for half of them.
    monthly_budget_usd : int
        The worst case must fit in it.
    on_flood : {"disconnect", "stay_up"}
        What gives when refused traffic costs too much.
    plan : {"none", "free", "pro", "business", "premium"}
        The CloudFront flat-rate plan that the owner has put on the distribution; nothing here can verify it.
    price_class : {"PriceClass_100", "PriceClass_200", "PriceClass_All"}
        The edges that may serve, and so the Regions whose prices the worst bill is made of.
    assumed_flood_rps, assumed_signed_flood_rps : int
        Requests a second that anybody, or somebody with a valid signature, sends at most: what the owner assumes of
        the world. The bound prints it.
    allowance_firewall, allowance_gate, allowance_ledger : int
        Refused requests a month, by where they are refused, after which the guard acts. Thin traffic loses receipts
        with its environments, and what a lost receipt would have told counts as refused at the ledger: raise that one.
    lease_least, lease_requests, lease_seconds : int
        What one edge process may answer before it asks the ledger again: at first, at most, and for how long.
    monthly_quota : int or None
        Invocations that may pass the ledger in a UTC month, per edge; None for as many as the days allow.
    cold_grants_daily, renewals_daily : int or None
        Leases that a day may grant: those that carry a start-up and a model download, and the others. None for a
        hundred-and-sixtieth and a twenty-fifth of the daily quota, at least 25 and 100.
    domain : Domain or None
        The function's own host name and certificate.
    customize : mapping
        Properties laid over a child resource's own, by the child's name: the escape hatch.
    """

    model: Name
    edges: Annotated[tuple[Literal["cloudfront"], ...], Field(min_length=1)]
    memory_mb: Annotated[Number, _within(limits.MEMORY_MB)]
    timeout_s: Annotated[Number, _within(limits.TIMEOUT_S)]
    daily_quota: Annotated[Number, _within(limits.DAILY_QUOTA)]
    ms_per_request: Annotated[Number, _within(limits.MS_PER_REQUEST)]
    rate_cap_rps: Annotated[Number, _within(limits.RATE_CAP_RPS)]
    monthly_budget_usd: Annotated[Number, _within(limits.MONTHLY_BUDGET_USD)]
    on_flood: Literal["disconnect", "stay_up"] = "disconnect"
    plan: Literal["none", "free", "pro", "business", "premium"] = "none"
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"] = "PriceClass_100"
    monthly_quota: Annotated[Number, _within(limits.MONTHLY_QUOTA)] | None = None
    cold_grants_daily: Annotated[Number, _within(limits.GRANTS_DAILY)] | None = None
    renewals_daily: Annotated[Number, _within(limits.GRANTS_DAILY)] | None = None
    lease_least: Annotated[Number, _within(limits.LEASE_LEAST)] = 4
    lease_requests: Annotated[Number, _within(limits.LEASE_REQUESTS)] = 50
    lease_seconds: Annotated[Number, _within(limits.LEASE_SECONDS)] = 600
    assumed_flood_rps: Annotated[Number, _within(limits.RATE_CAP_RPS)] = 1000
    assumed_signed_flood_rps: Annotated[Number, _within(limits.RATE_CAP_RPS)] = 25
    rate_cap_ip_rps: Annotated[Number, _within(limits.RATE_CAP_RPS)] | None = None
    allowance_firewall: Annotated[Number, _within(limits.ALLOWANCE)] = Allowance().firewall
    allowance_gate: Annotated[Number, _within(limits.ALLOWANCE)] = Allowance().gate
    allowance_ledger: Annotated[Number, _within(limits.ALLOWANCE)] = Allowance().ledger
    domain: Domain | None = None
    customize: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)

    @field_validator("edges", mode="after")
    @classmethod
    def _no_edge_twice(cls, edges: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(edges)) != len(edges):
            raise ValueError(f"{', '.join(edges)} names an edge twice; name each edge once")
        return edges

    @model_validator(mode="after")
    def _fits_itself(self) -> Self:
        if self.ms_per_request > self.timeout_s * 1000:
            raise ValueError(
                f"ms_per_request {self.ms_per_request} is over timeout_s {self.timeout_s} "
                f"({self.timeout_s * 1000} ms): no request can use more; lower ms_per_request or raise timeout_s"
            )
        if self.lease_requests > self.daily_quota:
            raise ValueError(
                f"lease_requests {self.lease_requests} is over daily_quota {self.daily_quota}: "
                "one lease would take more than the day; lower lease_requests"
            )
        if self.lease_least > self.lease_requests:
            raise ValueError(
                f"lease_least {self.lease_least} is over lease_requests {self.lease_requests}: "
                "the smallest lease can't be larger than the largest; lower lease_least"
            )
        if self.rate_cap_ip_rps is not None and self.rate_cap_ip_rps > self.rate_cap_rps:
            raise ValueError(
                f"rate_cap_ip_rps {self.rate_cap_ip_rps} is over rate_cap_rps {self.rate_cap_rps}: one address can't "
                "send what all together may not; lower rate_cap_ip_rps or raise rate_cap_rps"
            )
        if self.monthly_quota is not None and self.monthly_quota < self.daily_quota:
            raise ValueError(
                f"monthly_quota {self.monthly_quota} is under daily_quota {self.daily_quota}: "
                "a day could take more than the month; lower daily_quota or raise monthly_quota"
            )
        return self

    @property
    def address_cap_rps(self) -> int:
        """Requests a second from one address: the owner's figure, or half of all."""
        return self.rate_cap_ip_rps or max(1, self.rate_cap_rps // 2)

    @property
    def cold_grants(self) -> int:
        """Cold grants a day: the owner's figure, or the default."""
        return self.cold_grants_daily or max(_LEAST_COLD, self.daily_quota // _QUOTA_PER_COLD)

    @property
    def renewals(self) -> int:
        """Renewals a day: the owner's figure, or the default."""
        return self.renewals_daily or max(_LEAST_RENEWALS, self.daily_quota // _QUOTA_PER_RENEWAL)
