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
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import web

from edgewise.local.admin import Admin
from edgewise.local.cdn.awsapi import AwsApi
from edgewise.local.cdn.cloudfrontapi import CloudFrontApi
from edgewise.local.cdn.edge import Edge
from edgewise.local.cdn.firewall import Firewall
from edgewise.local.cdn.origin import S3Origin
from edgewise.local.cdn.switch import Switch, deployed_values
from edgewise.local.cdn.testclock import ScaledClock
from edgewise.local.cdn.viewer import viewer_server
from edgewise.local.files import RunFiles
from edgewise.local.functions.clock import read_offset
from edgewise.local.functions.cpu import CpuGroups
from edgewise.local.functions.environments import Settings
from edgewise.local.functions.pool import Pool
from edgewise.local.functions.runtime import Launch
from edgewise.local.gate.changes import Changes
from edgewise.local.gate.client import GateRunner
from edgewise.local.gate.store import Stores
from edgewise.local.gate.storeapi import StoreApi
from edgewise.local.stack.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.stack.model import Distribution, LocalStack


@dataclass(kw_only=True, eq=False, slots=True)
class Gateway:
    """All distributions of a stack in one process."""

    stack: LocalStack
    gates: GateRunner
    stores: Stores
    pools: Mapping[str, Pool]
    edges: Mapping[str, Edge]
    session: aiohttp.ClientSession
    clock: ScaledClock
    clock_file: Path

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
    files = RunFiles(run_dir)
    changes = Changes(file=files.store_changes)
    changes.load(_deployed(stack))
    stores = Stores(stores=stack.stores, changes=changes)
    gates = GateRunner(
        functions=stack.gates,
        values=stores.all_values(),
        log_file=logs / "gate.log",
        offset_s=lambda: read_offset(files.clock),
    )
    await gates.start()
    stores.publish = gates.put
    cloud_url = str(settings["cloud_url"])
    environment = Settings(
        dynamodb_url=cloud_url,
        log_folder=logs,
        cpu=CpuGroups.from_json(settings["cpu"]),
        clock_file=files.clock,
    )
    pools = {
        arn: Pool(
            function=stack.functions[arn],
            launch=_launch(launch),
            settings=environment,
            max_environments=int(str(settings["max_environments"])),
        )
        for arn, launch in launches.items()
        if arn in stack.functions
    }
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64), auto_decompress=False)
    origin = S3Origin(base_url=cloud_url, buckets=stack.buckets, session=session)
    clock = ScaledClock()
    edges = {
        distribution.domain_name: Edge(
            distribution=distribution,
            gates=gates,
            pools=pools,
            origin=origin,
            switch=Switch(distribution=distribution, changes=changes),
            firewall=_firewall(stack, distribution, clock),
        )
        for distribution in stack.distributions
    }
    return Gateway(
        stack=stack,
        gates=gates,
        stores=stores,
        pools=pools,
        edges=edges,
        session=session,
        clock=clock,
        clock_file=files.clock,
    )


def _deployed(stack: LocalStack) -> dict[str, Mapping[str, str]]:
    """Return what the stack says of all that may change at run time."""
    deployed: dict[str, Mapping[str, str]] = {arn: store.values for arn, store in stack.stores.items()}
    return deployed | {edge.arn: deployed_values(edge) for edge in stack.distributions}


def _firewall(stack: LocalStack, distribution: Distribution, clock: ScaledClock) -> Firewall | None:
    if distribution.web_acl_arn is None:
        return None
    return Firewall(acl=stack.web_acls[distribution.web_acl_arn], clock=clock)


def _launch(launch: Mapping[str, object]) -> Launch:
    command = launch["command"]
    assert isinstance(command, list)
    return Launch(
        command=tuple(command),
        task_root=Path(str(launch["task_root"])),
        runtime_folder=Path(str(launch["runtime_folder"])),
    )


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
        aws=AwsApi(
            stores=StoreApi(stores=gateway.stores),
            cloudfront=CloudFrontApi(
                switches={edge.distribution.distribution_id: edge.switch for edge in gateway.edges.values()}
            ),
        ),
        clock=gateway.clock,
        clock_file=gateway.clock_file,
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
