"""A viewer's connection: reads requests of one distribution and writes the answers."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aiohttp import web
from multidict import CIMultiDict

from edgewise.local.cdn.event import MAX_BODY_BYTES, ViewerRequest
from edgewise.local.cdn.headers import request_id
from edgewise.local.cdn.pages import Reply, error_page
from edgewise.local.cdn.routing import MAX_HEADER_BYTES, MAX_URL_BYTES

if TYPE_CHECKING:
    from edgewise.local.cdn.body import Body
    from edgewise.local.cdn.edge import Edge

LOG: Final = logging.getLogger("edgewise.local.cdn.viewer")
# A viewer that stops in mid-body: CloudFront closes after 30 s.
BODY_TIMEOUT_S: Final = 30.0
# What a refused viewer still sends is read and thrown away this long, so that it can read the answer.
LINGER_S: Final = 5.0
# Over CloudFront's limits, so that its own numbers (414, 494) can be answered.
_MAX_LINE_BYTES: Final = MAX_URL_BYTES * 2
_MAX_FIELD_BYTES: Final = MAX_HEADER_BYTES * 2


def viewer_server(edge: Edge) -> web.Server:
    """Return the server of one distribution."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        identity = request_id()
        try:
            reply = await edge.answer(
                viewer_request(request, identity),
                header_bytes=len(request.raw_path) + sum(len(n) + len(v) + 4 for n, v in request.raw_headers),
                has_body=request.can_read_body,
                read_body=lambda: read_body(request),
            )
        except (TimeoutError, ConnectionError):
            reply = error_page(408, "The request took too long.", request_id=identity)
        except Exception:
            # A fault of ours: it belongs in the log, not in the answer.
            LOG.exception("a request failed")
            reply = error_page(500, "The gateway failed.", request_id=identity)
        return response(reply, head=request.method == "HEAD")

    return web.Server(
        handle,
        access_log=None,
        lingering_time=LINGER_S,
        max_line_size=_MAX_LINE_BYTES,
        max_field_size=_MAX_FIELD_BYTES,
    )


def viewer_request(request: web.BaseRequest, identity: str) -> ViewerRequest:
    """Read a request's head."""
    uri, _, query = request.raw_path.partition("?")
    if not uri.startswith("/"):
        # Absolute form: http://host/path, or * for OPTIONS.
        uri = "/" + uri.partition("://")[2].partition("/")[2]
    return ViewerRequest(
        request_id=identity,
        client_ip=request.remote or "127.0.0.1",
        method=request.method,
        uri=uri,
        querystring=query,
        headers=CIMultiDict(request.headers),
    )


async def read_body(request: web.BaseRequest) -> Body:
    """Read at most what Lambda@Edge is given of a body, and tell whether there was more.

    The rest is not read here: it is thrown away, for a few seconds, after the answer.

    Raises
    ------
    TimeoutError
        When the viewer is too slow.
    """
    if request.headers.get("Expect", "").lower() == "100-continue":
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    async with asyncio.timeout(BODY_TIMEOUT_S):
        while chunk := await request.content.readany():
            body += chunk[: MAX_BODY_BYTES + 1 - len(body)]
            if len(body) > MAX_BODY_BYTES:
                return bytes(body[:MAX_BODY_BYTES]), True
    return bytes(body), False


def response(reply: Reply, *, head: bool) -> web.Response:
    """Turn a reply into aiohttp's response."""
    headers = CIMultiDict(reply.headers)
    headers.setdefault("Server", "CloudFront")
    body = b"" if head else reply.body
    if head and reply.body:
        headers["Content-Length"] = str(len(reply.body))
    answer = web.Response(status=reply.status, reason=reply.reason, headers=headers, body=body)
    if headers.get("Connection") == "close":
        answer.force_close()
    return answer
