"""Settle: the function on the ledger's stream that takes receipts in, raises alerts and closes gates."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch, iam, lambda_, sqs

from edgewise.cost.bound import Settle as CountedSettle
from edgewise.cost.unit_prices import UnitPrices
from infra.bundle import HomeZip
from infra.components.component import Component, Customize
from infra.components.settle_role import SettleReaches, settle_permissions
from infra.components.statements import LAMBDA_TRUST

CHILDREN: Final = ("log-group", "role", "permissions", "dead-letters", "lambda", "stream")

# AWS Lambda quotas: environment variables of a function, all of them, 4 KB.
ENVIRONMENT_BYTES: Final = 4096
# What an ARN or a bucket's name that is not known yet may take: a store's id has 36 characters, an account's 12
# digits, a topic's name 80 in this program, a bucket's 63.
STORE_ARN_BYTES: Final = len("arn:aws:cloudfront::000000000000:key-value-store/") + 36
TOPIC_ARN_BYTES: Final = len("arn:aws:sns:us-east-1:000000000000:") + 80
BUCKET_NAME_BYTES: Final = 63

# Reserved, so that an edge flood in this Region, which draws on the same account's concurrency, can't starve the one
# function that closes the gate; two, since a shard that has just split is read with its successor. It is also the
# most that settle can take from everybody else.
RESERVED: Final = 2
# Small enough that a gate closes seconds after its quota ends, long enough that quiet hours don't run a batch a lease.
WINDOW_S: Final = 2
BATCH: Final = 100
# A stream keeps records for a day. Half of it to wait while Lambda itself is out of order, which counts as no retry;
# half for somebody to read what a dead letter points to: it holds a place in the stream and not the records.
RECORD_AGE_S: Final = 43_200
DEAD_LETTER_S: Final = 1_209_600  # SQS quotas: 14 days at most.

# Only counters: limits, overrides and records of actions are others' items of the same table.
COUNTERS: Final = json.dumps({"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "counter#"}]}}}})


class SettleError(ValueError):
    """Settle can't be told what it must know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SettledFunction:
    """What settle knows of one function.

    Attributes
    ----------
    store_arn : Input of str
        The gate's store.
    budget_usd, bound_usd : Decimal
    prices : UnitPrices
    """

    store_arn: pulumi.Input[str]
    budget_usd: Decimal
    bound_usd: Decimal
    prices: UnitPrices


@dataclass(frozen=True, kw_only=True, slots=True)
class SettleArgs:
    """Inputs.

    Attributes
    ----------
    physical_name : str
        ``edgewise-<stack>-settle``: fixed, since the log group is made before the function that logs there.
    stack : str
    home_zip : HomeZip
    counted : CountedSettle
        Memory, timeout and retries as the bound counts them.
    stream_arn, topic_arn, lake_arn, lake_bucket : Input of str
    functions : mapping of str to SettledFunction
    log_retention_days : int
    tags : dict of str to str
    customize : mapping
        See `Component`.
    """

    physical_name: str
    stack: str
    home_zip: HomeZip
    counted: CountedSettle
    stream_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    lake_arn: pulumi.Input[str]
    lake_bucket: pulumi.Input[str]
    functions: Mapping[str, SettledFunction]
    log_retention_days: int
    tags: dict[str, str]
    customize: Customize = field(default_factory=dict)


class SettleFunction(Component):
    """One a stack.

    Attributes
    ----------
    function : pulumi_aws.lambda_.Function
    dead_letters : pulumi_aws.sqs.Queue
    """

    def __init__(self, name: str, args: SettleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Settle", name, children=CHILDREN, customize=args.customize, opts=opts)
        require_room(args.stack, args.functions)
        self._args = args
        self.dead_letters = self.child(
            sqs.Queue,
            "dead-letters",
            name=f"{args.physical_name}-dead-letters",
            message_retention_seconds=DEAD_LETTER_S,
            sqs_managed_sse_enabled=True,
            tags=args.tags,
        )
        logs = self.child(
            cloudwatch.LogGroup,
            "log-group",
            name=f"/aws/lambda/{args.physical_name}",
            retention_in_days=args.log_retention_days,
            tags=args.tags,
        )
        role = self.child(iam.Role, "role", name=args.physical_name, assume_role_policy=LAMBDA_TRUST, tags=args.tags)
        permissions = self._permissions(role, logs)
        self.function = self._function(role, depends_on=[permissions, logs])
        self._stream(permissions)
        self.register_outputs({"function": self.function.name})

    def _permissions(self, role: iam.Role, logs: cloudwatch.LogGroup) -> iam.RolePolicy:
        args = self._args
        reaches = SettleReaches(
            stream=args.stream_arn,
            lake=args.lake_arn,
            topic=args.topic_arn,
            stores=[function.store_arn for _, function in sorted(args.functions.items())],
            dead_letters=self.dead_letters.arn,
            log_group=logs.arn,
        )
        return self.child(iam.RolePolicy, "permissions", role=role.name, policy=settle_permissions(reaches))

    def _function(self, role: iam.Role, depends_on: list[pulumi.Resource]) -> lambda_.Function:
        args = self._args
        return self.child(
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
            environment={
                "variables": {
                    "TOPIC_ARN": args.topic_arn,
                    "LAKE_BUCKET": args.lake_bucket,
                    "STACK": args.stack,
                    "FUNCTIONS": _compact({name: _told(each) for name, each in sorted(args.functions.items())}),
                }
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(depends_on=depends_on),
        )

    def _stream(self, permissions: iam.RolePolicy) -> lambda_.EventSourceMapping:
        """Map the ledger's stream to the function.

        No bisecting: a split does not count as a retry (AWS Lambda Developer Guide, Using Lambda with DynamoDB,
        "Split batch on error"), while the bound counts retries + 1 runs a record. With reported item failures each
        run either gets past a record or is a retry of it, so that holds.
        """
        args = self._args
        return self.child(
            lambda_.EventSourceMapping,
            "stream",
            event_source_arn=args.stream_arn,
            function_name=self.function.arn,
            # A new mapping takes minutes to begin, and LATEST would lose what comes meanwhile (AWS Lambda Developer
            # Guide, "Polling and batching streams"). A mapping made anew reads up to a day again: rows have their
            # keys, alerts their claims, gates never open by it; metrics of those hours count twice.
            starting_position="TRIM_HORIZON",
            batch_size=BATCH,
            maximum_batching_window_in_seconds=WINDOW_S,
            # One batch of a shard at a time: alerts compare a counter with its last state.
            parallelization_factor=1,
            filter_criteria={"filters": [{"pattern": COUNTERS}]},
            function_response_types=["ReportBatchItemFailures"],
            maximum_retry_attempts=args.counted.retries,
            maximum_record_age_in_seconds=RECORD_AGE_S,
            bisect_batch_on_function_error=False,
            destination_config={"on_failure": {"destination_arn": self.dead_letters.arn}},
            tags=args.tags,
            # AWS tries the role when the mapping is made.
            opts=pulumi.ResourceOptions(depends_on=[permissions]),
        )


def require_room(stack: str, functions: Mapping[str, SettledFunction]) -> None:
    """Refuse more functions than settle's environment can name, before AWS does.

    Raises
    ------
    SettleError
        With the size and the limit.
    """
    told = {name: _told(function) | {"store": "-" * STORE_ARN_BYTES} for name, function in functions.items()}
    parts = {
        "TOPIC_ARN": TOPIC_ARN_BYTES,
        "LAKE_BUCKET": BUCKET_NAME_BYTES,
        "STACK": len(stack),
        "FUNCTIONS": len(json.dumps(told, separators=(",", ":")).encode()),
    }
    size = sum(len(name) + length for name, length in parts.items())
    if size > ENVIRONMENT_BYTES:
        raise SettleError(
            f"stack {stack}: settle's environment takes {size} bytes for {len(functions)} functions; Lambda accepts "
            f"{ENVIRONMENT_BYTES} (AWS Lambda quotas): put some functions into another stack"
        )


def _told(function: SettledFunction) -> dict[str, Any]:
    prices = function.prices
    return {
        "store": function.store_arn,
        "budget": _text(function.budget_usd),
        "bound": _text(function.bound_usd),
        "fixed": _text(prices.fixed),
        "request": _text(prices.request),
        "lease": _text(prices.lease),
        "cold": _text(prices.cold),
    }


def _text(usd: Decimal) -> str:
    """Write an amount without an exponent and without zeros that say nothing."""
    text = f"{usd:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _compact(value: Mapping[str, Any]) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value).apply(lambda known: json.dumps(known, separators=(",", ":"), sort_keys=True))
