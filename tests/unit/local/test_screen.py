"""What a web ACL and a switch keep away from everything behind them, and what a body costs."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from multidict import CIMultiDict

from edgewise.local.cdn.edge import Edge
from edgewise.local.cdn.event import ViewerRequest
from edgewise.local.cdn.pages import Reply
from edgewise.local.stack.state import parse_state
from tests.edge.handmade import GATE_ARN, HandmadeStack
from tests.unit.local import acl_resources as acl
from tests.unit.local.served import Served


class Gates:
    """Lets everything pass, and counts."""

    process = None
    restarts = 0

    def __init__(self) -> None:
        self.calls = 0
        self.reads: Counter[str] = Counter()

    async def call(self, arn: str, event: dict[str, Any]) -> dict[str, Any]:
        self.calls += 1
        self.reads[arn] += 2
        request: dict[str, Any] = event["request"]
        return request


class Bucket:
    """Has every object."""

    def __init__(self) -> None:
        self.fetched = 0

    async def fetch(self, *_parts: object, **_headers: object) -> Reply:
        self.fetched += 1
        return Reply(status=200, headers=CIMultiDict({"ETag": '"a"'}), body=b"model bytes")


class Body:
    """A body that tells how often it was read."""

    def __init__(self, content: bytes) -> None:
        self.content, self.reads = content, 0

    async def __call__(self) -> tuple[bytes, bool]:
        self.reads += 1
        return self.content, False


def edge_of(handmade: HandmadeStack, folder: Path) -> tuple[Edge, Gates, Bucket]:
    edge = Served(parse_state(handmade.state(), project=folder), folder).edge
    gates, bucket = Gates(), Bucket()
    edge.gates, edge.origin = cast("Any", gates), cast("Any", bucket)
    return edge, gates, bucket


async def ask(edge: Edge, method: str, uri: str, body: Body | None = None) -> Reply:
    body = body or Body(b"")
    headers = CIMultiDict({"Host": "x"})
    request = ViewerRequest(
        request_id="r", client_ip="10.0.0.1", method=method, uri=uri, querystring="", headers=headers
    )
    return await edge.answer(request, header_bytes=100, has_body=bool(body.content), read_body=body)


async def test_a_blocked_request_is_read_no_further(handmade: HandmadeStack, tmp_path: Path) -> None:
    handmade.web_acl = acl.platform_acl()
    edge, gates, bucket = edge_of(handmade, tmp_path)
    body = Body(b"x" * 64)

    reply = await ask(edge, "POST", "/elsewhere", body)

    assert (reply.status, gates.calls, bucket.fetched, body.reads) == (403, 0, 0, 0)
    told = edge.to_json()
    assert (told["requests"], told["waf_blocked"], told["blocked_bytes_in"]) == (1, 1, 100)
    assert "bytes_in" not in told


@pytest.mark.parametrize(("size", "status"), [(10, 200), (11, 403)])
async def test_a_body_that_the_acl_inspects_is_read_once(
    handmade: HandmadeStack, tmp_path: Path, size: int, status: int
) -> None:
    # GIVEN an ACL that looks at the body's size, of a function that answers from the bucket
    statement = acl.size({"body": {"oversizeHandling": "NO_MATCH"}}, "LE", 10)
    handmade.web_acl = {"defaultAction": acl.BLOCK, "rules": [acl.rule("small", 0, acl.ALLOW, statement)]}
    edge, gates, _ = edge_of(handmade, tmp_path)
    behaviours = tuple(replace(behaviour, lambda_arn=None) for behaviour in edge.distribution.behaviours)
    edge.distribution = replace(edge.distribution, behaviours=behaviours)
    body = Body(b"x" * size)

    # WHEN a request passes the ACL, or not
    reply = await ask(edge, "POST", "/v1/face-match/device-1", body)

    # THEN its body was read once, by the ACL, and only what passed came to the gate
    assert (reply.status, body.reads, gates.calls) == (status, 1, int(status == 200))
    assert edge.counters["bytes_in" if status == 200 else "blocked_bytes_in"] == 100 + size


async def test_what_a_meter_needs_is_counted(handmade: HandmadeStack, tmp_path: Path) -> None:
    handmade.web_acl = acl.platform_acl()
    edge, _, bucket = edge_of(handmade, tmp_path)

    for method in ("GET", "GET", "HEAD"):
        await ask(edge, method, "/models/a.onnx")

    told = edge.to_json()
    assert bucket.fetched == 2  # GET and HEAD are kept apart
    assert (told["origin_requests"], told["cache_hits"], told["cache_misses"]) == (2, 1, 2)
    assert (told["waf_allowed"], told["gate_calls"], told["gate_store_reads"]) == (3, 3, 6)
    assert told["status_200"] == 3
    bodies = 2 * len(b"model bytes")
    assert isinstance(told["bytes_out"], int)
    assert isinstance(told["model_bytes_out"], int)
    assert bodies < told["model_bytes_out"] < told["bytes_out"] < bodies + 3 * 400
    assert edge.gates.reads == {GATE_ARN: 6}


async def test_a_disabled_distribution_judges_nothing(handmade: HandmadeStack, tmp_path: Path) -> None:
    handmade.web_acl = acl.platform_acl()
    edge, gates, _ = edge_of(handmade, tmp_path)
    edge.switch.deploy_s = 0
    edge.switch.set(enabled=False)

    reply = await ask(edge, "GET", "/models/a.onnx")

    told = edge.to_json()
    assert (reply.status, gates.calls) == (403, 0)
    assert (told["requests"], told["disabled"], told["waf_allowed"], told["waf_blocked"]) == (1, 1, 0, 0)
    assert (told["enabled"], told["disabled_bytes_in"]) == (False, 100)


async def test_without_an_acl_everything_meets_the_gate(handmade: HandmadeStack, tmp_path: Path) -> None:
    edge, gates, _ = edge_of(handmade, tmp_path)

    await ask(edge, "GET", "/elsewhere")

    assert gates.calls == 1
    assert "waf_allowed" not in edge.to_json()
