"""The home process's port: how things stand, the inbox, the page, and what a test may change. Loopback only."""

from __future__ import annotations

import hmac
import json
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from edgewise.local.cloud import inbox
from edgewise.local.dashboard.routes import routes
from edgewise.local.protocol import TOKEN_HEADER
from edgewise.local.stack.model import LocalEdgeError

if TYPE_CHECKING:
    from edgewise.local.home.region import Region

LOG: Final = logging.getLogger("edgewise.local.home.admin")
# A browser sends no header of ours. The page and its figures hold no secrets, and answer to this machine's names only.
_OPEN: Final = "/dashboard"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(region: Region, *, token: str) -> web.Application:
    """Return the port's application.

    ==============================  =========================================================================
    ``GET /dashboard``, ``.json``   the page and its figures; no token
    ``GET /inbox``                  the messages that subscribers received, the oldest first
    ``GET /home/state``             functions, streams, runs of schedules, alarms, dead letters, clock, faults
    ``POST /home/clock``            ``{"offset_s"}``: shift the clock of all functions
    ``POST /home/replay``           ``{"seconds"}`` or ``"all"``: hand records of the stream over again
    ``POST /home/run/<name>``       run a scheduled function now, and return how it ended
    ``PUT /home/faults``            change some of `edgewise.local.home.tunables.Tunables`
    ==============================  =========================================================================

    Parameters
    ----------
    region : Region
    token : str
        Wanted in each request but the page's.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        known = hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), token)
        if not known and not request.path.startswith(_OPEN):
            return web.json_response({"error": "the admin token is missing or wrong"}, status=403)
        try:
            return await handler(request)
        except (KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    admin = _Admin(region)
    app = web.Application(middlewares=[guard])
    app.add_routes(
        [
            web.get("/inbox", admin.inbox),
            web.get("/home/state", admin.state),
            web.post("/home/clock", admin.clock),
            web.post("/home/replay", admin.replay),
            web.post("/home/run/{name}", admin.run),
            web.put("/home/faults", admin.faults),
            *_page(region),
        ]
    )
    return app


def _page(region: Region) -> list[web.AbstractRouteDef]:
    """Return the page's routes; one whose parts are not installed says so, and stops nobody else's work."""
    try:
        return routes(region.showing.collector)
    except LocalEdgeError as error:
        text = str(error)
        LOG.warning("%s", text)

    async def missing(_: web.Request) -> web.Response:
        return web.Response(status=503, text=text)

    async def figures(_: web.Request) -> web.Response:
        return web.json_response(region.showing.collector.figures())

    return [web.get("/dashboard", missing), web.get("/dashboard.json", figures)]


class _Admin:
    def __init__(self, region: Region) -> None:
        self._region = region

    async def inbox(self, _: web.Request) -> web.Response:
        return web.json_response({"messages": list(inbox.read(self._region.files.inbox))})

    async def state(self, _: web.Request) -> web.Response:
        return web.json_response(await self._region.to_json())

    async def clock(self, request: web.Request) -> web.Response:
        offset_s = float((await request.json())["offset_s"])
        if not math.isfinite(offset_s):
            raise ValueError(f"offset_s is {offset_s}, it must be a number of seconds")
        self._region.set_clock(offset_s)
        return web.json_response({"offset_s": offset_s})

    async def replay(self, request: web.Request) -> web.Response:
        asked: Any = await request.json()
        if asked == "all":
            self._region.replay(None)
        else:
            seconds = float(asked["seconds"])
            if not seconds >= 0:
                raise ValueError(f"seconds is {seconds}, it must be 0 or more")
            self._region.replay(seconds)
        return web.json_response({})

    async def run(self, request: web.Request) -> web.Response:
        result = await self._region.run_now(request.match_info["name"])
        told = asdict(result) | {"outcome": result.outcome.value, "body": result.body.decode(errors="replace")}
        return web.json_response(told)

    async def faults(self, request: web.Request) -> web.Response:
        changes = json.loads(await request.read())
        if not isinstance(changes, dict):
            raise ValueError("expected an object of faults")  # noqa: TRY004  # answered as a bad value
        self._region.tunables.set(changes)
        return web.json_response(self._region.tunables.to_json())
