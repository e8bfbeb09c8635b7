"""The functions beside an endpoint as the bound counts them: settle on a stream, the guard on a schedule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from edgewise.cost.bound import Allowance, Guard, Settle
from policies.bounded_spend._around import mappings
from policies.bounded_spend._values import every_s, number_of, whole
from policies.bounded_spend.event_retries import ASYNCHRONOUS_RETRIES, INVOKE, SCHEDULE_RETRIES
from policies.core.endpoint import InferenceEndpoint
from policies.core.resource import Resource

# AWS Lambda API Reference, CreateFunction: MemorySize and Timeout when none is set.
DEFAULT_MEMORY_MB: Final = 128
DEFAULT_TIMEOUT_S: Final = 3
# By the variable of the guard's environment that says it: after how many refused requests a month it acts.
_ALLOWANCE: Final = {"firewall": "ALLOWANCE_FIREWALL", "gate": "ALLOWANCE_GATE", "ledger": "ALLOWANCE_LEDGER"}


def memory_mb(function: Resource) -> int:
    """Return a function's memory."""
    return max(1, whole(function, "memorySize", default=DEFAULT_MEMORY_MB))


def timeout_s(function: Resource) -> int:
    """Return the longest that one run takes."""
    return max(1, whole(function, "timeout", default=DEFAULT_TIMEOUT_S))


def stream_of(endpoint: InferenceEndpoint) -> list[Resource]:
    """Return the mappings that read the endpoint's own ledger."""
    limits = endpoint.limits
    tables = limits.linked("tableName", ":Table") if limits else ()
    return [
        each for each in mappings(endpoint.stack) if set(map(id, each.linked("eventSourceArn"))) & set(map(id, tables))
    ]


def settle(endpoint: InferenceEndpoint) -> Settle | None:
    """Describe the function on the ledger's stream; the dearest figures where there are several."""
    read = stream_of(endpoint)
    functions = [each for mapping in read for each in mapping.linked("functionName", ":Function")]
    if not functions:
        return None
    return Settle(
        memory_mb=max(map(memory_mb, functions)),
        timeout_s=max(map(timeout_s, functions)),
        retries=max(0, *(whole(each, "maximumRetryAttempts", default=-1) for each in read)),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """A guard, with what it may do."""

    guard: Guard
    allowance: Allowance
    disconnects: bool


def watch(endpoint: InferenceEndpoint) -> Watch | None:
    """Describe the scheduled function that ends a flood; None where none is told after how much it acts."""
    for function in endpoint.guards:
        variables = function.get("environment", "variables", default={})
        allowed = {name: number_of(variables, key) for name, key in _ALLOWANCE.items()}
        every = [seconds for each in endpoint.schedules_of(function) if (seconds := interval_s(each)) is not None]
        if None in allowed.values() or not every or not _reaches_gate(endpoint, function):
            continue
        return Watch(
            guard=Guard(
                interval_s=max(every),
                memory_mb=memory_mb(function),
                timeout_s=timeout_s(function),
                attempts=_attempts(endpoint, function),
            ),
            allowance=Allowance(**{name: value for name, value in allowed.items() if value is not None}),
            disconnects=variables.get("ON_FLOOD") == "disconnect",
        )
    return None


def interval_s(schedule: Resource) -> int | None:
    """Return how often a schedule runs; None for one that is off or no plain rate."""
    if schedule.get("state", default="ENABLED") != "ENABLED":
        return None
    return every_s(str(schedule.get("scheduleExpression", default="")))


def _reaches_gate(endpoint: InferenceEndpoint, function: Resource) -> bool:
    """Tell whether a guard is told of the very store that the endpoint's gate reads."""
    told = set(map(id, function.linked("environment", ":KeyValueStore")))
    return all(id(store) in told for store in endpoint.stores)


def _attempts(endpoint: InferenceEndpoint, function: Resource) -> int:
    stack = endpoint.stack
    scheduled = max(
        whole(each, "target", "retryPolicy", "maximumRetryAttempts", default=SCHEDULE_RETRIES)
        if each.known("target", "retryPolicy") is not None
        else SCHEDULE_RETRIES
        for each in endpoint.schedules_of(function)
    )
    limits = list(_invoke_limits(endpoint, function, stack.of(INVOKE)))
    again = max(
        (whole(each, "maximumRetryAttempts", default=ASYNCHRONOUS_RETRIES) for each in limits),
        default=ASYNCHRONOUS_RETRIES,
    )
    return (1 + scheduled) * (1 + again)


def _invoke_limits(endpoint: InferenceEndpoint, function: Resource, found: Iterator[Resource]) -> Iterator[Resource]:
    name: Any = function.known("name")
    linked = endpoint.stack.users(function, INVOKE, key="functionName")
    yield from linked or (each for each in found if name is not None and each.known("functionName") == name)
