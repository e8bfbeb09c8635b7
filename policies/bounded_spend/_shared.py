"""What all endpoints of a stack share, as the bound counts it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edgewise.cost.bound import Bound, StackShared, shared_bound
from edgewise.cost.bound.declared import MODEL_BYTES_TAG
from policies.bounded_spend._bells import shared_bells, subscribers
from policies.bounded_spend._values import number_of, whole
from policies.core.endpoint import endpoints
from policies.core.resource import Stack

DASHBOARD: Final = "aws:cloudwatch/dashboard:Dashboard"
WORKGROUP: Final = "aws:athena/workgroup:Workgroup"
_CATALOG: Final = ("aws:glue/catalogDatabase:CatalogDatabase", "aws:glue/catalogTable:CatalogTable")
_MODELS: Final = ("aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject")


def shared_of(stack: Stack) -> Bound:
    """Compute the worst month of a stack's shared resources, once.

    Raises
    ------
    UnknownValueError
    """
    found: Bound | None = stack.memory.get("shared bound")
    if found is None:
        found = stack.memory["shared bound"] = shared_bound(describe_shared(stack))
    return found


def describe_shared(stack: Stack) -> StackShared:
    """Say of what all endpoints share what the bound needs to know.

    Raises
    ------
    UnknownValueError
    """
    bells = shared_bells(stack)
    tables = {id(table): table for endpoint in endpoints(stack) for table in endpoint.tables}.values()
    usual = StackShared(stack="")
    workgroups = list(stack.of(WORKGROUP))
    cutoffs = [whole(each, "configuration", "bytesScannedCutoffPerQuery", default=0) for each in workgroups]
    return StackShared(
        stack=next((each.name for each in stack.of("pulumi:pulumi:Stack")), "stack"),
        point_in_time_recovery=any(table.get("pointInTimeRecovery", "enabled") is True for table in tables),
        models_bytes=max(usual.models_bytes, sum(_model_sizes(stack))),
        queries_monthly=usual.queries_monthly if workgroups else 0,
        query_scan_bytes=max(cutoffs, default=0),
        catalog_objects=sum(1 for _ in stack.of(*_CATALOG)),
        dashboards=sum(1 for _ in stack.of(DASHBOARD)),
        alarms=bells.alarms,
        alarm_period_s=bells.period_s,
        subscribers=subscribers(stack, *bells.resources),
        unpriced=tuple(
            f"queries without a scan cut-off in workgroup {each.name}"
            for each, cutoff in zip(workgroups, cutoffs, strict=True)
            if not cutoff
        ),
    )


def _model_sizes(stack: Stack) -> Iterator[int]:
    for each in stack.of(*_MODELS):
        yield number_of(each.known("tags", default={}), MODEL_BYTES_TAG) or 0
