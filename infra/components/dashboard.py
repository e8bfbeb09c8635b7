"""One dashboard a stack: what is spent against bound and budget, what is left, how answers do, what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch

from infra.components.component import Component, Customize
from infra.components.dashboard_body import METRICS, WIDGETS, Shown, ShownStack, dashboard_body

CHILDREN: Final = ("dashboard",)


class DashboardError(ValueError):
    """There is more to show than a dashboard takes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DashboardArgs:
    """Inputs.

    Attributes
    ----------
    dashboard_name : str
    shared : ShownStack
    functions : sequence of Shown
    customize : mapping
        See `Component`.
    """

    dashboard_name: str
    shared: ShownStack
    functions: Sequence[Shown]
    customize: Customize = field(default_factory=dict)


class StackDashboard(Component):
    """Outputs: `dashboard`."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Dashboard", name, children=CHILDREN, customize=args.customize, opts=opts)
        body = dashboard_body(args.shared, args.functions)
        require_fits(args.dashboard_name, body)
        self.dashboard = self.child(
            cloudwatch.Dashboard,
            "dashboard",
            dashboard_name=args.dashboard_name,
            dashboard_body=pulumi.Output.json_dumps(body),
        )
        self.register_outputs({})


def require_fits(name: str, body: dict[str, Any]) -> None:
    """Refuse a body that CloudWatch refuses; a search counts as one metric, though it may find more.

    Raises
    ------
    DashboardError
        With the figure and the limit.
    """
    widgets = len(body["widgets"])
    metrics = sum(len(widget["properties"].get("metrics", [])) for widget in body["widgets"])
    for what, number, most in (("widgets", widgets, WIDGETS), ("metrics", metrics, METRICS)):
        if number > most:
            raise DashboardError(
                f"dashboard {name} has {number} {what}; CloudWatch accepts {most} (CloudWatch service quotas): "
                "put some functions into another stack"
            )
