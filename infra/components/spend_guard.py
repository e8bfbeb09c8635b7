"""What watches one function's spend: alarms, AWS's own budget behind them, and the guard that ends a flood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi_aws import budgets

from edgewise.cost.bound import Allowance
from inference.telemetry import ALERT_LEVELS_PERCENT, FUNCTION, NAMESPACE, UNACCOUNTED_REQUESTS
from infra.components.alarms import Alarm, declare
from infra.components.component import Component, Customize
from infra.components.disconnect import Disconnect, DisconnectArgs

ALARMS: Final = ("blocked", "errors", "missing-receipts", "guard-errors")
CHILDREN: Final = (*ALARMS, "budget")

# Of a month's allowance, what may be blocked in five minutes before somebody should look.
BLOCKED_SHARE: Final = 100
# Receipts may be under way, or lost with their environments, up to this share of what the guard lets pass unpaid.
MISSING_SHARE: Final = 2
ERRORS_PERCENT: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class SpendGuardArgs:
    """Inputs.

    Attributes
    ----------
    physical_name : str
        ``edgewise-<stack>-<function>``: what alarms and budget begin with.
    budget_usd : int
        Of a month.
    allowance : Allowance
        What the alarms' thresholds are made from.
    disconnect : DisconnectArgs
    tags : mapping of str to str
        Those of the function: the budget counts what carries them.
    customize : mapping
        See `Component`.
    """

    physical_name: str
    budget_usd: int
    allowance: Allowance
    disconnect: DisconnectArgs
    tags: Mapping[str, str]
    customize: Customize = field(default_factory=dict)


class SpendGuard(Component):
    """One a function.

    Attributes
    ----------
    alarms : list of pulumi_aws.cloudwatch.MetricAlarm
    guard : Disconnect
    """

    def __init__(self, name: str, args: SpendGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:SpendGuard", name, children=CHILDREN, customize=args.customize, opts=opts)
        self._args = args
        topic_arn = args.disconnect.watched.topic_arn
        self.guard = Disconnect(f"{name}-function", args.disconnect, pulumi.ResourceOptions(parent=self))
        self.alarms = [
            declare(self, child, alarm, prefix=args.physical_name, topic_arn=topic_arn, tags=args.tags)
            for child, alarm in zip(ALARMS, self._of_function(), strict=True)
        ]
        self._budget(topic_arn)
        self.register_outputs({})

    def _of_function(self) -> tuple[Alarm, Alarm, Alarm, Alarm]:
        args = self._args
        watched, allowance = args.disconnect.watched, args.allowance
        acts = "disables the distribution" if args.disconnect.on_flood == "disconnect" else "lets them be blocked"
        return (
            Alarm(
                namespace="AWS/WAFV2",
                metric="BlockedRequests",
                statistic="Sum",
                # By web ACL and rule; CloudFront's have no Region: AWS WAF Developer Guide, "metrics and dimensions".
                dimensions={"WebACL": watched.web_acl, "Rule": "ALL"},
                above=allowance.firewall // BLOCKED_SHARE,
                means=f"The firewall blocks a flood. After {allowance.firewall} a month the guard {acts}.",
                todo="look at the web ACL's sampled requests: which rule, which addresses.",
            ),
            Alarm(
                namespace="AWS/CloudFront",
                metric="5xxErrorRate",
                statistic="Average",
                dimensions={"DistributionId": watched.distribution_id, "Region": "Global"},
                above=ERRORS_PERCENT,
                means=f"More than {ERRORS_PERCENT} % of answers are errors: the gate is closed, the ledger or the "
                "model is away, or the function fails.",
                todo=f"edgewise ledger {watched.function} tells a closed gate from the rest; then the function's log.",
            ),
            Alarm(
                namespace=NAMESPACE,
                metric=UNACCOUNTED_REQUESTS,
                statistic="Maximum",
                dimensions={FUNCTION: watched.function},
                above=allowance.ledger // MISSING_SHARE,
                means="Receipts of granted requests are missing. The guard counts their calls as refused and closes "
                f"the gate at {allowance.ledger}.",
                todo="traffic that thin loses receipts with its environments: raise allowance_ledger; else read the "
                "function's log for crashes.",
            ),
            Alarm(
                namespace="AWS/Lambda",
                metric="Errors",
                statistic="Sum",
                dimensions={"FunctionName": self.guard.function.name},
                above=0,
                means="A run of the guard failed: a flood would be ended one look later.",
                todo="read the guard's log; if every run fails, watch the metrics yourself and use edgewise stop.",
            ),
        )

    def _budget(self, topic_arn: pulumi.Input[str]) -> budgets.Budget:
        """Declare AWS's own budget: a day late, and about all that carries the function's tag, so a backstop only."""
        args = self._args
        actual = [_notification("ACTUAL", level, topic_arn) for level in ALERT_LEVELS_PERCENT]
        forecast = _notification("FORECASTED", max(ALERT_LEVELS_PERCENT), topic_arn)
        return self.child(
            budgets.Budget,
            "budget",
            name=f"{args.physical_name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            # Written as AWS reads it back: without the decimal each preview would show a change (pulumi-aws#1126).
            limit_amount=f"{args.budget_usd}.0",
            limit_unit="USD",
            cost_filters=[
                {
                    "name": "TagKeyValue",
                    "values": [f"user:edgewise:function${args.tags['edgewise:function']}"],
                }
            ],
            notifications=[*actual, forecast],
            tags=args.tags,
        )


def _notification(kind: str, percent: int, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    return {
        "notification_type": kind,
        "comparison_operator": "GREATER_THAN",
        "threshold": percent,
        "threshold_type": "PERCENTAGE",
        "subscriber_sns_topic_arns": [topic_arn],
    }
