"""A web ACL at work: statements by table, rules in order, responses, counters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from edgewise.local.cdn import routing
from edgewise.local.cdn.event import ViewerRequest
from edgewise.local.cdn.firewall import INSPECTED_BODY_BYTES, Firewall
from edgewise.local.stack.aclmodel import WebAcl
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import FUNCTION, WEB_ACL_ARN, HandmadeStack
from tests.unit.local import acl_resources as acl

QUERY: dict[str, Any] = {"queryString": {}}
HEADER: dict[str, Any] = {"singleHeader": {"name": "X-Kind"}}
BODY: dict[str, Any] = {"body": {"oversizeHandling": "CONTINUE"}}
Make = Callable[[dict[str, Any]], Firewall]


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(handmade: HandmadeStack, tmp_path: Path, clock: Clock) -> Make:
    def build(inputs: dict[str, Any]) -> Firewall:
        handmade.web_acl = inputs
        parsed: WebAcl = parse_state(handmade.state(), project=tmp_path).web_acls[WEB_ACL_ARN]
        return Firewall(acl=parsed, clock=clock, lag_s=5.0)

    return build


def request(
    method: str = "GET", uri: str = "/", query: str = "", ip: str = "10.0.0.1", **headers: str
) -> ViewerRequest:
    sent = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return ViewerRequest(request_id="r", client_ip=ip, method=method, uri=uri, querystring=query, headers=sent)


def inference(**changes: Any) -> ViewerRequest:
    told = {"method": "POST", "uri": f"{acl.PREFIX}device-1", "content_length": str(acl.REQUEST_BYTES)} | changes
    return request(**told)


@pytest.mark.parametrize(
    ("statement", "told", "hit"),
    [
        (acl.byte_match(acl.METHOD, "POST"), {"method": "POST"}, True),
        (acl.byte_match(acl.METHOD, "POST"), {"method": "post"}, False),
        (acl.byte_match(acl.METHOD, "post", "EXACTLY", "LOWERCASE"), {"method": "POST"}, True),
        (acl.byte_match(acl.URI, "/v1/", "STARTS_WITH"), {"uri": "/v1/x"}, True),
        (acl.byte_match(acl.URI, "/v1/", "STARTS_WITH"), {"uri": "/%761/x"}, False),
        (acl.byte_match(acl.URI, "/v1/", "STARTS_WITH", "URL_DECODE"), {"uri": "/%761/x"}, True),
        (acl.byte_match(acl.URI, "/v1/", "STARTS_WITH", "URL_DECODE", "LOWERCASE"), {"uri": "/%561/x"}, True),
        (acl.byte_match(acl.URI, ".onnx", "ENDS_WITH"), {"uri": "/models/a.onnx"}, True),
        (acl.byte_match(acl.URI, ".onnx", "ENDS_WITH"), {"uri": "/models/a.onnx/"}, False),
        (acl.byte_match(acl.URI, "..", "CONTAINS"), {"uri": "/a/../b"}, True),
        (acl.byte_match(QUERY, "a=1", "CONTAINS"), {"query": "b=2&a=1"}, True),
        (acl.byte_match(QUERY, "a=1"), {}, False),
        (acl.byte_match(HEADER, "probe"), {"x_kind": "probe"}, True),
        (acl.byte_match(HEADER, ""), {}, False),
        (acl.size(acl.URI, "LE", 4), {"uri": "/abc"}, True),
        (acl.size(acl.URI, "LE", 4), {"uri": "/abcd"}, False),
        (acl.size(acl.URI, "LT", 4), {"uri": "/abc"}, False),
        (acl.size(acl.URI, "EQ", 4), {"uri": "/abc"}, True),
        (acl.size(acl.URI, "NE", 4), {"uri": "/abc"}, False),
        (acl.size(acl.URI, "GE", 4), {"uri": "/abc"}, True),
        (acl.size(acl.URI, "GT", 4), {"uri": "/abc"}, False),
        (acl.size(acl.URI, "EQ", 2, "URL_DECODE"), {"uri": "/%41"}, True),
        (acl.size(QUERY, "EQ", 0), {}, True),
        (acl.size(HEADER, "EQ", 0), {}, False),
        (acl.size(HEADER, "GT", 3), {"x_kind": "probe"}, True),
        (acl.all_of(acl.byte_match(acl.METHOD, "GET"), acl.byte_match(acl.URI, "/")), {}, True),
        (acl.all_of(acl.byte_match(acl.METHOD, "GET"), acl.byte_match(acl.URI, "/x")), {}, False),
        (acl.any_of(acl.byte_match(acl.METHOD, "PUT"), acl.byte_match(acl.URI, "/")), {}, True),
        (acl.any_of(acl.byte_match(acl.METHOD, "PUT"), acl.byte_match(acl.URI, "/x")), {}, False),
        (acl.negated(acl.byte_match(acl.METHOD, "PUT")), {}, True),
        (acl.negated(acl.byte_match(HEADER, "probe")), {}, True),
    ],
)
def test_a_statement(make: Make, statement: dict[str, Any], told: dict[str, Any], *, hit: bool) -> None:
    # GIVEN an ACL that allows what one statement matches WHEN a request comes THEN it passes or not
    firewall = make({"defaultAction": acl.BLOCK, "rules": [acl.rule("only", 0, acl.ALLOW, statement)]})

    assert (firewall.judge(request(**told)) is None) is hit


@pytest.mark.parametrize(
    ("oversize", "size", "hit"),
    [
        ("CONTINUE", 100, True),
        ("CONTINUE", 101, False),
        # Of a longer body the first 16 KB are seen.
        ("CONTINUE", INSPECTED_BODY_BYTES + 1, False),
        ("MATCH", INSPECTED_BODY_BYTES + 1, True),
        ("NO_MATCH", INSPECTED_BODY_BYTES + 1, False),
        ("NO_MATCH", 100, True),
    ],
)
def test_a_body_is_inspected_up_to_16_kb(make: Make, oversize: str, size: int, *, hit: bool) -> None:
    statement = acl.size({"body": {"oversizeHandling": oversize}}, "LE", 100)
    firewall = make({"defaultAction": acl.BLOCK, "rules": [acl.rule("only", 0, acl.ALLOW, statement)]})

    assert firewall.inspects_body
    assert (firewall.judge(request(), body=bytes(size)) is None) is hit


def test_an_acl_that_does_not_ask_for_the_body_does_not_get_it(make: Make) -> None:
    assert not make(acl.platform_acl()).inspects_body


def test_the_first_rule_by_priority_decides_and_count_goes_on(make: Make) -> None:
    everything = acl.byte_match(acl.METHOD, "GET")
    rules = [
        acl.rule("late-allow", 9, acl.ALLOW, everything),
        acl.rule("early-count", 1, acl.COUNT, everything),
        acl.rule("block", 5, acl.BLOCK, everything),
    ]
    firewall = make({"defaultAction": acl.ALLOW, "rules": rules})

    blocked = firewall.judge(request())

    assert blocked is not None
    assert (blocked.status, blocked.x_cache) == (403, "Error from cloudfront")
    assert b"Request blocked" in blocked.body
    assert firewall.to_json() | {"web_acl": ""} == {
        "web_acl": "",
        "waf_allowed": 0,
        "waf_blocked": 1,
        "waf_blocked_by_rule": {"block": 1},
        "waf_counted_by_rule": {"early-count": 1},
        "waf_limited": {},
    }


def test_what_no_rule_decides_gets_the_default_and_its_response(make: Make) -> None:
    firewall = make(acl.platform_acl())

    blocked = firewall.judge(request(uri="/favicon.ico"))

    assert blocked is not None
    assert (blocked.status, blocked.body) == (403, acl.PROBLEM.encode())
    assert blocked.headers["Content-Type"] == "application/json"
    assert firewall.blocked == {"Default_Action": 1}


@pytest.mark.parametrize(
    ("told", "passes"),
    [
        ({}, True),
        ({"method": "GET"}, False),
        ({"content_length": "65"}, False),
        ({"content_length": "064"}, False),
        ({"uri": "/v1/other/device-1"}, False),
        ({"uri": acl.PREFIX + "d" * 64}, True),
        ({"uri": acl.PREFIX + "d" * 65}, False),
        ({"uri": "/V1/face-match/device-1"}, False),
        ({"uri": "//v1/face-match/device-1"}, False),
        ({"uri": "/./v1/face-match/device-1"}, False),
    ],
)
def test_the_platforms_acl_lets_its_own_calls_pass(make: Make, told: dict[str, Any], *, passes: bool) -> None:
    assert (make(acl.platform_acl()).judge(inference(**told)) is None) is passes


@pytest.mark.parametrize(("method", "passes"), [("GET", True), ("HEAD", True), ("POST", False), ("DELETE", False)])
def test_the_platforms_acl_lets_models_be_read(make: Make, method: str, *, passes: bool) -> None:
    assert (make(acl.platform_acl()).judge(request(method, "/models/a.onnx")) is None) is passes


_SPELLINGS = (
    f"/ // v1 %761 v%31 %2Fv1 {FUNCTION} face%2Dmatch %66ace-match . .. %2e%2e models %6Dodels device-1 % %zz %00 ä ?"
)
_PIECES = st.sampled_from(_SPELLINGS.split())


@given(st.lists(_PIECES, max_size=12).map(lambda pieces: "/" + "".join(pieces)), st.sampled_from(["POST", "GET"]))
@example("/%761/face-match/device-1", "POST")
@example("/v1%2Fface-match/device-1", "POST")
@example("/%6Dodels/a.onnx", "GET")
@settings(max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_spelling_of_a_path_but_the_literal_one_is_allowed(make: Make, uri: str, method: str) -> None:
    # GIVEN any spelling of a path, percent-encoded, with dots or doubled slashes
    firewall = make(acl.platform_acl())

    # WHEN it is allowed
    if firewall.judge(inference(method=method, uri=uri)) is None:
        # THEN it begins, byte for byte, as the rule says
        assert uri.startswith(acl.PREFIX if method == "POST" else "/models/")
    # AND one that CloudFront would take for the function's only once it is normalised is blocked
    elif routing.normalise(uri).startswith(acl.PREFIX) and method == "POST":
        assert not uri.startswith(acl.PREFIX) or len(uri) > len(acl.PREFIX) + 64


def test_an_address_over_its_rate_is_blocked_and_let_go(make: Make, clock: Clock) -> None:
    # GIVEN an address that sends more than its limit, and an honest one
    firewall = make(acl.platform_acl(by_ip=10, all_together=1_000))
    started = clock.now
    for _ in range(50):
        assert firewall.judge(inference(ip="10.0.0.66")) is None

    # WHEN the check and the lag have passed
    clock.now = started + 15
    blocked = firewall.judge(inference(ip="10.0.0.66"))

    # THEN it alone is blocked, with the rule's own response
    assert blocked is not None
    assert (blocked.status, blocked.headers["Retry-After"], blocked.body) == (429, "60", acl.TOO_MANY.encode())
    assert firewall.judge(inference(ip="10.0.0.1")) is None
    assert firewall.to_json()["waf_limited"] == {"rate-ip": ["10.0.0.66"], "rate-all": []}
    assert firewall.blocked == {"rate-ip": 1}

    # AND when it has been silent for a window and more, it passes again
    clock.now = started + 120
    assert firewall.judge(inference(ip="10.0.0.66")) is None


def test_the_constant_rule_counts_all_and_blocks_all(make: Make, clock: Clock) -> None:
    # GIVEN twenty addresses that stay below their own limit, and together go over everybody's
    firewall = make(acl.platform_acl(by_ip=100, all_together=150))
    started = clock.now
    for number in range(20):
        for _ in range(10):
            firewall.judge(inference(ip=f"10.0.1.{number}"))

    # WHEN it takes effect THEN an honest device is blocked too
    clock.now = started + 15
    blocked = firewall.judge(inference(ip="10.0.0.1"))
    assert blocked is not None
    assert firewall.blocked == {"rate-all": 1}
    # AND what is out of scope meets the default as before
    firewall.judge(request(uri="/favicon.ico"))
    assert firewall.blocked == {"rate-all": 1, "Default_Action": 1}


def test_what_an_earlier_rule_blocks_is_not_counted_by_a_later_one(make: Make, clock: Clock) -> None:
    # GIVEN one address that floods for minutes
    firewall = make(acl.platform_acl(by_ip=10, all_together=500))
    started = clock.now
    for second in range(180):
        clock.now = started + second
        for _ in range(10):
            firewall.judge(inference(ip="10.0.0.66"))

    # THEN its own rule blocks it, and the others' rate is not used up: 15 s of 10 a second are below 500
    assert firewall.blocked["rate-all"] == 0
    assert firewall.judge(inference(ip="10.0.0.1")) is None


def test_a_reset_forgets_the_rates(make: Make, clock: Clock) -> None:
    firewall = make(acl.platform_acl(by_ip=10))
    for _ in range(50):
        firewall.judge(inference())
    clock.now += 15
    assert firewall.judge(inference()) is not None

    firewall.reset()

    assert firewall.judge(inference()) is None
