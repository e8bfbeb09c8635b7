"""A function for the home Region's own tests: it writes down what it gets in the lake, and fails where it is told to.

It is put into a zip as text, as `handler.py`, and runs under Lambda's Python, without this project.
A plan in the lake (``plan.json``) says what to do at a record, by its item's attribute ``n``.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from typing import Any

SIGNED = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, Signature=x"


def _lake(method: str, key: str, body: bytes | None = None) -> bytes:
    url = f"{os.environ['AWS_ENDPOINT_URL_S3']}/{os.environ['LAKE']}/{key}"
    ask = urllib.request.Request(url, body, {"Authorization": SIGNED}, method=method)
    with urllib.request.urlopen(ask, timeout=2) as answer:
        content: bytes = answer.read()
        return content


def handler(event: dict[str, Any], context: Any) -> Any:
    """Take a batch of stream records, or a schedule's call."""
    if "Records" not in event:
        print(json.dumps(_metric("Runs", 1)))
        return {"time": time.time(), "event": event}
    numbers = [record["dynamodb"]["SequenceNumber"] for record in event["Records"]]
    # Each call under a name of its own, so that batches that came twice are seen.
    _lake("PUT", f"calls/{numbers[0]}-{context.aws_request_id}.json", json.dumps(event).encode())
    plan = _plan()
    for record in event["Records"]:
        number, image = record["dynamodb"]["SequenceNumber"], record["dynamodb"]["NewImage"]
        do = plan.get(image["n"]["N"], "take")
        if do == "crash_once" and not _there(f"crashed/{number}"):
            _lake("PUT", f"crashed/{number}", b"")
            os._exit(1)
        if do == "report":
            return {"batchItemFailures": [{"itemIdentifier": number}]}
        _lake("PUT", f"settled/{number}.json", json.dumps(record).encode())
    print(json.dumps(_metric("Settled", len(numbers))))
    return {"batchItemFailures": []}


def _plan() -> dict[str, str]:
    return json.loads(_lake("GET", "plan.json")) if _there("plan.json") else {}


def _there(key: str) -> bool:
    try:
        _lake("HEAD", key)
    except urllib.error.HTTPError:
        return False
    return True


def _metric(name: str, value: float) -> dict[str, Any]:
    told = {"Namespace": "Probe", "Dimensions": [[]], "Metrics": [{"Name": name}]}
    return {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [told]}, name: value}
