"""The guard's function: on a schedule, with a role of its own, it closes a gate or disables a distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_, scheduler

from edgewise.cost.bound import Allowance, Guard
from infra.bundle import HomeZip
from infra.components.component import Component, Customize
from infra.components.edge_role import EDGE
from infra.components.ledger import counter_key, guard_key, items
from infra.components.statements import LAMBDA_TRUST, allow, allow_on_everything, document

CHILDREN: Final = (
    "log-group",
    "role",
    "permissions",
    "lambda",
    "once",
    "schedule-role",
    "schedule-permissions",
    "schedule",
)

# Reserved, so that an edge flood in this Region, which draws on the same account's concurrency, can't starve the one
# function that ends it. Runs don't overlap: one takes 10 seconds at most, they begin every 5 minutes.
RESERVED: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What one guard watches, and may touch.

    Attributes
    ----------
    function, stack : str
    table_name, table_arn : Input of str
        The ledger's.
    store_arn : Input of str
        The gate's store.
    distribution_id, distribution_arn : Input of str
    web_acl_arn : Input of str
    web_acl, gate : str
        The names of the web ACL's metric and of the gate's function.
    edge_function : str
        The edge function's name; `edge_function_arn` its ARN without a version.
    edge_function_arn : Input of str
    topic_arn : Input of str
    account : Input of str
        The account's id.
    """

    function: str
    stack: str
    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    store_arn: pulumi.Input[str]
    distribution_id: pulumi.Input[str]
    distribution_arn: pulumi.Input[str]
    web_acl_arn: pulumi.Input[str]
    web_acl: str
    gate: str
    edge_function: str
    edge_function_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    account: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class DisconnectArgs:
    """Inputs.

    Attributes
    ----------
    physical_name : str
        ``edgewise-<stack>-<function>-guard``: Lambda function, role, log group and schedule.
    schedule_role_name : str
        ``edgewise-<stack>-<function>-clock``.
    home_zip : HomeZip
    counted : Guard
        Interval, memory, timeout and attempts as the bound counts them.
    watched : Watched
    on_flood : str
        Whether refused traffic may disable the distribution.
    allowance : Allowance
    log_retention_days : int
    tags : mapping of str to str
    customize : mapping
        See `Component`.
    """

    physical_name: str
    schedule_role_name: str
    home_zip: HomeZip
    counted: Guard
    watched: Watched
    on_flood: str
    allowance: Allowance
    log_retention_days: int
    tags: Mapping[str, str]
    customize: Customize = field(default_factory=dict)


class Disconnect(Component):
    """One a function.

    Attributes
    ----------
    function : pulumi_aws.lambda_.Function
    """

    def __init__(self, name: str, args: DisconnectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Disconnect", name, children=CHILDREN, customize=args.customize, opts=opts)
        self._args = args
        self.function = self._function()
        self._schedule()
        self.register_outputs({"function": self.function.name})

    def _function(self) -> lambda_.Function:
        args = self._args
        logs = self.child(
            cloudwatch.LogGroup,
            "log-group",
            name=f"/aws/lambda/{args.physical_name}",
            retention_in_days=args.log_retention_days,
            tags=args.tags,
        )
        role = self.child(iam.Role, "role", name=args.physical_name, assume_role_policy=LAMBDA_TRUST, tags=args.tags)
        permissions = self.child(
            iam.RolePolicy, "permissions", role=role.name, policy=guard_permissions(args.watched, logs.arn)
        )
        function = self.child(
            lambda_.Function,
            "lambda",
            name=args.physical_name,
            role=role.arn,
            runtime=args.home_zip.runtime,
            handler=args.home_zip.handler,
            code=pulumi.FileArchive(str(args.home_zip.path)),
            architectures=["x86_64"],
            memory_size=args.counted.memory_mb,
            timeout=args.counted.timeout_s,
            reserved_concurrent_executions=RESERVED,
            environment={"variables": self._variables()},
            tags=args.tags,
            opts=pulumi.ResourceOptions(depends_on=[permissions, logs]),
        )
        # A schedule calls Lambda asynchronously, and Lambda itself would repeat what fails twice. The next look comes
        # soon enough, with newer counts.
        self.child(
            lambda_.FunctionEventInvokeConfig,
            "once",
            function_name=function.name,
            maximum_retry_attempts=args.counted.attempts - 1,
            maximum_event_age_in_seconds=max(60, args.counted.interval_s),
        )
        return function

    def _variables(self) -> dict[str, pulumi.Input[str]]:
        args, watched = self._args, self._args.watched
        return {
            "FUNCTION": watched.function,
            "STACK": watched.stack,
            "TABLE": watched.table_name,
            "STORE_ARN": watched.store_arn,
            "DISTRIBUTION_ID": watched.distribution_id,
            "TOPIC_ARN": watched.topic_arn,
            "WEB_ACL": watched.web_acl,
            "GATE": watched.gate,
            "EDGE_FUNCTION": watched.edge_function,
            "ON_FLOOD": args.on_flood,
            "ALLOWANCE_FIREWALL": str(args.allowance.firewall),
            "ALLOWANCE_GATE": str(args.allowance.gate),
            "ALLOWANCE_LEDGER": str(args.allowance.ledger),
        }

    def _schedule(self) -> scheduler.Schedule:
        args = self._args
        role = self.child(
            iam.Role,
            "schedule-role",
            name=args.schedule_role_name,
            assume_role_policy=_schedule_trust(args.watched.account),
            tags=args.tags,
        )
        permissions = self.child(
            iam.RolePolicy,
            "schedule-permissions",
            role=role.name,
            policy=document(allow("RunTheGuard", "lambda:InvokeFunction", self.function.arn)),
        )
        return self.child(
            scheduler.Schedule,
            "schedule",
            name=args.physical_name,
            schedule_expression=f"rate({args.counted.interval_s // 60} minutes)",
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": self.function.arn,
                "role_arn": role.arn,
                "retry_policy": {"maximum_retry_attempts": 0, "maximum_event_age_in_seconds": 60},
            },
            opts=pulumi.ResourceOptions(depends_on=[permissions]),
        )


def guard_permissions(watched: Watched, log_group_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the policy of one guard's role, as JSON."""
    memory = guard_key(watched.function)
    return document(
        # By name a metric can't be granted; it reads figures of this account, and no data.
        allow_on_everything("ReadMetrics", "cloudwatch:GetMetricData"),
        items(
            "ReadCounterAndMemory",
            "dynamodb:GetItem",
            watched.table_arn,
            counter_key(watched.function, EDGE),
            memory,
        ),
        items("Remember", "dynamodb:UpdateItem", watched.table_arn, memory),
        allow(
            "CloseTheGate",
            [
                "cloudfront-keyvaluestore:DescribeKeyValueStore",
                "cloudfront-keyvaluestore:GetKey",
                "cloudfront-keyvaluestore:PutKey",
            ],
            watched.store_arn,
        ),
        allow(
            "DisableTheDistribution",
            ["cloudfront:GetDistributionConfig", "cloudfront:UpdateDistribution"],
            watched.distribution_arn,
        ),
        # Whoever writes a distribution with an edge function and a web ACL must be allowed to look at both and to
        # associate the function again (CloudFront Developer Guide, "Set up IAM permissions and roles for Lambda@Edge",
        # which demands the asterisk). Whether it is asked for when neither changes is not written anywhere: a guard
        # that finds out during a flood is too late.
        allow(
            "KeepItsFunction",
            ["lambda:GetFunction", "lambda:EnableReplication*"],
            pulumi.Output.concat(watched.edge_function_arn, ":*"),
        ),
        allow("KeepItsFirewall", "wafv2:GetWebACL", watched.web_acl_arn),
        allow("TellPeople", "sns:Publish", watched.topic_arn),
        allow(
            "WriteOwnLogs",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            pulumi.Output.concat(log_group_arn, ":*"),
        ),
    )


def _schedule_trust(account: pulumi.Input[str]) -> pulumi.Output[str]:
    """Let the scheduler take the role, for schedules of this account only.

    Source: EventBridge Scheduler User Guide, "Confused deputy prevention".
    """
    return document(
        {
            "Effect": "Allow",
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": account}},
        }
    )
