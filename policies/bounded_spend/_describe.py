"""From raw resources to what the bound counts with. What can't be seen is not believed.

Some figures stand in no resource: how long an answer is, how often the runtime asks the ledger, what a line of its log
takes. For those the bound's own defaults count (edgewise/cost/bound/endpoint.py), which are the runtime's; the same
ones that the program counts with.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from edgewise.cost.bound import Allowance, Assumed, Bound, Endpoint, Firewall, Gate, Lease, bound
from edgewise.cost.bound.declared import FLOOD_TAG, MODEL_BYTES_TAG, PLAN_TAG, SIGNED_FLOOD_TAG
from edgewise.cost.bound.endpoint import PLANS, PRICE_CLASSES, PriceClass
from edgewise.cost.quotas import limit
from policies.bounded_spend._bells import alerts_of, allowed_usd, bells_of, budgets_of, subscribers
from policies.bounded_spend._capacity import capacity_units
from policies.bounded_spend._firewall import Tried, rate_rps, tried, window_s
from policies.bounded_spend._functions import memory_mb, settle, timeout_s, watch
from policies.bounded_spend._gates import CLOSED_UNTIL, keys_of, reads_closed_until, ungated, verifies
from policies.bounded_spend._lake import lake_months
from policies.bounded_spend._unpriced import unpriced
from policies.bounded_spend._values import number_of, whole
from policies.core.endpoint import LOG_GROUP, InferenceEndpoint, is_model_path, limits_of
from policies.core.regions import EDGE_REGIONS, HOME_REGION
from policies.core.resource import UNKNOWN, Resource, behaviours

# What a lease must say, and the model that it pins; monthly_quota may be absent.
LIMITS: Final = (
    "daily_quota",
    "ms_per_request",
    "cold_grants_daily",
    "renewals_daily",
    "lease_least",
    "lease_requests",
    "lease_seconds",
)
# inference/memory.py: how long a refused renewal is not asked again.
REFUSAL_MEMORY_S: Final = 300
ALL_EDGES: Final = "PriceClass_All"
_MODELS: Final = ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject")


def bound_of(endpoint: InferenceEndpoint) -> Bound:
    """Compute an endpoint's worst month, once.

    Raises
    ------
    UnknownValueError
    """
    key = f"bound {endpoint.distribution.urn}"
    found: Bound | None = endpoint.stack.memory.get(key)
    if found is None:
        found = endpoint.stack.memory[key] = bound(describe(endpoint))
    return found


def describe(endpoint: InferenceEndpoint) -> Endpoint:
    """Say of an endpoint what the bound needs to know.

    Raises
    ------
    UnknownValueError
        When something is not known that decides.
    """
    firewall = tried(endpoint)
    numbers = lease_numbers(endpoint)
    guard = watch(endpoint)
    bells, budgets = bells_of(endpoint), budgets_of(endpoint)
    cap = min(firewall.caps, key=rate_rps) if firewall and firewall.caps else None
    tags = endpoint.tags
    seen = functions_seen(endpoint)
    return Endpoint(
        function=endpoint.name or endpoint.distribution.name,
        memory_mb=max(map(memory_mb, endpoint.functions)) if seen else limit("lambda_edge.memory_mb"),
        timeout_s=max(map(timeout_s, endpoint.functions)) if seen else limit("lambda_edge.timeout_s"),
        daily_quota=numbers.get("daily_quota"),
        monthly_quota=numbers.get("monthly_quota"),
        ms_per_request=numbers.get("ms_per_request"),
        cold_grants_daily=numbers.get("cold_grants_daily"),
        renewals_daily=numbers.get("renewals_daily"),
        rate_cap_rps=_rate(rate_rps(cap)) if cap else None,
        request_bytes=firewall.body_bytes if firewall else limit("cloudfront.body_bytes"),
        model_bytes=model_bytes(endpoint) or 0,
        on_flood="disconnect" if guard and guard.disconnects else "stay_up",
        plan=tags[PLAN_TAG] if tags.get(PLAN_TAG) in PLANS else "none",
        price_class=price_class(endpoint.distribution),
        monthly_budget_usd=allowed_usd(endpoint),
        log_retention_days=retention_days(endpoint),
        lake_months=lake_months(endpoint),
        alarms=bells.alarms,
        alarm_period_s=bells.period_s,
        subscribers=subscribers(endpoint.stack, *bells.resources, *budgets, *endpoint.settlers, *endpoint.guards),
        budget_alerts=alerts_of(budgets),
        lease=Lease(
            requests=numbers.get("lease_least", 1),
            seconds=numbers.get("lease_seconds", Lease().seconds),
            refusal_memory_s=REFUSAL_MEMORY_S,
        ),
        firewall=_firewall(firewall, window_s(cap) if cap else Firewall().window_s) if firewall else None,
        gate=gate_of(endpoint),
        settle=settle(endpoint),
        guard=guard.guard if guard else None,
        allowance=guard.allowance if guard else Allowance(),
        assumed=_assumed(tags),
        unpriced=(*unpriced(endpoint), *_declared(endpoint)),
    )


def price_class(distribution: Resource) -> PriceClass:
    """Return a distribution's price class: all edges, where none or another word is set."""
    found = distribution.get("priceClass", default=ALL_EDGES)
    return found if found in PRICE_CLASSES else ALL_EDGES


def lease_numbers(endpoint: InferenceEndpoint) -> dict[str, int]:
    """Return the numbers of the function's limits item; nothing where one is missing.

    Raises
    ------
    UnknownValueError
        When the item is not known: then nobody can tell what it says.
    """
    item = endpoint.limits
    if item is None or missing_limits(item):
        return {}
    values = limits_of(item)
    return {key: number for key in (*LIMITS, "monthly_quota") if (number := number_of(values, key)) is not None}


def missing_limits(item: Resource) -> list[str]:
    """Return what a limits item must say and does not."""
    values = limits_of(item)
    return [key for key in LIMITS if not number_of(values, key)]


def functions_seen(endpoint: InferenceEndpoint) -> bool:
    """Tell whether each function that runs is one of this program, at the version that it declares."""
    versions = {function.known("qualifiedArn") for function in endpoint.functions} - {None}
    arns = [
        each.get("lambdaArn")
        for behaviour in behaviours(endpoint.distribution)
        for each in behaviour.settings.get("lambdaFunctionAssociations") or ()
    ]
    return bool(endpoint.functions) and all(arn is UNKNOWN or arn in versions for arn in arns)


def gate_of(endpoint: InferenceEndpoint) -> Gate | None:
    """Describe the gate: none unless each behaviour that runs the function has one."""
    open_paths = {behaviour.path for behaviour, _ in ungated(endpoint)}
    if not endpoint.gates or any(each.path in open_paths for each in endpoint.running):
        return None
    keys = [key for store in endpoint.stores for key in keys_of(endpoint.stack, store)]
    return Gate(
        signed=all(map(verifies, endpoint.gates)) and any(key != CLOSED_UNTIL for key in keys),
        store=all(map(reads_closed_until, endpoint.gates)) and CLOSED_UNTIL in keys,
    )


def model_bytes(endpoint: InferenceEndpoint) -> int | None:
    """Return the size of the model that a cold grant fetches; None where it is served and no tag says its size."""
    if not serves_models(endpoint):
        return 0
    buckets = endpoint.distribution.linked("origins", ":Bucket")
    objects = [each for bucket in buckets for each in endpoint.stack.users(bucket, *_MODELS, key="bucket")]
    item = endpoint.limits
    digest = str(limits_of(item).get("model_digest", "")).removeprefix("sha256:") if item else ""
    # Without a digest in the limits, any object of the bucket may be the model.
    pinned = [each for each in objects if digest in str(each.known("key"))]
    sizes = [number_of(each.get("tags", default={}), MODEL_BYTES_TAG) for each in pinned]
    return max((size for size in sizes if size is not None), default=None) if None not in sizes else None


def serves_models(endpoint: InferenceEndpoint) -> bool:
    """Tell whether the distribution has a behaviour for models."""
    return any(is_model_path(each.path) for each in behaviours(endpoint.distribution))


def _declared(endpoint: InferenceEndpoint) -> Iterator[str]:
    """Yield what tags should say and do not."""
    if model_bytes(endpoint) is None:
        yield f"a model whose size no tag {MODEL_BYTES_TAG} of its object tells"
    plan = endpoint.tags.get(PLAN_TAG, "none")
    if endpoint.distribution.sure(plan, f"tags.{PLAN_TAG}") not in PLANS:
        yield f"the plan {plan!r} of tag {PLAN_TAG}, which is none of {', '.join(PLANS)}"


def retention_days(endpoint: InferenceEndpoint) -> int | None:
    """Return how long the logs of the endpoint's functions are kept at most; None where one is kept for ever."""
    wanted = {(region, _edge_log(function)) for function in endpoint.functions for region in EDGE_REGIONS}
    wanted |= {(HOME_REGION, _log(function)) for function in (*endpoint.settlers, *endpoint.guards)}
    days = {
        (str(group.get("region", default=HOME_REGION)), group.known("name")): whole(group, "retentionInDays", default=0)
        for group in endpoint.stack.of(LOG_GROUP)
    }
    kept = [days.get(each, 0) for each in wanted]
    return max(kept) if kept and min(kept) > 0 else None


def _edge_log(function: Resource) -> str:
    return f"/aws/lambda/{HOME_REGION}.{function.known('name')}"


def _log(function: Resource) -> str:
    return str(function.known("loggingConfig", "logGroup") or f"/aws/lambda/{function.known('name')}")


def _firewall(firewall: Tried, window: int) -> Firewall:
    rules = firewall.acl.rules
    return Firewall(rules=len(rules), window_s=window, capacity_units=capacity_units(rules))


def _assumed(tags: dict[str, Any]) -> Assumed:
    """Return what the owner assumes of the world, by tags; the printed defaults where they say nothing."""
    usual = Assumed()
    return Assumed(
        flood_rps=number_of(tags, FLOOD_TAG) or usual.flood_rps,
        signed_flood_rps=number_of(tags, SIGNED_FLOOD_TAG) or usual.signed_flood_rps,
    )


def _rate(rps: Fraction) -> int | Decimal:
    return int(rps) if rps.denominator == 1 else Decimal(math.ceil(rps * 1_000_000)) / 1_000_000
