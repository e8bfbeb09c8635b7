"""What an edge function may do: write its logs, read its own limits and source, take from its own counter."""

from __future__ import annotations

import json
from typing import Final

import pulumi

from infra.components.ledger import counter_key, items, limits_key, override_key, source_key
from infra.components.statements import document
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
# One call reads them all: inference/ledger.py.
_READ: Final = (limits_key, source_key, override_key)


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
    return document(
        {
            "Sid": "WriteOwnLogs",
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            # The Region is the one nearest the viewer.
            "Resource": f"arn:aws:logs:*:*:log-group:/aws/lambda/{HOME_REGION}.{physical_name}:*",
        },
        items("ReadOwnLimits", "dynamodb:BatchGetItem", table_arn, *(key(function) for key in _READ)),
        items("TakeFromOwnCounter", "dynamodb:UpdateItem", table_arn, counter_key(function, EDGE)),
    )
