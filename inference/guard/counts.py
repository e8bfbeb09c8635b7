"""How many requests were refused this month, by the gate that refused them, from AWS's own metrics.

One sum a day is read: a period may be "as long as one day (86,400 seconds)" and days of a month begin where the month
does; a month is 31 values a metric then, far below the 100,800 that one answer holds, and a day's sum is kept for 455
days (1-minute values for 15, 5-minute values for 63). The day under way is summed as far as it is known.
Sources: AWS, CloudWatch User Guide, "Metrics concepts"; CloudWatch API Reference, "GetMetricData".
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from inference.guard.cloudwatch import MetricsError
from inference.telemetry import EDGE_REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME: Final = "us-east-1"
PERIOD_S: Final = 86_400


@dataclass(frozen=True, kw_only=True, slots=True)
class Names:
    """What the metrics' dimensions say: web ACL, gate function and edge function."""

    web_acl: str
    gate: str
    edge_function: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Sums of the month so far.

    Attributes
    ----------
    blocked : int
        Requests that the firewall refused.
    executions : int
        Runs of the gate.
    invocations : int
        Calls of the edge function, in all Regions.
    missing : tuple of str
        Regions that did not answer: the sums are then too small, never too large.
    """

    blocked: int
    executions: int
    invocations: int
    missing: tuple[str, ...]


def seen(clients: Mapping[str, Any], names: Names, *, since_s: int, now_s: float) -> Seen:
    """Read the month's sums.

    Firewall: ``AWS/WAFV2 BlockedRequests`` by WebACL and Rule, without a Region for CloudFront (AWS, WAF Developer
    Guide, "AWS WAF metrics and dimensions"). Rule ``ALL`` "represents all rules"; whether that holds what the default
    action blocked is not said, so ``Default_Action`` is read too and the larger taken. Gate: ``AWS/CloudFront
    FunctionInvocations``, Region ``Global``. Both stand in us-east-1. Edge function: ``AWS/Lambda Invocations`` of
    ``us-east-1.<name>`` in the Region of execution; in us-east-1 itself the plain name is read too and the larger
    taken, for the replica's name there is not documented. 17 metrics.

    Parameters
    ----------
    clients : mapping
        For each of `inference.telemetry.EDGE_REGIONS`, see `inference.guard.cloudwatch`.
    names : Names
    since_s : int
        Unix time of the month's first midnight (UTC).
    now_s : float
        Unix time.
    """
    queries = {region: _queries(region, names) for region in EDGE_REGIONS}
    sums: dict[str, dict[str, float]] = {}
    missing = []
    # All at once: most of a far Region's time is its way, and one that hangs must not take the others' time.
    with ThreadPoolExecutor(len(EDGE_REGIONS)) as pool:
        asked = {
            region: pool.submit(_sums, clients[region], queries[region], since_s, now_s) for region in EDGE_REGIONS
        }
        for region, answer in asked.items():
            try:
                sums[region] = answer.result()
            except MetricsError as error:
                missing.append(f"{region}: {error}")
    home = sums.get(HOME, {})
    elsewhere = sum(each.get("calls", 0) for region, each in sums.items() if region != HOME)
    return Seen(
        blocked=int(max(home.get("blocked", 0), home.get("blocked_by_default", 0))),
        executions=int(home.get("executions", 0)),
        invocations=int(elsewhere + max(home.get("calls", 0), home.get("calls_plain", 0))),
        missing=tuple(missing),
    )


def _queries(region: str, names: Names) -> list[dict[str, Any]]:
    asked = {"calls": ("AWS/Lambda", "Invocations", {"FunctionName": f"{HOME}.{names.edge_function}"})}
    if region == HOME:
        acl = {"WebACL": names.web_acl}
        asked |= {
            "calls_plain": ("AWS/Lambda", "Invocations", {"FunctionName": names.edge_function}),
            "blocked": ("AWS/WAFV2", "BlockedRequests", acl | {"Rule": "ALL"}),
            "blocked_by_default": ("AWS/WAFV2", "BlockedRequests", acl | {"Rule": "Default_Action"}),
            "executions": (
                "AWS/CloudFront",
                "FunctionInvocations",
                {"FunctionName": names.gate, "Region": "Global"},
            ),
        }
    return [_query(key, *metric) for key, metric in asked.items()]


def _query(key: str, namespace: str, name: str, dimensions: dict[str, str]) -> dict[str, Any]:
    metric = {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions.items()],
    }
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": PERIOD_S, "Stat": "Sum"}}


def _sums(client: Any, queries: list[dict[str, Any]], since_s: int, now_s: float) -> dict[str, float]:
    """Add a Region's values up, page by page."""
    asked = {
        "MetricDataQueries": queries,
        "StartTime": since_s,
        # Exclusive, and the day under way has to begin before it.
        "EndTime": int(now_s) + 1,
    }
    sums: dict[str, float] = {}
    token: dict[str, str] = {}
    try:
        while True:
            page = client.get_metric_data(**asked, **token)
            for result in page.get("MetricDataResults", ()):
                if result.get("StatusCode") in ("InternalError", "Forbidden"):
                    raise MetricsError(f"{result['Id']}: {result['StatusCode']}")
                sums[result["Id"]] = sums.get(result["Id"], 0) + sum(result["Values"])
            if not page.get("NextToken"):
                return sums
            token = {"NextToken": page["NextToken"]}
    finally:
        client.close()
