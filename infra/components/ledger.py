"""The ledger: what each function may still grant today.

The limits and source items of a function are Pulumi's. The others are the runtime's, the guard's and the operators',
made when they are first written: an item that Pulumi wrote too would be put back to its start by a refresh and an
update.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
from pulumi_aws import dynamodb

from infra.components.component import Component, Customize

CHILDREN: Final = ("table", "limits", "source")


@dataclass(frozen=True, kw_only=True, slots=True)
class LedgerArgs:
    """Inputs.

    Attributes
    ----------
    table_name : str
        Fixed, not drawn: it is baked into every zip, and a new table would be a new count.
    tags : mapping of str to str
    protect : bool
        Refuse to delete the table, at AWS and here: with it the count would start again.
    customize : mapping
        See `Component`.
    """

    table_name: str
    tags: dict[str, str]
    protect: bool
    customize: Customize = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionLimits:
    """What a lease of one function brings, as far as it is known before the deployment and no secret.

    It stands in an item of its own: one unknown or secret value would hide all of it from who judges a preview.

    Attributes
    ----------
    daily_quota, monthly_quota : int
        Requests a UTC day and month, per edge; None for no quota of the month's own.
    ms_per_request : int
        Billed milliseconds granted with each request, on average over a lease.
    cold_grants_daily, renewals_daily : int
        Leases a day: those that carry a start-up and a download, and the others.
    lease_least, lease_requests, lease_seconds : int
        What one lease grants at least and at most, and for how long.
    model_digest : str
    """

    daily_quota: int
    monthly_quota: int | None
    ms_per_request: int
    cold_grants_daily: int
    renewals_daily: int
    lease_least: int
    lease_requests: int
    lease_seconds: int
    model_digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelSource:
    """Where a function's models are fetched.

    Attributes
    ----------
    model_url : Input of str
        Of the pinned model; any other lies beside it.
    fetch_token : Input of str
        Secret; good for reading models.
    """

    model_url: pulumi.Input[str]
    fetch_token: pulumi.Input[str]


def limits_key(function: str) -> str:
    """Return the key of Pulumi's item of numbers."""
    return f"limits#{function}"


def source_key(function: str) -> str:
    """Return the key of Pulumi's item of the model's address and token."""
    return f"source#{function}"


def counter_key(function: str, edge: str) -> str:
    """Return the key of the item that the runtime owns."""
    return f"counter#{function}#{edge}"


def override_key(function: str) -> str:
    """Return the key of the item that the operators own: a stop, a canary."""
    return f"override#{function}"


def guard_key(function: str) -> str:
    """Return the key of the item in which the guard remembers what it did."""
    return f"guard#{function}"


def items(sid: str, action: str, table_arn: pulumi.Input[str], *keys: str) -> dict[str, Any]:
    """Return a statement that allows an action on these items of the table and no others."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": action,
        "Resource": table_arn,
        # ForAllValues is true of no value at all, so the second line demands one.
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": list(keys)},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }


class Ledger(Component):
    """One table a stack.

    Attributes
    ----------
    table : pulumi_aws.dynamodb.Table
    """

    def __init__(self, name: str, args: LedgerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("edgewise:infra:Ledger", name, children=CHILDREN, customize=args.customize, opts=opts)
        self.table = self.child(
            dynamodb.Table,
            "table",
            name=args.table_name,
            billing_mode="PAY_PER_REQUEST",
            hash_key="pk",
            attributes=[{"name": "pk", "type": "S"}],
            # Each write of the runtime's is a record: what was granted, and the receipt that came with it.
            stream_enabled=True,
            stream_view_type="NEW_AND_OLD_IMAGES",
            # Records of what operators switched, `action#…`, are the only items that expire.
            ttl={"attribute_name": "expires", "enabled": True},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.protect,
            tags=args.tags,
            opts=pulumi.ResourceOptions(protect=args.protect, retain_on_delete=args.protect),
        )
        self.register_outputs({"table": self.table.name})

    def limit(self, function: str, limits: FunctionLimits) -> dynamodb.TableItem:
        """Write a function's limits; an edge sees them with its next lease."""
        numbers = {
            "daily_quota": limits.daily_quota,
            "monthly_quota": limits.monthly_quota,
            "ms_per_request": limits.ms_per_request,
            "cold_grants_daily": limits.cold_grants_daily,
            "renewals_daily": limits.renewals_daily,
            "lease_least": limits.lease_least,
            "lease_requests": limits.lease_requests,
            "lease_seconds": limits.lease_seconds,
        }
        item = {
            "pk": {"S": limits_key(function)},
            **{name: {"N": str(value)} for name, value in numbers.items() if value is not None},
            "model_digest": {"S": limits.model_digest},
        }
        return self._item("limits", function, json.dumps(item))

    def source(self, function: str, source: ModelSource) -> dynamodb.TableItem:
        """Write where a function's models are fetched, as a secret; an edge sees it with its next lease."""
        item = {
            "pk": {"S": source_key(function)},
            "model_url": {"S": source.model_url},
            "fetch_token": {"S": source.fetch_token},
        }
        return self._item("source", function, pulumi.Output.secret(pulumi.Output.json_dumps(item)))

    def _item(self, child: str, function: str, item: pulumi.Input[str]) -> dynamodb.TableItem:
        return self.child(
            dynamodb.TableItem,
            child,
            suffix=function,
            table_name=self.table.name,
            hash_key="pk",
            item=item,
        )
