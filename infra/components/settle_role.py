"""What settle may do: read the ledger's stream, fill the lake, tell people, close gates. It can't write the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from inference.lake import PREFIX
from infra.components.lake import CLAIMS_PREFIX
from infra.components.statements import allow, allow_on_everything, document


@dataclass(frozen=True, kw_only=True, slots=True)
class SettleReaches:
    """The ARNs of all that settle touches."""

    stream: pulumi.Input[str]
    lake: pulumi.Input[str]
    topic: pulumi.Input[str]
    stores: Sequence[pulumi.Input[str]]
    dead_letters: pulumi.Input[str]
    log_group: pulumi.Input[str]


def settle_permissions(reaches: SettleReaches) -> pulumi.Output[str]:
    """Return the policy of the settle function's role, as JSON."""
    receipts = pulumi.Output.concat(reaches.lake, f"/{PREFIX}/*")
    claims = pulumi.Output.concat(reaches.lake, f"/{CLAIMS_PREFIX}/*")
    streams = pulumi.Output.concat(reaches.log_group, ":*")
    return document(
        allow(
            "ReadLedgerStream",
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
            reaches.stream,
        ),
        allow_on_everything("FindLedgerStream", "dynamodb:ListStreams"),
        allow("WriteReceipts", "s3:PutObject", receipts),
        allow("ClaimAlerts", ["s3:GetObject", "s3:PutObject"], claims),
        allow("TellPeople", "sns:Publish", reaches.topic),
        allow(
            "CloseGates",
            [
                "cloudfront-keyvaluestore:DescribeKeyValueStore",
                "cloudfront-keyvaluestore:GetKey",
                "cloudfront-keyvaluestore:PutKey",
            ],
            list(reaches.stores),
        ),
        allow("KeepDeadLetters", "sqs:SendMessage", reaches.dead_letters),
        allow("WriteOwnLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], streams),
    )
