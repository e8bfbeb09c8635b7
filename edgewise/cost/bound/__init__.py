"""The bound: the worst bill of a calendar month, line by line, from an endpoint's description and a price sheet."""

from __future__ import annotations

from edgewise.cost.bound.cloudflare import cloudflare_bound
from edgewise.cost.bound.cloudfront import cloudfront_bound
from edgewise.cost.bound.endpoint import (
    Allowance,
    Assumed,
    Endpoint,
    Firewall,
    Gate,
    Guard,
    Lease,
    Settle,
)
from edgewise.cost.bound.result import Assumption, Bound, Count, Line, Status, Term
from edgewise.cost.bound.shared import StackShared, shared_bound
from edgewise.cost.bound.worker import WorkerAssumed, WorkerEndpoint, WorkerGuard
from edgewise.cost.prices import PriceSheet, default_prices

__all__ = [
    "Allowance",
    "Assumed",
    "Assumption",
    "Bound",
    "Count",
    "Endpoint",
    "Firewall",
    "Gate",
    "Guard",
    "Lease",
    "Line",
    "Settle",
    "StackShared",
    "Status",
    "Term",
    "WorkerAssumed",
    "WorkerEndpoint",
    "WorkerGuard",
    "bound",
    "shared_bound",
]


def bound(endpoint: Endpoint | WorkerEndpoint, sheet: PriceSheet | None = None) -> Bound:
    """Compute the worst bill of a calendar month.

    Parameters
    ----------
    endpoint : Endpoint or WorkerEndpoint
        What is known of the function, its guards and its resources.
    sheet : PriceSheet, optional
        The prices; the project's own sheet when left out.

    Returns
    -------
    Bound
        Finite, infinite or UNKNOWN; never an exception for a missing price.
    """
    prices = sheet or default_prices()
    if isinstance(endpoint, WorkerEndpoint):
        return cloudflare_bound(endpoint, prices)
    return cloudfront_bound(endpoint, prices)
