"""What an edge function may do: write its logs, read its own limits, take from its own counter."""

from __future__ import annotations

import json
from typing import Any, Final

import pulumi

from infra.components.ledger import counter_key, limits_key
from infra.limits import HOME_REGION

# Both services assume the role: Amazon CloudFront Developer Guide, "Set up IAM permissions and roles for Lambda@Edge".
EDGE_TRUST: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "edgelambda.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)

EDGE: Final = "cloudfront"


def edge_permissions(physical_name: str, function: str, table_arn: pulumi.Input[str]) -> pulumi.Output[str]:
    """Return the policy of one edge function, as JSON.

    Parameters
    ----------
    physical_name : str
        The Lambda function's name: its log groups carry it.
    function : str
        The function's name in the ledger.
    table_arn : Input of str
        The ledger's table.
    """
    return pulumi.Output.json_dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "WriteOwnLogs",
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    # The Region is the one nearest the viewer.
                    "Resource": f"arn:aws:logs:*:*:log-group:/aws/lambda/{HOME_REGION}.{physical_name}:*",
                },
                _items("ReadOwnLimits", "dynamodb:GetItem", table_arn, limits_key(function)),
                _items("TakeFromOwnCounter", "dynamodb:UpdateItem", table_arn, counter_key(function, EDGE)),
            ],
        }
    )


def _items(sid: str, action: str, table_arn: pulumi.Input[str], key: str) -> dict[str, Any]:
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": action,
        "Resource": table_arn,
        # ForAllValues is true of no value at all, so the second line demands one.
        "Condition": {
            "ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [key]},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    }
