"""A stack's dashboard under mocks: every figure there, every metric by its full name, within the limits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from inference.telemetry import BY_DIGEST, BY_FUNCTION
from infra.components import dashboard_body as body
from infra.components.dashboard import DashboardArgs, DashboardError, StackDashboard, require_fits
from infra.components.dashboard_body import Shown, ShownStack
from tests.unit.infra.program import under_mocks


def shown(name: str = "face-match") -> Shown:
    return Shown(
        name=name,
        distribution_id="E0000000000000",
        gate=f"edgewise-dev-{name}",
        web_acl=f"edgewise-dev-{name}",
        guard=f"edgewise-dev-{name}-guard",
        bound_usd=Decimal("43.90"),
        budget_usd=Decimal(45),
    )


SHARED = ShownStack(
    stack="dev",
    table="edgewise-dev-ledger",
    settle="edgewise-dev-settle",
    dead_letters="edgewise-dev-settle-dead-letters",
    alarm_arns=["arn:alarm-1", "arn:alarm-2"],
)


def dashboard(functions: list[Shown] | None = None, shared: ShownStack = SHARED) -> dict[str, Any]:
    args = DashboardArgs(dashboard_name="edgewise-dev", shared=shared, functions=functions or [shown()])
    program = under_mocks(lambda: StackDashboard("edgewise-dev-dashboard", args))
    found: dict[str, Any] = json.loads(program.only("aws:cloudwatch/dashboard:Dashboard").properties["dashboardBody"])
    return found


def metrics(found: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (widget["properties"]["title"], metric)
        for widget in found["widgets"]
        if widget["type"] == "metric"
        for metric in widget["properties"]["metrics"]
    ]


def test_every_metric_that_settle_writes_is_shown() -> None:
    text = json.dumps(dashboard())

    for name in BY_FUNCTION:
        assert f'"Edgewise", "{name}", "Function", "face-match"' in text
    for name in BY_DIGEST:
        assert f'SEARCH(\'{{Edgewise,Function,Digest}} MetricName=\\"{name}\\" Function=\\"face-match\\"\'' in text


def test_spend_is_shown_against_bound_and_budget() -> None:
    (spend,) = [w for w in dashboard()["widgets"] if w["properties"].get("title") == "Spend this month"]

    lines = spend["properties"]["annotations"]["horizontal"]
    assert {line["label"]: line["value"] for line in lines} == {"bound 43.90": 43.9, "budget 45": 45}
    assert spend["properties"]["metrics"][0][:4] == ["Edgewise", "CommittedUsd", "Function", "face-match"]


def test_amazons_metrics_are_asked_for_by_their_full_dimensions() -> None:
    """A metric with one dimension too few or too many is another metric, and its graph stays empty."""
    dimensions = {
        (metric[0], tuple(metric[2:-1:2])) for _, metric in metrics(dashboard()) if not isinstance(metric[0], dict)
    }
    assert dimensions == {
        ("Edgewise", ("Function",)),
        ("AWS/Lambda", ("FunctionName",)),
        ("AWS/SQS", ("QueueName",)),
        ("AWS/DynamoDB", ("TableName",)),
        ("AWS/CloudFront", ("DistributionId", "Region")),
        ("AWS/CloudFront", ("FunctionName", "Region")),
        ("AWS/WAFV2", ("WebACL", "Rule")),
    }


def test_alarms_come_first_and_none_is_no_widget() -> None:
    (alarms,) = [widget for widget in dashboard()["widgets"] if widget["type"] == "alarm"]
    without = dashboard(shared=replace(SHARED, alarm_arns=[]))

    assert alarms["properties"]["alarms"] == ["arn:alarm-1", "arn:alarm-2"]
    assert not [widget for widget in without["widgets"] if widget["type"] == "alarm"]


def test_no_widget_hides_another_and_all_are_within_the_grid() -> None:
    taken: set[tuple[int, int]] = set()
    for widget in dashboard([shown("one"), shown("two")])["widgets"]:
        assert 0 <= widget["x"] <= widget["x"] + widget["width"] <= 24
        cells = {
            (widget["x"] + column, widget["y"] + row)
            for column in range(widget["width"])
            for row in range(widget["height"])
        }
        assert not cells & taken, widget["properties"].get("title")
        taken |= cells


def test_a_dashboard_is_within_cloudwatchs_limits() -> None:
    found = dashboard([shown(f"function-{number}") for number in range(30)])

    assert len(found["widgets"]) <= body.WIDGETS
    assert len(metrics(found)) <= body.METRICS
    for _, metric in metrics(found):
        if isinstance(metric[0], dict):
            assert len(metric[0]["expression"]) <= body.SEARCH_CHARACTERS


def test_more_functions_than_a_dashboard_shows_are_refused_with_both_figures() -> None:
    found = body.dashboard_body(SHARED, [shown(f"function-{number}") for number in range(60)])

    with pytest.raises(DashboardError, match=r"dashboard edgewise-dev has \d+ widgets; CloudWatch accepts 500"):
        require_fits("edgewise-dev", found)
