"""Who watches: a guard with its alarms and budget for each function, and the alarms of the whole stack."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

from infra.bound import describe
from infra.bundle import home_zip
from infra.components.alarms import StackAlarms, StackAlarmsArgs
from infra.components.alerts import Alerts
from infra.components.disconnect import DisconnectArgs, Watched
from infra.components.ledger import Ledger
from infra.components.settle import SettleFunction
from infra.components.spend_guard import SpendGuard, SpendGuardArgs
from infra.edge_python import EdgePython
from infra.functions import DeployedFunction
from infra.names import physical_name
from infra.settings import Settings


def deploy_guards(
    settings: Settings, functions: Sequence[DeployedFunction], *, ledger: Ledger, alerts: Alerts, python: EdgePython
) -> list[SpendGuard]:
    """Declare what watches each function.

    Raises
    ------
    BundleError, LayerError
        When the guard's zip can't be built.
    """
    zipped = home_zip("guard", python)
    guards = []
    for deployed in functions:
        function = settings.functions[deployed.name]
        full_name = physical_name(settings.stack, deployed.name)
        described = describe(deployed.name, function, deployed.model.manifest, settings)
        assert described.guard is not None
        guards.append(
            SpendGuard(
                f"{full_name}-guard",
                SpendGuardArgs(
                    physical_name=full_name,
                    budget_usd=function.monthly_budget_usd,
                    allowance=described.allowance,
                    tags=settings.tags(deployed.name),
                    disconnect=DisconnectArgs(
                        physical_name=f"{full_name}-guard",
                        schedule_role_name=f"{full_name}-clock",
                        home_zip=zipped,
                        counted=described.guard,
                        watched=_watched(deployed, settings, ledger, alerts),
                        on_flood=function.on_flood,
                        allowance=described.allowance,
                        log_retention_days=settings.log_retention_days,
                        tags=settings.tags(deployed.name),
                    ),
                ),
            )
        )
    return guards


def deploy_stack_alarms(settings: Settings, *, ledger: Ledger, settle: SettleFunction, alerts: Alerts) -> StackAlarms:
    """Declare the alarms of what all functions share."""
    return StackAlarms(
        physical_name(settings.stack, "alarms"),
        StackAlarmsArgs(
            prefix=f"edgewise-{settings.stack}",
            table=ledger.table.name,
            settle=settle.function.name,
            dead_letters=settle.dead_letters.name,
            topic_arn=alerts.topic.arn,
            tags=settings.tags(),
        ),
    )


def arns_of(rung: Sequence[SpendGuard | StackAlarms]) -> list[pulumi.Output[str]]:
    """Return the ARNs of all alarms."""
    return [alarm.arn for each in rung for alarm in each.alarms]


def _watched(deployed: DeployedFunction, settings: Settings, ledger: Ledger, alerts: Alerts) -> Watched:
    endpoint = deployed.endpoint
    full_name = physical_name(settings.stack, deployed.name)
    return Watched(
        function=deployed.name,
        stack=settings.stack,
        table_name=ledger.table.name,
        table_arn=ledger.table.arn,
        store_arn=endpoint.store.arn,
        distribution_id=endpoint.distribution.id,
        distribution_arn=endpoint.distribution.arn,
        web_acl_arn=deployed.firewall.acl.arn,
        web_acl=full_name,
        gate=full_name,
        edge_function=full_name,
        edge_function_arn=endpoint.function.arn,
        topic_arn=alerts.topic.arn,
        account=alerts.topic.owner,
    )
