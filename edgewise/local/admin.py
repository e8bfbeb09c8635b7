"""The gateway's admin port: counters, key-value stores, caches. Loopback only, behind a token."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from edgewise.local.gate.store import DEFAULT_PROPAGATION_S, Stores
from edgewise.local.protocol import TOKEN_HEADER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.cdn.edge import Edge
    from edgewise.local.functions.pool import Pool
    from edgewise.local.gate.client import GateRunner


@dataclass(frozen=True, kw_only=True, slots=True)
class Admin:
    """Serves ``GET /state``, ``PUT /stores/<name>/<key>``, ``POST /caches/clear``, ``POST /pools/<function>/kill``."""

    token: str
    gates: GateRunner
    stores: Stores
    pools: Mapping[str, Pool]
    edges: Mapping[str, Edge]

    def server(self) -> web.Server:
        """Return its server."""
        return web.Server(self._handle, access_log=None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:  # noqa: PLR0911  # one a route
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), self.token):
            return _json({"error": "the admin token is missing or wrong"}, status=403)
        parts = request.path.strip("/").split("/", 2)
        try:
            if request.method == "GET" and parts == ["state"]:
                return _json(self.state())
            if request.method == "PUT" and parts[0] == "stores" and len(parts) == 3:
                return self._change(parts[1], parts[2], json.loads(await request.read()))
            if request.method == "POST" and parts == ["caches", "clear"]:
                return self._clear()
            if request.method == "POST" and parts[0] == "pools" and parts[2:] == ["kill"]:
                return self._kill(parts[1], json.loads(await request.read()))
        except (KeyError, ValueError) as error:
            return _json({"error": str(error)}, status=400)
        return _json({"error": f"{request.method} {request.path} is not known here"}, status=404)

    def state(self) -> dict[str, object]:
        """Return counters and process ids."""
        gate = self.gates.process
        return {
            "functions": {pool.function.name: pool.to_json() for pool in self.pools.values()},
            "distributions": {edge.distribution.function: edge.to_json() for edge in self.edges.values()},
            "gate": {"pid": gate.pid if gate else None, "restarts": self.gates.restarts},
            "stores": {store.name: sorted(self.stores.values(arn)) for arn, store in self.stores.stores.items()},
        }

    def _change(self, name: str, key: str, change: Mapping[str, object]) -> web.Response:
        value = change["value"]
        if value is not None and not isinstance(value, str):
            raise ValueError("value must be text, or null to delete the key")
        delay_s = float(str(change.get("delay_s", DEFAULT_PROPAGATION_S)))
        self.stores.change(self.stores.arn(name), key, value, delay_s=delay_s)
        return _json({"visible_after_s": delay_s})

    def _kill(self, function: str, change: Mapping[str, object]) -> web.Response:
        killed = [
            pid
            for pool in self.pools.values()
            if pool.function.name.endswith(function)
            for pid in pool.kill(int(str(change["count"])))
        ]
        return _json({"killed": killed})

    def _clear(self) -> web.Response:
        for edge in self.edges.values():
            edge.cache.clear()
        return _json({})


def _json(content: Mapping[str, object], *, status: int = 200) -> web.Response:
    return web.Response(status=status, text=json.dumps(content), content_type="application/json")
