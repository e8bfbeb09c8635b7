"""What a stack has once in its home Region: alerts, the lake, settle and the dashboard."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pulumi

from edgewise.cost.audit.queries import QUERIES
from edgewise.cost.bound import Settle as CountedSettle
from edgewise.cost.unit_prices import unit_prices
from infra.bound import StackBound, describe, shared_resources
from infra.bundle import home_zip
from infra.components.alerts import Alerts, AlertsArgs
from infra.components.dashboard import DashboardArgs, StackDashboard
from infra.components.dashboard_body import Shown, ShownStack
from infra.components.lake import Lake, LakeArgs
from infra.components.ledger import Ledger
from infra.components.settle import SettleArgs, SettledFunction, SettleFunction
from infra.edge_python import EdgePython
from infra.functions import DeployedFunction
from infra.names import physical_name
from infra.settings import Settings


def deploy_alerts(settings: Settings) -> Alerts:
    """Declare the topic that everything of the stack speaks to."""
    name = physical_name(settings.stack, "alerts")
    return Alerts(
        name,
        AlertsArgs(
            topic_name=name,
            alarm_prefix=physical_name(settings.stack, ""),
            emails=settings.alert_emails,
            tags=settings.tags(),
        ),
    )


def deploy_lake(settings: Settings) -> Lake:
    """Declare the bucket of receipts and what queries them."""
    return Lake(
        physical_name(settings.stack, "lake"),
        LakeArgs(
            database_name=f"edgewise_{settings.stack}".replace("-", "_"),
            workgroup_name=f"edgewise-{settings.stack}",
            functions=tuple(settings.functions),
            queries=QUERIES,
            tags=settings.tags(),
            protect=settings.protects_data,
            shared=shared_resources(settings),
        ),
    )


def deploy_settle(
    settings: Settings,
    functions: Sequence[DeployedFunction],
    *,
    worst: StackBound,
    ledger: Ledger,
    lake: Lake,
    alerts: Alerts,
    python: EdgePython,
) -> SettleFunction:
    """Declare the function on the ledger's stream.

    Raises
    ------
    BundleError, LayerError
        When its zip can't be built.
    SettleError
        When there are more functions than it can be told of.
    """
    name = physical_name(settings.stack, "settle")
    return SettleFunction(
        name,
        SettleArgs(
            physical_name=name,
            stack=settings.stack,
            home_zip=home_zip("settle", python),
            counted=CountedSettle(),
            stream_arn=ledger.table.stream_arn,
            topic_arn=alerts.topic.arn,
            lake_arn=lake.bucket.arn,
            lake_bucket=lake.bucket.bucket,
            functions={each.name: _settled(each, settings, worst) for each in functions},
            log_retention_days=settings.log_retention_days,
            tags=settings.tags(),
        ),
    )


def deploy_dashboard(
    settings: Settings,
    functions: Sequence[DeployedFunction],
    *,
    worst: StackBound,
    alarm_arns: Sequence[pulumi.Input[str]],
) -> StackDashboard:
    """Declare the stack's dashboard.

    Raises
    ------
    DashboardError
        When there is more to show than it takes.
    """
    name = f"edgewise-{settings.stack}"
    settle = physical_name(settings.stack, "settle")
    return StackDashboard(
        physical_name(settings.stack, "dashboard"),
        DashboardArgs(
            dashboard_name=name,
            shared=ShownStack(
                stack=settings.stack,
                table=physical_name(settings.stack, "ledger"),
                settle=settle,
                dead_letters=f"{settle}-dead-letters",
                alarm_arns=alarm_arns,
            ),
            functions=[_shown(each, settings, worst) for each in functions],
        ),
    )


def _settled(deployed: DeployedFunction, settings: Settings, worst: StackBound) -> SettledFunction:
    function = settings.functions[deployed.name]
    return SettledFunction(
        store_arn=deployed.endpoint.store.arn,
        budget_usd=Decimal(function.monthly_budget_usd),
        bound_usd=worst.functions[deployed.name].total_usd,
        prices=unit_prices(describe(deployed.name, function, deployed.model.manifest, settings)),
    )


def _shown(deployed: DeployedFunction, settings: Settings, worst: StackBound) -> Shown:
    full_name = physical_name(settings.stack, deployed.name)
    return Shown(
        name=deployed.name,
        distribution_id=deployed.endpoint.distribution.id,
        gate=full_name,
        web_acl=full_name,
        guard=f"{full_name}-guard",
        bound_usd=worst.functions[deployed.name].total_usd,
        budget_usd=Decimal(settings.functions[deployed.name].monthly_budget_usd),
    )
