"""A function for the edge's own tests: it does what the first JSON object of its body says.

It is put into a zip as text and runs under Lambda's Python, without this project.
"""

from __future__ import annotations

import base64
import json
import os
import time
import urllib.request
from typing import Any

TABLE = "edgewise-local-ledger"


def handler(event: dict[str, Any], context: object) -> Any:
    """Answer an origin-request event."""
    request = event["Records"][0]["cf"]["request"]
    body = base64.b64decode(request["body"]["data"]) if "body" in request else b"{}"
    told = json.JSONDecoder().raw_decode(body.decode("ascii", "replace"))[0]
    return ACTIONS[told.get("do", "echo")](request, told, event)


def _echo(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    request["body"]["data"] = len(request["body"]["data"])
    return _json({"event": event, "pid": os.getpid()})


def _raise(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    raise RuntimeError("secret words of the function")


def _exit(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    os._exit(1)


def _sleep(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    time.sleep(told["s"])
    return _json({"pid": os.getpid()})


def _bad(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    return BAD_ANSWERS[told["which"]]


def _pass_on(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    return request


def _take(request: dict[str, Any], told: dict[str, Any], event: dict[str, Any]) -> Any:
    """Add one to a counter in DynamoDB and answer what it says."""
    update = {
        "TableName": TABLE,
        "Key": {"pk": {"S": "counter#probe"}},
        "UpdateExpression": "ADD taken :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
        "ReturnValues": "ALL_NEW",
    }
    ask = urllib.request.Request(os.environ["AWS_ENDPOINT_URL_DYNAMODB"], json.dumps(update).encode())
    ask.add_header("Content-Type", "application/x-amz-json-1.0")
    ask.add_header("X-Amz-Target", "DynamoDB_20120810.UpdateItem")
    ask.add_header(
        "Authorization", "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/dynamodb/aws4_request, Signature=x"
    )
    with urllib.request.urlopen(ask, timeout=2) as answer:
        return _json({"taken": int(json.load(answer)["Attributes"]["taken"]["N"])})


def _json(content: object) -> dict[str, Any]:
    header = {"key": "Content-Type", "value": "application/json"}
    return {"status": "200", "headers": {"content-type": [header]}, "body": json.dumps(content)}


ACTIONS = {
    "echo": _echo,
    "raise": _raise,
    "exit": _exit,
    "sleep": _sleep,
    "bad": _bad,
    "pass_on": _pass_on,
    "take": _take,
}
BAD_ANSWERS: dict[str, Any] = {
    "none": None,
    "no_status": {"body": "x"},
    "status": {"status": "999"},
    "header": {"status": "200", "headers": {"x-cache": [{"value": "Hit"}]}},
    "too_big": {"status": "200", "body": "x" * 1_000_001},
}
