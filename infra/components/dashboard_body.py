"""What a stack's dashboard shows, as data: rows of widgets, four facts about money and traffic a row.

Source of the form and the limits: Amazon CloudWatch User Guide, "Dashboard body structure and syntax" and "CloudWatch
service quotas".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import pulumi

from inference.telemetry import (
    ALERT_LEVELS_PERCENT,
    ANSWERED,
    COMMITTED_USD,
    DIGEST,
    FAILED,
    FUNCTION,
    LATENCY_MS,
    NAMESPACE,
    QUOTA_USED_PERCENT,
    UNACCOUNTED_REQUESTS,
)
from infra.limits import HOME_REGION

COLUMNS: Final = 24
WIDGETS: Final = 500
METRICS_A_WIDGET: Final = 500
METRICS: Final = 2_500
ALARMS_A_WIDGET: Final = 100
SEARCH_CHARACTERS: Final = 1_024
WIDTH: Final = 6
HEIGHT: Final = 6

Widget = dict[str, Any]

FIVE_MINUTES: Final = 300
AN_HOUR: Final = 3_600


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """One function on the dashboard.

    Attributes
    ----------
    name : str
    distribution_id : Input of str
    gate, web_acl : str
        Names of the gate's function and of the web ACL's metric.
    guard : str
        The guard's Lambda function.
    bound_usd, budget_usd : Decimal
    """

    name: str
    distribution_id: pulumi.Input[str]
    gate: str
    web_acl: str
    guard: str
    bound_usd: Decimal
    budget_usd: Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownStack:
    """What all functions share: the ledger's table, settle and its dead letters by name, every alarm by ARN."""

    stack: str
    table: str
    settle: str
    dead_letters: str
    alarm_arns: Sequence[pulumi.Input[str]]


def dashboard_body(shared: ShownStack, functions: Sequence[Shown]) -> dict[str, Any]:
    """Return the dashboard's body: the alarms and what is shared first, then each function's rows."""
    rows = [
        _title(f"# Edgewise, stack {shared.stack}\nDeclared by the program: a change here is put back."),
        *_stack(shared),
    ]
    for function in functions:
        rows += _function(function)
    return {"start": "-P3D", "periodOverride": "inherit", "widgets": _placed(rows)}


def _stack(shared: ShownStack) -> list[list[Widget]]:
    arns = list(shared.alarm_arns)
    # A widget of no alarms is refused.
    alarms = [
        {"type": "alarm", "properties": {"title": "Alarms", "alarms": arns[first : first + ALARMS_A_WIDGET]}}
        for first in range(0, len(arns), ALARMS_A_WIDGET)
    ]
    settle = ["FunctionName", shared.settle]
    graphs = [
        _graph(
            "Settle: how far behind",
            [["AWS/Lambda", "IteratorAge", *settle, {"stat": "Maximum", "label": "oldest record, ms"}]],
        ),
        _graph(
            "Settle: runs and errors",
            [
                ["AWS/Lambda", "Invocations", *settle, {"stat": "Sum"}],
                ["AWS/Lambda", "Errors", *settle, {"stat": "Sum"}],
                ["AWS/Lambda", "Throttles", *settle, {"stat": "Sum"}],
            ],
        ),
        _graph(
            "Dead letters",
            [
                [
                    *("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", shared.dead_letters),
                    {"stat": "Maximum", "label": "waiting"},
                ]
            ],
        ),
        _graph(
            "Ledger: writes and throttles",
            [
                ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", shared.table, {"stat": "Sum"}],
                ["AWS/DynamoDB", "WriteThrottleEvents", "TableName", shared.table, {"stat": "Sum"}],
            ],
        ),
    ]
    return [*([alarms] if alarms else []), graphs]


def _function(shown: Shown) -> list[list[Widget]]:
    """Return a function's rows: money and quota, then answers by digest, then what came, went and was refused."""
    title = f"## {shown.name}\nWorst month {shown.bound_usd} USD, budget {shown.budget_usd} USD."
    return [
        _title(title),
        [_spend(shown), _quota(shown), _unaccounted(shown), _guard(shown)],
        [_latency(shown, "p50"), _latency(shown, "p99"), _answers(shown), _success(shown)],
        [_egress(shown), _requests(shown), _refused(shown), _errors(shown)],
    ]


def _spend(shown: Shown) -> Widget:
    lines = [
        {"label": f"bound {shown.bound_usd}", "value": float(shown.bound_usd)},
        {"label": f"budget {shown.budget_usd}", "value": float(shown.budget_usd)},
    ]
    metric = [*_own(COMMITTED_USD, shown), {"stat": "Maximum", "label": "granted so far, USD at most"}]
    return _graph("Spend this month", [metric], period=AN_HOUR, lines=lines)


def _quota(shown: Shown) -> Widget:
    lines = [{"label": f"{level} %", "value": level} for level in ALERT_LEVELS_PERCENT]
    metric = [*_own(QUOTA_USED_PERCENT, shown), {"stat": "Maximum", "label": "used, %"}]
    return _graph("Quota of the day", [metric], lines=lines)


def _unaccounted(shown: Shown) -> Widget:
    metric = [*_own(UNACCOUNTED_REQUESTS, shown), {"stat": "Maximum", "label": "granted, no receipt yet"}]
    return _graph("Missing receipts", [metric])


def _guard(shown: Shown) -> Widget:
    guard = ["FunctionName", shown.guard, {"stat": "Sum"}]
    return _graph("Guard: looks and failures", [["AWS/Lambda", name, *guard] for name in ("Invocations", "Errors")])


def _latency(shown: Shown, statistic: str) -> Widget:
    return _graph(f"Latency {statistic}, ms, by model", [_search(shown, LATENCY_MS, statistic)])


def _answers(shown: Shown) -> Widget:
    return _graph(
        "Answered and failed, by model",
        [_search(shown, ANSWERED, "Sum", label="answered"), _search(shown, FAILED, "Sum", label="failed")],
    )


def _success(shown: Shown) -> Widget:
    hidden = {"visible": False}
    metrics = [
        _with(_search(shown, ANSWERED, "Sum"), id="answered", **hidden),
        _with(_search(shown, FAILED, "Sum"), id="failed", **hidden),
        [
            {
                "expression": "100 * SUM(answered) / (SUM(answered) + SUM(failed))",
                "label": "answered, %",
                "id": "success",
            }
        ],
    ]
    return _graph("Success, %", metrics, lines=[{"label": "99 %", "value": 99}])


def _egress(shown: Shown) -> Widget:
    """Show bytes as CloudFront counts them: down for GET and HEAD, which is models; up for POST."""
    return _graph(
        "Bytes through CloudFront",
        [_cloudfront("BytesDownloaded", shown, "Sum", "down"), _cloudfront("BytesUploaded", shown, "Sum", "up")],
    )


def _requests(shown: Shown) -> Widget:
    gate = ["FunctionName", shown.gate, "Region", "Global", {"stat": "Sum", "label": "reached the gate"}]
    return _graph(
        "Requests",
        [_cloudfront("Requests", shown, "Sum", "reached CloudFront"), ["AWS/CloudFront", "FunctionInvocations", *gate]],
    )


def _refused(shown: Shown) -> Widget:
    """Show what rules blocked and what passed none and met the default; AWS does not say whether ALL is both.

    AWS WAF Developer Guide, "AWS WAF metrics and dimensions": no dimension for a Region where CloudFront is protected.
    """
    labels = {"ALL": "blocked, all rules", "Default_Action": "blocked, passed no rule"}
    return _graph(
        "Refused by the firewall",
        [
            ["AWS/WAFV2", "BlockedRequests", "WebACL", shown.web_acl, "Rule", rule, {"stat": "Sum", "label": label}]
            for rule, label in labels.items()
        ],
    )


def _errors(shown: Shown) -> Widget:
    return _graph(
        "Refusals and errors, % of requests",
        [_cloudfront("4xxErrorRate", shown, "Average", "4xx"), _cloudfront("5xxErrorRate", shown, "Average", "5xx")],
    )


def _own(metric: str, shown: Shown) -> list[Any]:
    return [NAMESPACE, metric, FUNCTION, shown.name]


def _cloudfront(metric: str, shown: Shown, statistic: str, label: str) -> list[Any]:
    dimensions = ["DistributionId", shown.distribution_id, "Region", "Global"]
    return ["AWS/CloudFront", metric, *dimensions, {"stat": statistic, "label": label}]


def _search(shown: Shown, metric: str, statistic: str, *, label: str = "") -> list[Any]:
    """Find the metric of every model that the function runs: a rollout brings a digest that no program knows yet."""
    terms = f'{{{NAMESPACE},{FUNCTION},{DIGEST}}} MetricName="{metric}" {FUNCTION}="{shown.name}"'
    expression = f"SEARCH('{terms}', '{statistic}', {FIVE_MINUTES})"
    # The model's name in the legend, in front of it what is counted where a graph counts two things.
    return [{"expression": expression, "label": f"{label} ${{PROP('Dim.{DIGEST}')}}".strip()}]


def _with(metric: list[Any], **options: Any) -> list[Any]:
    return [metric[0] | options]


def _graph(
    title: str, metrics: list[list[Any]], *, period: int = FIVE_MINUTES, lines: Sequence[Mapping[str, Any]] = ()
) -> Widget:
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "region": HOME_REGION,
        "period": period,
        "metrics": metrics,
        "yAxis": {"left": {"min": 0}},
    }
    if lines:
        properties["annotations"] = {"horizontal": list(lines)}
    return {"type": "metric", "properties": properties}


def _title(text: str) -> list[Widget]:
    return [{"type": "text", "properties": {"markdown": text}}]


def _placed(rows: Sequence[Sequence[Widget]]) -> list[Widget]:
    """Lay rows out from the top: a lone widget over the whole width, others side by side."""
    placed: list[Widget] = []
    y = 0
    for row in rows:
        height = 2 if row[0]["type"] == "text" else HEIGHT
        width = COLUMNS if len(row) == 1 else WIDTH
        for index, widget in enumerate(row):
            x, line = index * width % COLUMNS, index * width // COLUMNS
            placed.append({"x": x, "y": y + line * height, "width": width, "height": height, **widget})
        y += height * -(-len(row) * width // COLUMNS)
    return placed
