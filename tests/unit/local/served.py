"""The gateway's admin port, served for a test in its own event loop, and botocore's real clients of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
import botocore.session  # type: ignore[import-untyped]  # botocore ships no types
from aiohttp import web
from botocore.config import Config  # type: ignore[import-untyped]  # botocore ships no types

from edgewise.local.admin import Admin
from edgewise.local.cdn.awsapi import AwsApi, endpoints
from edgewise.local.cdn.cloudfrontapi import CloudFrontApi
from edgewise.local.cdn.edge import Edge
from edgewise.local.cdn.firewall import Firewall
from edgewise.local.cdn.switch import Switch, deployed_values
from edgewise.local.cdn.testclock import ScaledClock
from edgewise.local.gate.changes import Changes
from edgewise.local.gate.store import Stores
from edgewise.local.gate.storeapi import StoreApi
from edgewise.local.protocol import TOKEN_HEADER
from edgewise.local.stack.model import LocalStack

TOKEN = "token"


def changes_of(folder: Path, stack: LocalStack) -> Changes:
    """Load what an earlier run has left in a folder, as the gateway does."""
    changes = Changes(file=folder / "store-changes.json")
    changes.load(
        {arn: store.values for arn, store in stack.stores.items()}
        | {edge.arn: deployed_values(edge) for edge in stack.distributions}
    )
    return changes


class Served:
    """An admin port over a stack, without pools and with gates that nobody calls."""

    def __init__(self, stack: LocalStack, folder: Path) -> None:
        changes = changes_of(folder, stack)
        self.clock = ScaledClock()
        self.stores = Stores(stores=stack.stores, changes=changes)
        self.store_api = StoreApi(stores=self.stores)
        gates = cast("Any", SimpleNamespace(process=None, restarts=0, reads={}))
        self.edges = {
            edge.domain_name: Edge(
                distribution=edge,
                gates=gates,
                pools={},
                origin=cast("Any", None),
                switch=Switch(distribution=edge, changes=changes, clock=self.clock),
                firewall=Firewall(acl=stack.web_acls[edge.web_acl_arn], clock=self.clock) if edge.web_acl_arn else None,
            )
            for edge in stack.distributions
        }
        (self.edge,) = self.edges.values()
        switches = {edge.distribution.distribution_id: edge.switch for edge in self.edges.values()}
        self.admin = Admin(
            token=TOKEN,
            gates=gates,
            stores=self.stores,
            pools={},
            edges=self.edges,
            aws=AwsApi(stores=self.store_api, cloudfront=CloudFrontApi(switches=switches)),
            clock=self.clock,
            clock_file=folder / "clock",
        )
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Served]:
        """Serve it on a free port."""
        runner = web.ServerRunner(self.admin.server())
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def ask(self, method: str, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
        """Ask the admin port itself; return status and JSON."""
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, json=body, headers={TOKEN_HEADER: token}) as answer,
        ):
            return answer.status, json.loads(await answer.text())

    def client(self, service: str) -> Any:
        """Return botocore's client; it must be called outside of the event loop's thread."""
        variable = f"AWS_ENDPOINT_URL_{service.replace('-', '_').upper()}"
        session = botocore.session.Session()
        session.set_credentials("local", "local")
        return session.create_client(
            service,
            region_name="us-east-1",
            endpoint_url=endpoints(self.url)[variable],
            # A store's real signature is SigV4A, which takes awscrt: a bundle has it, a test machine may not.
            config=Config(signature_version="v4", retries={"total_max_attempts": 1}),
        )
