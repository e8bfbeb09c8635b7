"""Which headers pass."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from edgewise.local.cdn import headers
from edgewise.local.stack.distribution import ORIGIN_REQUEST_POLICIES
from edgewise.local.stack.model import OriginRequestPolicy, PolicyHeader, ResponseHeadersPolicy

NONE, ALL_VIEWER, ALL_EXCEPT_HOST, HOST_ONLY = ORIGIN_REQUEST_POLICIES.values()
VIEWER = CIMultiDict(
    {
        "Host": "127.0.0.1:1",
        "User-Agent": "curl/8",
        "Authorization": "Edgewise x",
        "Content-Type": "application/octet-stream",
        "Content-Length": "3",
        "Cookie": "a=b",
        "Connection": "keep-alive",
        "X-Edge-Secret": "x",
        "X-Forwarded-For": "192.0.2.4",
        "Accept-Encoding": "gzip, deflate, br;q=0.5",
    }
)


def to_origin(policy: OriginRequestPolicy, *, body: bool = True, encodings: bool = False) -> CIMultiDict[str]:
    return headers.to_origin(
        VIEWER,
        policy=policy,
        encodings=encodings,
        origin_host="bucket.s3",
        viewer_host="d1.cloudfront.net",
        client_ip="192.0.2.2",
        domain_name="d1.cloudfront.net",
        body=body,
    )


def test_without_a_policy_only_cloudfronts_own_headers_pass() -> None:
    assert dict(to_origin(NONE)) == {
        "Host": "bucket.s3",
        "User-Agent": "Amazon CloudFront",
        "Content-Length": "3",
        "X-Forwarded-For": "192.0.2.4,192.0.2.2",
        "Via": "1.1 d1.cloudfront.net (CloudFront)",
    }


def test_a_request_without_a_body_has_no_length() -> None:
    assert "Content-Length" not in to_origin(NONE, body=False)


def test_all_viewer_headers_pass_but_the_disallowed() -> None:
    passed = to_origin(ALL_EXCEPT_HOST)

    assert passed["Authorization"] == "Edgewise x"
    assert passed["User-Agent"] == "curl/8"
    assert passed["Cookie"] == "a=b"
    assert passed["Host"] == "bucket.s3"
    assert "Connection" not in passed
    assert "X-Edge-Secret" not in passed


def test_the_viewers_host_passes_where_a_policy_says_so() -> None:
    assert to_origin(ALL_VIEWER)["Host"] == "d1.cloudfront.net"
    assert to_origin(HOST_ONLY)["Host"] == "d1.cloudfront.net"
    assert "Authorization" not in to_origin(HOST_ONLY)


def test_encodings_are_normalised_where_they_are_in_the_key() -> None:
    assert to_origin(NONE, encodings=True)["Accept-Encoding"] == "br,gzip"
    assert headers.normalised_encoding("deflate") == ""


@pytest.mark.parametrize("name", ["connection", "x-cache", "x-amz-cf-id", "x-edge-a", "x-amzn-requestid", "x-real-ip"])
def test_disallowed_headers(name: str) -> None:
    assert headers.is_disallowed(name)


@pytest.mark.parametrize(
    "fields",
    [
        {"connection": [{"key": "Connection", "value": "close"}]},
        {"x-cache": [{"value": "Hit"}]},
        {"content-length": [{"value": "1"}]},
        {"via": [{"value": "1.1 me"}]},
        {"Content-Type": [{"key": "Content-Type", "value": "a"}]},
        {"a": [{"key": "B", "value": "c"}]},
        {"a": [{"value": "b\r\nset-cookie: c"}]},
        {"": [{"value": "b"}]},
    ],
)
def test_a_function_may_not_set_these(fields: dict[str, list[dict[str, str]]]) -> None:
    with pytest.raises(ValueError, match="header"):
        headers.from_lists(fields)


def test_headers_of_a_function_keep_their_spelling_and_number() -> None:
    fields = {"set-cookie": [{"key": "Set-Cookie", "value": "a"}, {"value": "b"}], "x-my-own": [{"value": "c"}]}

    found = headers.from_lists(fields)

    assert list(found.items()) == [("Set-Cookie", "a"), ("Set-Cookie", "b"), ("X-My-Own", "c")]


def test_a_response_headers_policy_adds_overrides_and_removes() -> None:
    answer = CIMultiDict({"X-Powered-By": "x", "Referrer-Policy": "origin", "X-Frame-Options": "SAMEORIGIN"})
    policy = ResponseHeadersPolicy(
        sets=(
            PolicyHeader(name="Referrer-Policy", value="no-referrer", override=False),
            PolicyHeader(name="X-Frame-Options", value="DENY", override=True),
        ),
        removes=("x-powered-by",),
    )

    headers.apply_policy(answer, policy)

    assert dict(answer) == {"Referrer-Policy": "origin", "X-Frame-Options": "DENY"}


def test_request_ids_look_like_cloudfronts() -> None:
    ids = {headers.request_id() for _ in range(100)}

    assert len(ids) == 100
    assert {len(identity) for identity in ids} == {56}
