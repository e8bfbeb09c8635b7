"""The gateway stands for CloudFront: one loopback port a distribution, and one for the admin.

Run as ``python -m edgewise.local.cdn.gateway``: reads its settings as one JSON line on stdin, serves the
listening sockets it inherited, says ``ready`` on stdout.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from edgewise.local.admin import Admin
from edgewise.local.cdn.edge import Body, Edge
from edgewise.local.cdn.event import MAX_BODY_BYTES, ViewerRequest
from edgewise.local.cdn.headers import request_id
from edgewise.local.cdn.origin import S3Origin
from edgewise.local.cdn.pages import Reply, error_page
from edgewise.local.cdn.routing import MAX_HEADER_BYTES, MAX_URL_BYTES
from edgewise.local.files import RunFiles
from edgewise.local.functions.cpu import CpuGroups
from edgewise.local.functions.environments import Settings
from edgewise.local.functions.pool import Pool
from edgewise.local.functions.runtime import Launch
from edgewise.local.gate.client import GateRunner
from edgewise.local.gate.store import Stores
from edgewise.local.stack.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.stack.model import LocalStack

LOG: Final = logging.getLogger("edgewise.local.cdn.gateway")
# A viewer that stops in mid-body: CloudFront closes after 30 s.
BODY_TIMEOUT_S: Final = 30.0
# What a refused viewer still sends is read and thrown away this long, so that it can read the answer.
LINGER_S: Final = 5.0
# Over CloudFront's limits, so that its own numbers (414, 494) can be answered.
_MAX_LINE_BYTES: Final = MAX_URL_BYTES * 2
_MAX_FIELD_BYTES: Final = MAX_HEADER_BYTES * 2


@dataclass(kw_only=True, eq=False, slots=True)
class Gateway:
    """All distributions of a stack in one process."""

    stack: LocalStack
    gates: GateRunner
    stores: Stores
    pools: Mapping[str, Pool]
    edges: Mapping[str, Edge]
    session: aiohttp.ClientSession

    async def stop(self) -> None:
        """Stop what the gateway started."""
        await asyncio.gather(*(pool.stop() for pool in self.pools.values()))
        await self.gates.stop()
        await self.session.close()


async def build(settings: Mapping[str, object]) -> Gateway:
    """Make a gateway from its settings, with the gates loaded.

    Raises
    ------
    LocalEdgeError
        When the state is refused or a gate does not load.
    """
    state, launches = settings["state"], settings["launches"]
    assert isinstance(state, dict)
    assert isinstance(launches, dict)
    stack = parse_state(state, project=Path(str(settings["project"])))
    run_dir = Path(str(settings["run_dir"]))
    logs = run_dir / "logs"
    stores = Stores(stores=stack.stores, changes_file=run_dir / "store-changes.json")
    stores.load()
    gates = GateRunner(functions=stack.gates, values=stores.all_values(), log_file=logs / "gate.log")
    await gates.start()
    stores.publish = gates.put
    cloud_url = str(settings["cloud_url"])
    environment = Settings(
        dynamodb_url=cloud_url,
        log_folder=logs,
        cpu=CpuGroups.from_json(settings["cpu"]),
        clock_file=RunFiles(run_dir).clock,
    )
    pools = {
        arn: Pool(
            function=stack.functions[arn],
            launch=_launch(launch),
            settings=environment,
            max_environments=int(str(settings["max_environments"])),
        )
        for arn, launch in launches.items()
    }
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), auto_decompress=False)
    origin = S3Origin(base_url=cloud_url, buckets=stack.buckets, session=session)
    edges = {
        distribution.domain_name: Edge(distribution=distribution, gates=gates, pools=pools, origin=origin)
        for distribution in stack.distributions
    }
    return Gateway(stack=stack, gates=gates, stores=stores, pools=pools, edges=edges, session=session)


def _launch(launch: Mapping[str, object]) -> Launch:
    command = launch["command"]
    assert isinstance(command, list)
    return Launch(
        command=tuple(command),
        task_root=Path(str(launch["task_root"])),
        runtime_folder=Path(str(launch["runtime_folder"])),
    )


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


async def serve(settings: Mapping[str, object]) -> None:
    """Serve until cancelled."""
    gateway = await build(settings)
    listeners = settings["listeners"]
    assert isinstance(listeners, dict)
    admin = Admin(
        token=str(settings["admin_token"]),
        gates=gateway.gates,
        stores=gateway.stores,
        pools=gateway.pools,
        edges=gateway.edges,
    )
    runners = [await _listen(admin.server(), int(str(settings["admin_listener"])))]
    for domain_name, listener in listeners.items():
        runners.append(await _listen(viewer_server(gateway.edges[domain_name]), int(listener)))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    finally:
        for runner in runners:
            await runner.cleanup()
        await gateway.stop()


async def _listen(server: web.Server, listener: int) -> web.ServerRunner:
    runner = web.ServerRunner(server, shutdown_timeout=0)
    await runner.setup()
    await web.SockSite(runner, socket.socket(fileno=listener)).start()
    return runner


def main() -> None:
    """Serve until killed."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = json.loads(sys.stdin.readline())
    asyncio.run(serve(settings))


if __name__ == "__main__":
    main()
