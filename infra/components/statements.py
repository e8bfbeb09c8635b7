"""IAM documents: who may assume a role, and the few actions that AWS grants on everything or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pulumi

LAMBDA_TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)

# Actions that know no resource: on anything but `*` they are refused. None of them reads or writes data.
ON_EVERYTHING: Final[Mapping[str, str]] = {
    "cloudwatch:GetMetricData": "Service Authorization Reference, Amazon CloudWatch: no resource type",
    "dynamodb:ListStreams": "Service Authorization Reference, DynamoDB: no resource type; an event source mapping is "
    "refused at its creation without it (AWS Lambda Developer Guide, Using Lambda with DynamoDB)",
}


def allow(sid: str, actions: str | list[str], resource: Any) -> dict[str, Any]:
    """Return a statement that allows actions on a resource or several."""
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource}


def allow_on_everything(sid: str, action: str) -> dict[str, Any]:
    """Return a statement for an action of `ON_EVERYTHING`.

    Raises
    ------
    ValueError
        When the action can be granted on a resource.
    """
    if action not in ON_EVERYTHING:
        raise ValueError(f"{action} is not in ON_EVERYTHING (infra/components/statements.py): name its resource")
    return allow(sid, action, "*")


def document(*statements: Mapping[str, Any]) -> pulumi.Output[str]:
    """Return a policy document as JSON."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})
