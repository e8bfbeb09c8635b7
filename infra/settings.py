"""The stack's settings, read once, checked whole, before the first resource is declared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from inference.contract import DIGEST, FUNCTION_NAME, KEY_ID
from infra import limits
from infra.limits import Range
from infra.refusals import KeyNames, refusals

NAMESPACE: Final = "edgewise"

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
    return name


FunctionName = Annotated[str, AfterValidator(_check_function_name)]


class SettingsError(ValueError):
    """Every refused key of the stack's settings, one line each."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False)


class Domain(_Frozen):
    """A function's own host name. With CloudFront's default certificate AWS fixes TLS at TLSv1."""

    name: Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
    certificate_arn: Annotated[
        str, StringConstraints(strict=True, pattern=r"^arn:aws:acm:us-east-1:\d{12}:certificate/.+$")
    ]


class FunctionSettings(_Frozen):
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
        if self.monthly_quota is not None and self.monthly_quota < self.daily_quota:
            raise ValueError(
                f"monthly_quota {self.monthly_quota} is under daily_quota {self.daily_quota}: "
                "a day could take more than the month; lower daily_quota or raise monthly_quota"
            )
        return self

    @property
    def cold_grants(self) -> int:
        """Cold grants a day: the owner's figure, or the default."""
        return self.cold_grants_daily or max(_LEAST_COLD, self.daily_quota // _QUOTA_PER_COLD)

    @property
    def renewals(self) -> int:
        """Renewals a day: the owner's figure, or the default."""
        return self.renewals_daily or max(_LEAST_RENEWALS, self.daily_quota // _QUOTA_PER_RENEWAL)


class Settings(_Frozen):
    """All of a stack's settings."""

    stack: Annotated[
        str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9-]*$", max_length=limits.STACK_NAME_LENGTH)
    ]
    region: Literal["us-east-1"]
    cost_centre: Annotated[
        str,
        StringConstraints(strict=True, min_length=1, max_length=limits.TAG_VALUE_LENGTH, pattern=r"^[\w .:/=+@-]+$"),
    ]
    log_retention_days: Number = 14
    key_ids: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)] = ("k1",)
    models: Mapping[Name, str]
    functions: Annotated[Mapping[FunctionName, FunctionSettings], Field(min_length=1)]

    @field_validator("log_retention_days", mode="after")
    @classmethod
    def _retention_exists(cls, days: int) -> int:
        if days not in limits.LOG_RETENTION_DAYS:
            allowed = ", ".join(map(str, sorted(limits.LOG_RETENTION_DAYS)))
            raise ValueError(f"{days} is no retention that CloudWatch Logs offers; choose one of {allowed}")
        return days

    @field_validator("key_ids", mode="after")
    @classmethod
    def _key_ids_are_names(cls, key_ids: tuple[str, ...]) -> tuple[str, ...]:
        for kid in key_ids:
            if not KEY_ID.fullmatch(kid):
                raise ValueError(f"{kid!r} is no key id; use one to eight of a-z and 0-9, like k1")
        if len(set(key_ids)) != len(key_ids):
            raise ValueError(f"{', '.join(key_ids)} names a key twice; name each key once")
        return key_ids

    @field_validator("models", mode="after")
    @classmethod
    def _models_are_pinned(cls, models: Mapping[str, str]) -> Mapping[str, str]:
        for name, digest in models.items():
            if not DIGEST.fullmatch(digest):
                raise ValueError(f"{name} is pinned to {digest!r}; a digest is sha256: and 64 hexadecimal digits")
        return models

    @model_validator(mode="after")
    def _models_are_known(self) -> Self:
        for name, function in self.functions.items():
            if function.model not in self.models:
                known = ", ".join(sorted(self.models)) or "none"
                raise ValueError(
                    f"{NAMESPACE}:functions.{name}.model: {function.model!r} is not pinned in {NAMESPACE}:models "
                    f"(pinned: {known}); add its digest there"
                )
        return self

    @property
    def protects_data(self) -> bool:
        """Whether what holds data is kept when the program or the stack forgets it."""
        return self.stack in {"staging", "prod"}

    def tags(self, function: str | None = None) -> dict[str, str]:
        """Cost allocation tags: environment, cost centre and, where there is one, the function."""
        tags = {"edgewise:environment": self.stack, "edgewise:cost-centre": self.cost_centre}
        return tags | {"edgewise:function": function} if function else tags


_KEYS: Final = {
    f"{NAMESPACE}:functions": "functions",
    f"{NAMESPACE}:models": "models",
    f"{NAMESPACE}:costCentre": "cost_centre",
    f"{NAMESPACE}:logRetentionDays": "log_retention_days",
    f"{NAMESPACE}:keyIds": "key_ids",
    "aws:region": "region",
}
_NAMES: Final = KeyNames(
    by_field={field: key for key, field in _KEYS.items()},
    model_at={
        (): Settings,
        ("functions", "*"): FunctionSettings,
        ("functions", "*", "domain"): Domain,
    },
)


def read_settings(stack: str, config: Mapping[str, str]) -> Settings:
    """Check a stack's whole configuration.

    Parameters
    ----------
    stack : str
        The stack's name.
    config : mapping
        Every key of the stack's configuration with its namespace; values as the engine hands them over, as text.

    Raises
    ------
    SettingsError
        Names every bad key with its value, the limit and the limit's source.
    """
    own = sorted(key for key in _KEYS if key.startswith(f"{NAMESPACE}:"))
    problems = [
        f"{key}: unknown key with value {value!r}; known keys: {', '.join(own)}"
        for key, value in config.items()
        if key.startswith(f"{NAMESPACE}:") and key not in _KEYS
    ]
    fields = {field: _decode(config[key]) for key, field in _KEYS.items() if key in config}
    try:
        settings = Settings.model_validate({"stack": stack, **fields})
    except ValidationError as error:
        problems += refusals(error, _NAMES)
    if problems:
        raise SettingsError("\n  ".join([f"stack {stack} is refused, nothing was declared:", *problems]))
    return settings


def _decode(value: str) -> Any:
    """Read a value as the data it is; text that is no JSON stays text."""
    try:
        return json.loads(value)
    except ValueError:
        return value
