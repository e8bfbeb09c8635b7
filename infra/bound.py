"""From settings to the worst bill of a month: described before a resource is declared, refused when it does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from edgewise.cost.advice import refusal
from edgewise.cost.bound import Allowance, Assumed, Bound, Endpoint, Firewall, Lease, StackShared, bound, shared_bound
from inference.manifest import Manifest
from infra.firewall import WINDOW_S, Passing, capacity_units, rules
from infra.function_settings import FunctionSettings
from infra.names import physical_name
from infra.settings import Settings


class BudgetError(ValueError):
    """A function's worst month is infinite, unknown or over its budget."""


# inference/memory.py, RENEWAL_MEMORY_S; a test holds both together (the rooms keep imports apart).
RENEWAL_MEMORY_S: Final = 300


@dataclass(frozen=True, kw_only=True, slots=True)
class StackBound:
    """The worst month of every function and of what they share."""

    functions: Mapping[str, Bound]
    shared: Bound

    @property
    def total_usd(self) -> Decimal:
        """All of it, to the cent, rounded up."""
        return sum((each.total_usd for each in self.functions.values()), self.shared.total_usd)

    def to_output(self) -> dict[str, Any]:
        """Return the figures as a stack output: text, since a float would not be the figure."""
        functions = {
            name: {"total_usd": str(each.total_usd), "terms": {k: str(v) for k, v in each.by_symbol().items()}}
            for name, each in self.functions.items()
        }
        return {"functions": functions, "shared_usd": str(self.shared.total_usd), "total_usd": str(self.total_usd)}


def describe(name: str, function: FunctionSettings, model: Manifest, settings: Settings) -> Endpoint:
    """Say of a function what the bound needs to know.

    What the settings don't name has the platform's own figure, which is in `Endpoint`'s defaults: the program builds
    nothing else.
    """
    return Endpoint(
        function=name,
        memory_mb=function.memory_mb,
        timeout_s=function.timeout_s,
        daily_quota=function.daily_quota,
        monthly_quota=function.monthly_quota,
        cold_grants_daily=function.cold_grants,
        renewals_daily=function.renewals,
        ms_per_request=function.ms_per_request,
        rate_cap_rps=function.rate_cap_rps,
        request_bytes=model.request_bytes,
        model_bytes=model.bytes,
        on_flood=function.on_flood,
        plan=function.plan,
        price_class=function.price_class,
        monthly_budget_usd=Decimal(function.monthly_budget_usd),
        log_retention_days=settings.log_retention_days,
        subscribers=len(settings.alert_emails),
        allowance=Allowance(
            firewall=function.allowance_firewall, gate=function.allowance_gate, ledger=function.allowance_ledger
        ),
        assumed=assumed(function),
        firewall=_firewall(name, function, model, settings),
        lease=Lease(requests=function.lease_least, seconds=function.lease_seconds, refusal_memory_s=RENEWAL_MEMORY_S),
    )


def assumed(function: FunctionSettings) -> Assumed:
    """Say of a function what its owner assumes of the world."""
    return Assumed(flood_rps=function.assumed_flood_rps, signed_flood_rps=function.assumed_signed_flood_rps)


def passing(name: str, function: FunctionSettings, model: Manifest, settings: Settings) -> Passing:
    """Say of a function what its firewall lets pass."""
    return Passing(
        function=name,
        metric=physical_name(settings.stack, name),
        request_bytes=model.request_bytes,
        rate_cap_rps=function.rate_cap_rps,
        rate_cap_ip_rps=function.address_cap_rps,
    )


def _firewall(name: str, function: FunctionSettings, model: Manifest, settings: Settings) -> Firewall:
    declared = rules(passing(name, function, model, settings))
    return Firewall(rules=len(declared), window_s=WINDOW_S, capacity_units=capacity_units(declared))


def shared_resources(settings: Settings) -> StackShared:
    """Say of what all functions share what the bound needs to know."""
    return StackShared(stack=settings.stack, point_in_time_recovery=True, subscribers=len(settings.alert_emails))


def stack_bound(settings: Settings, manifests: Mapping[str, Manifest]) -> StackBound:
    """Compute the worst month of a stack.

    Parameters
    ----------
    settings : Settings
    manifests : mapping of str to Manifest
        By catalogue name.
    """
    endpoints = _endpoints(settings, manifests)
    return StackBound(
        functions={name: bound(endpoint) for name, endpoint in endpoints.items()},
        shared=shared_bound(shared_resources(settings)),
    )


def require_within_budget(settings: Settings, manifests: Mapping[str, Manifest]) -> StackBound:
    """Compute the worst month and refuse what does not fit.

    Raises
    ------
    BudgetError
        Names every function over its budget with the figure, its largest terms and what would make it fit.
    """
    worst = stack_bound(settings, manifests)
    budgets = {name: Decimal(function.monthly_budget_usd) for name, function in settings.functions.items()}
    over = [name for name, budget_usd in budgets.items() if not worst.functions[name].fits(budget_usd)]
    if over:
        endpoints = _endpoints(settings, manifests)
        refused = [refusal(endpoints[name], budgets[name]) for name in over]
        raise BudgetError("\n".join([f"stack {settings.stack} is refused, nothing was declared:", *refused]))
    return worst


def _endpoints(settings: Settings, manifests: Mapping[str, Manifest]) -> dict[str, Endpoint]:
    return {
        name: describe(name, function, manifests[function.model], settings)
        for name, function in settings.functions.items()
    }
