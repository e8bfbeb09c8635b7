"""The home Region's process.

Run as ``python -m edgewise.local.home.server``: reads its settings as one JSON line on stdin, serves the listening
socket it inherited, says ``ready`` on stdout.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from edgewise.local.cdn import awsapi
from edgewise.local.files import RunFiles
from edgewise.local.functions.clock import now_s
from edgewise.local.functions.cpu import CpuGroups
from edgewise.local.functions.environments import Settings
from edgewise.local.functions.pool import Pool
from edgewise.local.functions.runtime import Launch
from edgewise.local.home.admin import application
from edgewise.local.home.alarming import Alarming
from edgewise.local.home.cloudclient import CloudClient
from edgewise.local.home.memory import Memory
from edgewise.local.home.meters import Meters
from edgewise.local.home.poller import Poller
from edgewise.local.home.publisher import Publisher
from edgewise.local.home.region import Region, totals_of
from edgewise.local.home.schedules import Schedules
from edgewise.local.home.showing import showing_of
from edgewise.local.home.tunables import Tunables
from edgewise.local.stack.model import LocalEdgeError, LocalStack
from edgewise.local.stack.state import parse_state

# botocore's own variables, by the service's name in them.
_IN_THE_CLOUD: Final = ("S3", "SNS", "SQS", "CLOUDWATCH", "DYNAMODB_STREAMS")


def endpoints(cloud_url: str, gateway_url: str) -> dict[str, str]:
    """Return the variables by which botocore finds AWS's services on this machine."""
    return {f"AWS_ENDPOINT_URL_{service}": cloud_url for service in _IN_THE_CLOUD} | awsapi.endpoints(gateway_url)


def build(settings: Mapping[str, Any], session: aiohttp.ClientSession) -> Region:
    """Make the Region from the process's settings.

    Raises
    ------
    LocalEdgeError
        When something of the stack is not imitated.
    """
    stack = parse_state(settings["state"], project=Path(settings["project"]))
    files = RunFiles(Path(settings["run_dir"]))
    memory = Memory(files.home_memory)
    client = CloudClient(session=session, base_url=settings["cloud_url"])
    tunables = Tunables(seconds_per_minute=float(settings["seconds_per_minute"]))
    publisher = Publisher(client=client, memory=memory, journal=files.requests_journal)
    pools: dict[str, Pool] = {}
    clock = partial(now_s, files.clock)
    region = Region(
        stack=stack,
        files=files,
        pools=pools,
        client=client,
        gateway_url=settings["admin_url"],
        token=settings["admin_token"],
        memory=memory,
        tunables=tunables,
        publisher=publisher,
        alarming=Alarming(alarms=stack.home.alarms, series=publisher.series, client=client, memory=memory),
        meters=Meters(stack=stack, totals=totals_of(memory)),
        schedules=Schedules(schedules=stack.home.schedules, pools=pools, tunables=tunables, clock=clock),
        showing=showing_of(stack, memory, settings["billing"]),
    )
    pools.update(_pools(settings, stack, files, region))
    region.pollers += _pollers(region, stack)
    for schedule in stack.home.schedules:
        _function(pools, schedule.target_arn, where=f"schedule {schedule.name!r}")
    return region


def _pools(settings: Mapping[str, Any], stack: LocalStack, files: RunFiles, region: Region) -> dict[str, Pool]:
    environment = Settings(
        dynamodb_url=settings["cloud_url"],
        log_folder=files.folder / "logs",
        cpu=CpuGroups.from_json(settings["cpu"]),
        home=True,
        endpoints=endpoints(settings["cloud_url"], settings["admin_url"]),
        clock_file=files.clock,
        on_line=region.note_line,
    )
    return {
        arn: Pool(
            function=function,
            launch=Launch.from_json(settings["launches"][function.qualified_arn]),
            settings=environment,
            max_environments=min(
                function.reserved_concurrency or settings["max_environments"], settings["max_environments"]
            ),
        )
        for arn, function in stack.home_functions.items()
    }


def _pollers(region: Region, stack: LocalStack) -> list[Poller]:
    pollers = []
    for source in stack.home.event_sources:
        where = f"event source mapping {source.name!r}"
        pool = _function(region.pools, source.function_arn, where=where)
        queues = {queue.arn for queue in stack.home.queues}
        if source.on_failure_arn is not None and source.on_failure_arn not in queues:
            raise LocalEdgeError(
                f"{where}: its on-failure destination {source.on_failure_arn} is no queue of the stack"
            )
        pollers.append(
            Poller(
                source=source,
                journal=region.files.journal,
                memory=region.memory,
                invoke=pool.invoke,
                give_up=partial(region.give_up, source.on_failure_arn or ""),
                on_age=partial(region.note_age, pool.function.name),
                tunables=region.tunables,
                clock=region.now_s,
            )
        )
    return pollers


def _function(pools: Mapping[str, Pool], arn: str, *, where: str) -> Pool:
    if arn not in pools:
        raise LocalEdgeError(f"{where}: function {arn} is not in the stack's home Region")
    return pools[arn]


async def serve(settings: Mapping[str, Any]) -> None:
    """Serve until cancelled."""
    async with aiohttp.ClientSession() as session:
        region = build(settings, session)
        app = application(region, token=str(settings["admin_token"]))
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await runner.setup()
        await web.SockSite(runner, socket.socket(fileno=int(settings["listener"]))).start()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        try:
            await region.run()
        finally:
            await runner.cleanup()
            await region.stop()


def main() -> None:
    """Serve until killed."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    settings = json.loads(sys.stdin.readline())
    try:
        asyncio.run(serve(settings))
    except LocalEdgeError as error:
        # The supervisor shows the last line.
        sys.exit(str(error))


if __name__ == "__main__":
    main()
