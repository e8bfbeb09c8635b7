"""The events of both kinds of edge functions, and what is made of their answers."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from multidict import CIMultiDict

from edgewise.local.cdn import event, gateevent
from edgewise.local.cdn.event import InvalidAnswerError, ViewerRequest
from edgewise.local.cdn.pages import Reply
from edgewise.local.stack.state import parse_state
from tests.edge import handmade as by_hand

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.local.stack.model import Distribution
    from tests.edge.handmade import HandmadeStack

REQUEST = ViewerRequest(
    request_id="id",
    client_ip="127.0.0.1",
    method="POST",
    uri="/v1/face-match/device-1",
    querystring="a=1&a=2&b",
    headers=CIMultiDict(
        [
            ("Host", "127.0.0.1:1"),
            ("Content-Length", "3"),
            ("Accept", "a"),
            ("Accept", "b"),
            ("Cookie", "c=d; e=f"),
            ("Connection", "keep-alive"),
        ]
    ),
)


@pytest.fixture
def distribution(handmade: HandmadeStack, tmp_path: Path) -> Distribution:
    return parse_state(handmade.state(), project=tmp_path).distributions[0]


def test_the_gates_event_has_cloudfronts_form(distribution: Distribution) -> None:
    found = gateevent.gate_event(REQUEST, distribution)

    assert found["version"] == "1.0"
    assert found["context"] == {
        "distributionDomainName": by_hand.DOMAIN,
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": "viewer-request",
        "requestId": "id",
    }
    assert found["viewer"] == {"ip": "127.0.0.1"}
    assert found["request"] == {
        "method": "POST",
        "uri": "/v1/face-match/device-1",
        "querystring": {"a": {"value": "1", "multiValue": [{"value": "1"}, {"value": "2"}]}, "b": {"value": ""}},
        "headers": {
            "host": {"value": by_hand.DOMAIN},
            "content-length": {"value": "3"},
            "accept": {"value": "a", "multiValue": [{"value": "a"}, {"value": "b"}]},
        },
        "cookies": {"c": {"value": "d"}, "e": {"value": "f"}},
    }


def test_a_request_passes_the_gate_unchanged(distribution: Distribution) -> None:
    sent = gateevent.gate_event(REQUEST, distribution)["request"]
    assert isinstance(sent, dict)

    passed = gateevent.read_gate_answer(sent, REQUEST)

    assert isinstance(passed, ViewerRequest)
    assert (passed.method, passed.uri, passed.querystring) == ("POST", REQUEST.uri, "a=1&a=2&b")
    assert passed.headers.getall("Accept") == ["a", "b"]
    assert passed.headers["Cookie"] == "c=d; e=f"
    assert "Connection" not in passed.headers


def test_a_gate_may_answer_itself() -> None:
    answer = {
        "statusCode": 401,
        "statusDescription": "No",
        "headers": {"content-type": {"value": "text/plain"}},
        "cookies": {"a": {"value": "b"}},
        "body": {"encoding": "base64", "data": base64.b64encode(b"no").decode()},
    }

    reply = gateevent.read_gate_answer(answer, REQUEST)

    assert isinstance(reply, Reply)
    assert (reply.status, reply.reason, reply.body) == (401, "No", b"no")
    assert dict(reply.headers) == {"Content-Type": "text/plain", "Set-Cookie": "a=b"}
    assert reply.x_cache == "FunctionGeneratedResponse from cloudfront"


KEPT = {"content-length": {"value": "3"}}


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"method": "POST", "uri": "no-slash"},
        {"method": "GET", "uri": "/"},
        {"method": "POST", "uri": "/", "headers": {}},
        {"method": "POST", "uri": "/", "headers": {"content-length": {"value": "4"}}},
        {"method": "POST", "uri": "/", "headers": {**KEPT, "X-Big": {"value": "a"}}},
        {"method": "POST", "uri": "/", "headers": {**KEPT, "x-edge-a": {"value": "a"}}},
        {"method": "POST", "uri": "/", "headers": {**KEPT, "a": "b"}},
        {"method": "POST", "uri": "/", "headers": {**KEPT, "a": {"value": 1}}},
        {"statusCode": "200"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"encoding": "gzip", "data": ""}},
        {"statusCode": 200, "body": {"encoding": "base64", "data": "?"}},
        {"statusCode": 200, "headers": {"connection": {"value": "close"}}},
        {"statusCode": 200, "statusDescription": "a\r\nb"},
    ],
)
def test_an_invalid_answer_of_a_gate(answer: dict[str, Any]) -> None:
    with pytest.raises(InvalidAnswerError):
        gateevent.read_gate_answer(answer, REQUEST)


def origin_request(distribution: Distribution, body: bytes | None, *, truncated: bool = False) -> dict[str, Any]:
    text = event.origin_event(
        REQUEST,
        distribution,
        distribution.origins["models"],
        headers=CIMultiDict({"Host": by_hand.BUCKET_DOMAIN, "X-Amz-Cf-Id": "x"}),
        body=body,
        truncated=truncated,
    )
    (record,) = json.loads(text)["Records"]
    found: dict[str, Any] = record["cf"]
    return found


def test_the_origin_request_event_has_lambda_edges_form(distribution: Distribution) -> None:
    found = origin_request(distribution, b"\x00\xff")

    assert found["config"] == {
        "distributionDomainName": by_hand.DOMAIN,
        "distributionId": "EDFDVBD6EXAMPLE",
        "eventType": "origin-request",
        "requestId": "id",
    }
    request = found["request"]
    assert request["body"] == {"action": "read-only", "data": "AP8=", "encoding": "base64", "inputTruncated": False}
    assert request["headers"] == {"host": [{"key": "Host", "value": by_hand.BUCKET_DOMAIN}]}
    assert request["origin"]["s3"]["domainName"] == by_hand.BUCKET_DOMAIN
    assert (request["method"], request["uri"], request["clientIp"]) == ("POST", REQUEST.uri, "127.0.0.1")


def test_a_function_without_include_body_gets_none(distribution: Distribution) -> None:
    assert "body" not in origin_request(distribution, None)["request"]


def test_a_cut_body_says_so(distribution: Distribution) -> None:
    assert origin_request(distribution, b"x", truncated=True)["request"]["body"]["inputTruncated"]


def answered(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_a_generated_response() -> None:
    answer = answered(
        status="200", headers={"content-type": [{"key": "Content-Type", "value": "application/json"}]}, body="{}"
    )

    reply = event.read_lambda_answer(answer, REQUEST)

    assert isinstance(reply, Reply)
    assert (reply.status, reply.reason, reply.body) == (200, "OK", b"{}")
    assert dict(reply.headers) == {"Content-Type": "application/json"}
    assert reply.x_cache == "LambdaGeneratedResponse from cloudfront"


def test_a_status_may_be_a_number_and_a_body_base64() -> None:
    reply = event.read_lambda_answer(answered(status=299, body="AP8=", bodyEncoding="base64"), REQUEST)

    assert isinstance(reply, Reply)
    assert (reply.status, reply.reason, reply.body) == (299, None, b"\x00\xff")


def test_a_function_may_pass_the_request_on() -> None:
    passed = event.read_lambda_answer(answered(method="POST", uri="/other", querystring=""), REQUEST)

    assert isinstance(passed, ViewerRequest)
    assert passed.uri == "/other"


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b"null",
        b"[]",
        answered(),
        answered(status="abc"),
        answered(status="199"),
        answered(status="600"),
        answered(status=[]),
        answered(status="200", headers=[]),
        answered(status="200", headers={"a": "b"}),
        answered(status="200", headers={"a": [{"value": 1}]}),
        answered(status="200", headers={"x-edge-a": [{"value": "b"}]}),
        answered(status="200", body={"a": 1}),
        answered(status="200", body="?", bodyEncoding="base64"),
        answered(status="200", body="x", bodyEncoding="gzip"),
        answered(status="200", body="x" * event.MAX_ANSWER_BYTES, headers={"a": [{"value": "b"}]}),
        answered(status="200", statusDescription="a\r\nb"),
        answered(method="GET", uri="/"),
        answered(method="POST", uri="other"),
    ],
)
def test_an_invalid_answer_of_a_function(answer: bytes) -> None:
    with pytest.raises(InvalidAnswerError):
        event.read_lambda_answer(answer, REQUEST)
