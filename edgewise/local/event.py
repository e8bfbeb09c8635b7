"""The events that edge functions get, and what CloudFront makes of their answers."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from multidict import CIMultiDict

from edgewise.local import headers as edge_headers
from edgewise.local.pages import Reply, phrase

if TYPE_CHECKING:
    from edgewise.local.model import Distribution, Origin

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


def gate_event(request: ViewerRequest, distribution: Distribution) -> dict[str, object]:
    """Return a viewer-request event for a CloudFront Function."""
    headers: dict[str, dict[str, object]] = {}
    cookies: dict[str, dict[str, object]] = {}
    for name, value in request.headers.items():
        lower = name.lower()
        if lower == "cookie":
            for pair in value.split(";"):
                key, _, text = pair.strip().partition("=")
                _collect(cookies, key, text)
        elif not edge_headers.is_disallowed(lower):
            _collect(headers, lower, value)
    # The gateway's loopback address stands for the distribution's name.
    headers["host"] = {"value": distribution.domain_name}
    query: dict[str, dict[str, object]] = {}
    for key, value in parse_qsl(request.querystring, keep_blank_values=True):
        _collect(query, key, value)
    return {
        "version": "1.0",
        "context": {
            "distributionDomainName": distribution.domain_name,
            "distributionId": distribution.distribution_id,
            "eventType": "viewer-request",
            "requestId": request.request_id,
        },
        "viewer": {"ip": request.client_ip},
        "request": {
            "method": request.method,
            "uri": request.uri,
            "querystring": query,
            "headers": headers,
            "cookies": cookies,
        },
    }


def _collect(fields: dict[str, dict[str, object]], name: str, value: str) -> None:
    """Add one value; a second of the same name makes ``multiValue``."""
    if name not in fields:
        fields[name] = {"value": value}
        return
    values = fields[name].setdefault("multiValue", [{"value": fields[name]["value"]}])
    assert isinstance(values, list)
    values.append({"value": value})


def read_gate_answer(answer: Mapping[str, object], request: ViewerRequest) -> ViewerRequest | Reply:
    """Read what a gate returned: a request to go on with, or a response.

    Raises
    ------
    InvalidAnswerError
        When CloudFront would not accept it.
    """
    if "statusCode" in answer:
        return _gate_reply(answer)
    uri, method = answer.get("uri"), answer.get("method")
    if not isinstance(uri, str) or not uri.startswith("/"):
        raise InvalidAnswerError(f"uri is {uri!r}, it must begin with a slash")
    if method != request.method:
        raise InvalidAnswerError("method is read-only")
    sent = {key for key in request.headers if key.lower() in edge_headers.GATE_READ_ONLY}
    headers = _gate_headers(answer.get("headers"), answer.get("cookies"))
    for name in sent:
        if name.lower() != "host" and headers.getall(name, []) != request.headers.getall(name):
            raise InvalidAnswerError(f"header {name!r} is read-only")
    return ViewerRequest(
        request_id=request.request_id,
        client_ip=request.client_ip,
        method=request.method,
        uri=uri,
        querystring=_query(answer.get("querystring")),
        headers=headers,
    )


def _gate_headers(fields: object, cookies: object) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in _pairs(fields):
        if name != name.lower():
            raise InvalidAnswerError(f"header {name!r}: the name must be in lower case")
        _add(headers, edge_headers.capitalised(name), value)
    jar = "; ".join(f"{name}={value}" for name, value in _pairs(cookies))
    if jar:
        headers["Cookie"] = jar
    return headers


def _add(headers: CIMultiDict[str], name: str, value: object) -> None:
    try:
        edge_headers.add_checked(headers, name, value, read_only=frozenset())
    except ValueError as error:
        raise InvalidAnswerError(str(error)) from error


def _pairs(fields: object) -> list[tuple[str, object]]:
    """Return the names and values of a CloudFront Function's object, several values one by one."""
    if fields is None:
        return []
    if not isinstance(fields, Mapping):
        raise InvalidAnswerError("headers, cookies and querystring must be objects")
    pairs: list[tuple[str, object]] = []
    for name, field in fields.items():
        if not isinstance(field, Mapping):
            raise InvalidAnswerError(f"{name!r} must be an object with a value")
        values = field.get("multiValue") or [field]
        pairs += [(str(name), entry.get("value")) for entry in values]
    return pairs


def _query(query: object) -> str:
    if isinstance(query, str):
        return query
    return "&".join(f"{name}={value}" if value else name for name, value in _pairs(query))


def _gate_reply(answer: Mapping[str, object]) -> Reply:
    status = answer["statusCode"]
    if not isinstance(status, int) or not LOWEST_STATUS <= status <= HIGHEST_STATUS:
        raise InvalidAnswerError(f"statusCode is {status!r}, it must be a number from 200 to 599")
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in _pairs(answer.get("headers")):
        _add(headers, edge_headers.capitalised(name), value)
    for name, value in _pairs(answer.get("cookies")):
        headers.add("Set-Cookie", f"{name}={value}")
    body = answer.get("body")
    encoding = "text"
    if isinstance(body, Mapping):
        encoding, body = str(body.get("encoding", "text")), body.get("data")
    reason = answer.get("statusDescription")
    return Reply(
        status=status,
        headers=headers,
        body=_decode(body, encoding),
        reason=str(reason) if reason else phrase(status),
        x_cache="FunctionGeneratedResponse from cloudfront",
    )


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
    fields = content.get("headers") or {}
    if not isinstance(fields, Mapping):
        raise InvalidAnswerError("headers must be an object of lists")
    headers = edge_headers.from_lists(fields)
    body = content.get("body") or ""
    if not isinstance(body, str):
        raise InvalidAnswerError("body must be text")
    size = len(body.encode()) + sum(len(name) + len(value) + 4 for name, value in headers.items())
    if size > MAX_ANSWER_BYTES:
        raise InvalidAnswerError(f"{size} bytes, a generated response may have {MAX_ANSWER_BYTES}")
    reason = content.get("statusDescription")
    return Reply(
        status=status,
        headers=headers,
        body=_decode(body, str(content.get("bodyEncoding", "text"))),
        reason=str(reason) if reason else phrase(status),
        x_cache="LambdaGeneratedResponse from cloudfront",
    )


def _decode(body: object, encoding: str) -> bytes:
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
