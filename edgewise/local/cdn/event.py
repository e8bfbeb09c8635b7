"""The event that a Lambda@Edge function gets, and what CloudFront makes of its answer."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict

from edgewise.local.cdn import headers as edge_headers
from edgewise.local.cdn.pages import Reply, phrase

if TYPE_CHECKING:
    from edgewise.local.stack.model import Distribution, Origin

# CloudFront Developer Guide, "Restrictions on Lambda@Edge" and "Generate HTTP responses in request
# triggers": 1 MB either way. AWS does not say whether of 1,000,000 or 1,048,576 bytes; what passes at the
# smaller figure passes at both.
MAX_BODY_BYTES: Final = 1_000_000
MAX_ANSWER_BYTES: Final = 1_000_000
LOWEST_STATUS: Final = 200
HIGHEST_STATUS: Final = 599


class InvalidAnswerError(Exception):
    """A function's answer is none that CloudFront accepts: it answers 502."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewerRequest:
    """A request as the viewer sent it, or as the gate passed it on."""

    request_id: str
    client_ip: str
    method: str
    uri: str
    querystring: str
    headers: CIMultiDict[str]


def origin_event(
    request: ViewerRequest,
    distribution: Distribution,
    origin: Origin,
    *,
    headers: CIMultiDict[str],
    body: bytes | None,
    truncated: bool,
) -> bytes:
    """Return an origin-request event for a Lambda@Edge function, as JSON.

    Parameters
    ----------
    request : ViewerRequest
        The request after the gate.
    distribution, origin : Distribution, Origin
        Where it goes.
    headers : CIMultiDict
        The headers that go to the origin.
    body : bytes or None
        At most `MAX_BODY_BYTES` of the body; None when the function is not given it.
    truncated : bool
        Whether the body was longer.
    """
    s3: dict[str, object] = {
        "authMethod": "none",
        "customHeaders": edge_headers.to_lists(CIMultiDict(origin.custom_headers)),
        "domainName": origin.domain_name,
        "path": origin.origin_path,
        "readTimeout": 30,
        "region": "",
        "responseCompletionTimeout": 30,
    }
    content: dict[str, object] = {
        "clientIp": request.client_ip,
        "headers": edge_headers.to_lists(headers),
        "method": request.method,
        "origin": {"s3": s3},
        "querystring": request.querystring,
        "uri": request.uri,
    }
    if body is not None:
        content["body"] = {
            "action": "read-only",
            "data": base64.b64encode(body).decode(),
            "encoding": "base64",
            "inputTruncated": truncated,
        }
    config = {
        "distributionDomainName": distribution.domain_name,
        "distributionId": distribution.distribution_id,
        "eventType": "origin-request",
        "requestId": request.request_id,
    }
    return json.dumps({"Records": [{"cf": {"config": config, "request": content}}]}, separators=(",", ":")).encode()


def read_lambda_answer(answer: bytes, request: ViewerRequest) -> ViewerRequest | Reply:
    """Read what a function returned: a response, or the request to go on to the origin with.

    Raises
    ------
    InvalidAnswerError
        When CloudFront would not accept it.
    """
    try:
        content = json.loads(answer)
    except ValueError as error:
        raise InvalidAnswerError("the answer is no JSON") from error
    if not isinstance(content, dict):
        raise InvalidAnswerError("the answer is no object")
    try:
        if "status" not in content:
            return _forwarded(content, request)
        return _lambda_reply(content)
    except (ValueError, AttributeError, TypeError) as error:
        raise InvalidAnswerError(str(error)) from error


def _forwarded(content: Mapping[str, object], request: ViewerRequest) -> ViewerRequest:
    uri = content.get("uri")
    if not isinstance(uri, str) or not uri.startswith("/") or content.get("method") != request.method:
        raise InvalidAnswerError("neither a response with a status nor a request with its uri and method")
    return ViewerRequest(
        request_id=request.request_id,
        client_ip=request.client_ip,
        method=request.method,
        uri=uri,
        querystring=str(content.get("querystring") or ""),
        headers=request.headers,
    )


def _lambda_reply(content: Mapping[str, object]) -> Reply:
    text = content["status"]
    status = int(text) if isinstance(text, str | int) else 0
    if not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise InvalidAnswerError(f"status is {text!r}, it must be from 200 to 599")
    fields = content.get("headers", {})
    if not isinstance(fields, Mapping):
        raise InvalidAnswerError("headers must be an object of lists")
    headers = edge_headers.from_lists(fields)
    body = content.get("body") or ""
    if not isinstance(body, str):
        raise InvalidAnswerError("body must be text")
    size = len(body.encode()) + sum(len(name) + len(value) + 4 for name, value in headers.items())
    if size > MAX_ANSWER_BYTES:
        raise InvalidAnswerError(f"{size} bytes, a generated response may have {MAX_ANSWER_BYTES}")
    return Reply(
        status=status,
        headers=headers,
        body=decode_body(body, str(content.get("bodyEncoding", "text"))),
        reason=reason_of(content.get("statusDescription"), status),
        x_cache="LambdaGeneratedResponse from cloudfront",
    )


def reason_of(text: object, status: int) -> str | None:
    """Return the words behind a status: a function's own, or the standard ones."""
    if not text:
        return phrase(status)
    if not isinstance(text, str) or not text.isprintable():
        raise InvalidAnswerError("statusDescription must be one line of text")
    return text


def decode_body(body: object, encoding: str) -> bytes:
    """Return the bytes of a function's body."""
    if body is None:
        return b""
    if not isinstance(body, str) or encoding not in ("text", "base64"):
        raise InvalidAnswerError("the body must be text, its encoding 'text' or 'base64'")
    if encoding == "text":
        return body.encode()
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise InvalidAnswerError("the body is no valid base64") from error
