"""How the home process speaks to the stand-in of AWS's services."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import aiohttp

from edgewise.local.cloud.seed import API, SQS, credential
from edgewise.local.protocol import ONCE_HEADER

LOG: Final = logging.getLogger("edgewise.local.home.cloudclient")
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10)
_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 2.0


class RefusedError(Exception):
    """The service answered that it will not do it; it won't later either."""


class UnavailableError(Exception):
    """The service failed, or is not there: later it may do it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CloudClient:
    """Each call raises `RefusedError` or `UnavailableError`."""

    session: aiohttp.ClientSession
    base_url: str

    async def call(self, service: str, target: str, request: object, *, once: str = "") -> dict[str, Any]:
        """Make a call of a JSON protocol; with `once`, one that is made again does nothing."""
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        answer = await self._post(service, headers, json.dumps(request).encode(), once)
        found: dict[str, Any] = json.loads(answer or b"{}")
        return found

    async def publish(self, topic_arn: str, *, subject: str, text: str, once: str) -> None:
        """Publish a message to a topic."""
        form = {"Action": "Publish", "Version": "2010-03-31", "TopicArn": topic_arn, "Subject": subject}
        body = aiohttp.FormData({**form, "Message": text})
        await self._post("sns", {}, body, once)

    async def item(self, table: str, key: str) -> dict[str, Any]:
        """Return an item of a table whose hash key is ``pk``; empty when there is none."""
        request = {"TableName": table, "Key": {"pk": {"S": key}}}
        answer = await self.call("dynamodb", f"{API}.GetItem", request)
        found: dict[str, Any] = answer.get("Item", {})
        return found

    async def send(self, queue_url: str, body: str, *, once: str) -> None:
        """Send a message to a queue."""
        await self.call("sqs", f"{SQS}.SendMessage", {"QueueUrl": queue_url, "MessageBody": body}, once=once)

    async def visible(self, queue_url: str) -> int:
        """Return how many messages of a queue can be received."""
        name = "ApproximateNumberOfMessages"
        request = {"QueueUrl": queue_url, "AttributeNames": [name]}
        answer = await self.call("sqs", f"{SQS}.GetQueueAttributes", request)
        return int(answer["Attributes"][name])

    async def _post(self, service: str, headers: Mapping[str, str], body: bytes | aiohttp.FormData, once: str) -> bytes:
        signed = {**headers, "Authorization": credential(service), **({ONCE_HEADER: once} if once else {})}
        try:
            async with self.session.post(self.base_url + "/", data=body, headers=signed, timeout=_TIMEOUT) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnavailableError(f"{service}: {error!r}") from error
        if answer.status >= 500:
            raise UnavailableError(f"{service} answered {answer.status}")
        if answer.status != 200:
            raise RefusedError(f"{service} answered {answer.status}: {content[:300].decode(errors='replace')}")
        return content


async def until_taken(send: Callable[[], Awaitable[None]], *, what: str) -> None:
    """Try until a service takes something; what it refuses is logged and given up."""
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            await send()
        except UnavailableError as error:
            LOG.warning("%s waits: %s", what, error)
            await asyncio.sleep(pause_s)
            pause_s = min(_LONGEST_PAUSE_S, pause_s * 2)
        except RefusedError:
            LOG.exception("%s was refused", what)
            return
        else:
            return
