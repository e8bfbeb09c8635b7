"""The document that Lambda sends to an on-failure destination for stream records that it gives up.

AWS, Lambda Developer Guide, "Retaining discarded batches from a DynamoDB event source". It names the records and
does not hold them.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud.streams import SHARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewise.local.functions.environments import Result
    from edgewise.local.home.stream import Record
    from edgewise.local.stack.homemodel import EventSource

EXHAUSTED: Final = "RetryAttemptsExhausted"
TOO_OLD: Final = "RecordAgeExceeded"


def document(
    source: EventSource,
    records: Sequence[Record],
    *,
    condition: str,
    invoke_count: int,
    result: Result | None,
    now_s: float,
) -> dict[str, Any]:
    """Return the document.

    Parameters
    ----------
    source : EventSource
    records : sequence of Record
        What is given up, in order.
    condition : str
        `EXHAUSTED` or `TOO_OLD`.
    invoke_count : int
        How often they were handed over.
    result : Result or None
        How the last call ended; None when there was none.
    now_s : float
        Unix seconds.
    """
    told: dict[str, Any] = {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": source.function_arn,
            "condition": condition,
            "approximateInvokeCount": invoke_count,
        }
    }
    if result is not None:
        told["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    return told | {
        "version": "1.0",
        "timestamp": _text(now_s),
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _text(_arrival(records[0])),
            "approximateArrivalOfLastRecord": _text(_arrival(records[-1])),
            "batchSize": len(records),
            "streamArn": source.stream_arn,
        },
    }


def _arrival(record: Record) -> float:
    return float(record.content["dynamodb"]["ApproximateCreationDateTime"])


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
