"""The event that a CloudFront Function gets, and what CloudFront makes of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from multidict import CIMultiDict

from edgewise.local.cdn import headers as edge_headers
from edgewise.local.cdn.event import (
    HIGHEST_STATUS,
    LOWEST_STATUS,
    InvalidAnswerError,
    ViewerRequest,
    decode_body,
    reason_of,
)
from edgewise.local.cdn.pages import Reply

if TYPE_CHECKING:
    from edgewise.local.stack.model import Distribution


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
    return Reply(
        status=status,
        headers=headers,
        body=decode_body(body, encoding),
        reason=reason_of(answer.get("statusDescription"), status),
        x_cache="FunctionGeneratedResponse from cloudfront",
    )
