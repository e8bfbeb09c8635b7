"""The gateway's admin port: counters, key-value stores, caches, clocks. Loopback only, behind a token."""

from __future__ import annotations

import hmac
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from edgewise.local.functions.clock import read_offset, write_offset
from edgewise.local.protocol import TOKEN_HEADER

if TYPE_CHECKING:
    from pathlib import Path

    from edgewise.local.cdn.awsapi import AwsApi
    from edgewise.local.cdn.edge import Edge
    from edgewise.local.cdn.testclock import ScaledClock
    from edgewise.local.functions.pool import Pool
    from edgewise.local.gate.client import GateRunner
    from edgewise.local.gate.store import Stores

_AWS: Final = "aws"


@dataclass(frozen=True, kw_only=True, slots=True)
class Admin:
    """Serves the admin port; bodies and answers are JSON.

    ======================================  ==================================================================
    ``GET /state``                          counters and process ids, below
    ``PUT /stores/<name>/<key>``            ``{"value", "delay_s"}``: write a key (null deletes it)
    ``PUT /stores-propagation``             ``{"seconds"}``: how long writes take to reach the gates
    ``PUT /stores-conflicts``               ``{"count"}``: so many next writes of the store's API are a 409
    ``PUT /clock``                          ``{"offset_s"}``: shifts the gates' `Date` and the environments'
    ``PUT /firewall``                       ``{"lag_s", "clock_scale", "reset"}``: rate rules' lag and clock
    ``PUT /distributions``                  ``{"deploy_s"}``: how long the old setting answers after a change
    ``POST /caches/clear``                  empty the edge caches
    ``POST /pools/<function>/kill``         ``{"count"}``: kill environments at random
    ``/aws/cloudfront``,                    AWS's APIs for botocore: signed with AWS4-, no token
    ``/aws/cloudfront-keyvaluestore``
    ======================================  ==================================================================

    ``/state`` has per distribution (a gateway that starts again counts from 0; ``gateway.pid`` tells)

    - ``requests``: all that came; of them ``disabled`` (the distribution is off), ``waf_blocked`` and
      ``waf_allowed``; ``waf_blocked_by_rule``, ``waf_counted_by_rule`` by metric name, ``Default_Action`` where
      no rule decided; ``waf_limited``: what each rate rule limits just now; ``status_<n>`` by status
    - ``gate_calls``, of them ``gate_passed``, ``gate_refused``, ``gate_errors``; ``gate_store_reads``
    - ``cache_hits``, ``cache_misses``, ``origin_requests`` (to the bucket)
    - ``function_calls``, ``lambda_invalid_answers``, ``function_bytes_in``: head and body to the function
    - ``bytes_in``, ``bytes_out``: heads and bodies from and to viewers (a body as long as it says), of requests
      that neither web ACL nor switch stopped; of the others ``blocked_bytes_in``, ``blocked_bytes_out``,
      ``disabled_bytes_in``, ``disabled_bytes_out``; ``model_bytes_out``: the part of ``bytes_out`` that is objects
    - ``id``, ``enabled`` (what answers now), ``status`` (InProgress, Deployed), ``web_acl`` (its metric name)
    """

    token: str
    gates: GateRunner
    stores: Stores
    pools: Mapping[str, Pool]
    edges: Mapping[str, Edge]
    aws: AwsApi
    clock: ScaledClock
    clock_file: Path

    def server(self) -> web.Server:
        """Return its server."""
        return web.Server(self._handle, access_log=None)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        parts = request.path.strip("/").split("/", 2)
        if parts[0] == _AWS:
            return await self.aws.answer(request)
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, ""), self.token):
            return _json({"error": "the admin token is missing or wrong"}, status=403)
        try:
            body = await request.read()
            answer = self._route(request.method, parts, json.loads(body) if body else {})
        except (KeyError, ValueError) as error:
            return _json({"error": str(error)}, status=400)
        if answer is None:
            return _json({"error": f"{request.method} {request.path} is not known here"}, status=404)
        return _json(answer)

    def _route(self, method: str, parts: list[str], body: Mapping[str, object]) -> Mapping[str, object] | None:
        """Do what a request asks for; None when it is not known."""
        fixed: dict[tuple[str, ...], Callable[[], Mapping[str, object]]] = {
            ("GET", "state"): self.state,
            ("PUT", "stores-propagation"): lambda: self._propagation(_seconds(body, "seconds")),
            ("PUT", "stores-conflicts"): lambda: self._conflicts(_count(body)),
            ("PUT", "clock"): lambda: self._shift(_number(body, "offset_s")),
            ("PUT", "firewall"): lambda: self._firewalls(body),
            ("PUT", "distributions"): lambda: self._deploying(_seconds(body, "deploy_s")),
            ("POST", "caches", "clear"): self._clear,
        }
        if (call := fixed.get((method, *parts))) is not None:
            return call()
        if method == "PUT" and parts[0] == "stores" and len(parts) == 3:
            return self._change(parts[1], parts[2], body)
        if method == "POST" and parts[0] == "pools" and parts[2:] == ["kill"]:
            return self._kill(parts[1], _count(body))
        return None

    def state(self) -> dict[str, object]:
        """Return counters and process ids."""
        gate = self.gates.process
        return {
            "gateway": {"pid": os.getpid()},
            "clock_offset_s": read_offset(self.clock_file),
            "functions": {pool.function.name: pool.to_json() for pool in self.pools.values()},
            "distributions": {edge.distribution.function: edge.to_json() for edge in self.edges.values()},
            "gate": {"pid": gate.pid if gate else None, "restarts": self.gates.restarts},
            "stores": {store.name: sorted(self.stores.values(arn)) for arn, store in self.stores.stores.items()},
        }

    def _change(self, name: str, key: str, change: Mapping[str, object]) -> dict[str, object]:
        value = change["value"]
        if value is not None and not isinstance(value, str):
            raise ValueError("value must be text, or null to delete the key")
        delay_s = _seconds(change, "delay_s") if "delay_s" in change else self.stores.propagation_s
        self.stores.change(self.stores.arn(name), key, value, delay_s=delay_s)
        return {"visible_after_s": delay_s}

    def _propagation(self, seconds: float) -> dict[str, object]:
        self.stores.propagation_s = seconds
        return {"seconds": seconds}

    def _conflicts(self, count: int) -> dict[str, object]:
        self.aws.stores.conflicts = count
        return {"count": count}

    def _shift(self, offset_s: float) -> dict[str, object]:
        write_offset(self.clock_file, offset_s)
        return {"offset_s": offset_s}

    def _firewalls(self, change: Mapping[str, object]) -> dict[str, object]:
        firewalls = [edge.firewall for edge in self.edges.values() if edge.firewall is not None]
        if "clock_scale" in change:
            self.clock.set_scale(_number(change, "clock_scale"))
        for firewall in firewalls:
            if "lag_s" in change:
                firewall.set_lag(_seconds(change, "lag_s"))
            if change.get("reset"):
                firewall.reset()
        return {"clock_scale": self.clock.scale, "lag_s": [firewall.lag_s for firewall in firewalls]}

    def _deploying(self, seconds: float) -> dict[str, object]:
        for edge in self.edges.values():
            edge.switch.deploy_s = seconds
        return {"deploy_s": seconds}

    def _kill(self, function: str, count: int) -> dict[str, object]:
        pools = [pool for pool in self.pools.values() if pool.function.name.endswith(function)]
        return {"killed": [pid for pool in pools for pid in pool.kill(count)]}

    def _clear(self) -> dict[str, object]:
        for edge in self.edges.values():
            edge.cache.clear()
        return {}


def _number(body: Mapping[str, object], name: str) -> float:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is {value!r}, it must be a number")
    return float(value)


def _seconds(body: Mapping[str, object], name: str) -> float:
    value = _number(body, name)
    if value < 0:
        raise ValueError(f"{name} is {value}, it must be 0 or more")
    return value


def _count(body: Mapping[str, object]) -> int:
    value = body.get("count")
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"count is {value!r}, it must be a whole number from 0")
    return value


def _json(content: Mapping[str, object], *, status: int = 200) -> web.Response:
    return web.Response(status=status, text=json.dumps(content), content_type="application/json")
