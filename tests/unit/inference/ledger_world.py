"""A real moto ledger, and a proxy before it that spoils answers."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import boto3  # type: ignore[import-untyped]  # it ships no types
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from inference import counter
from inference.limits import Limits
from tests.emptied import empty_moto
from tests.unit.inference.world import FUNCTION, TABLE, TOKEN, QuietServer, limits, owned_items, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True)
class MotoTable:
    """A real table in a moto server."""

    client: Any
    url: str

    def put_limits(self, wanted: Limits) -> None:
        for item in owned_items(wanted).values():
            self.client.put_item(TableName=TABLE, Item=item)

    def put_override(self, **attributes: dict[str, str]) -> None:
        item = {"pk": {"S": f"override#{FUNCTION}"}} | attributes
        self.client.put_item(TableName=TABLE, Item=item)

    def put_counter(
        self,
        wanted: Limits | None = None,
        *,
        day: str,
        lease_token: str | None = None,
        granted: int = 0,
        **left: int,
    ) -> None:
        """Write a counter that was opened on these limits; what is not named is untouched."""
        wanted = wanted or limits()
        remaining = counter.quotas(wanted) | left
        self.client.put_item(
            TableName=TABLE,
            Item={
                "pk": {"S": f"counter#{FUNCTION}#cloudfront"},
                "day": {"S": day},
                "terms": {"S": counter.terms(wanted)},
                "lease_token": {"S": lease_token or f"{os.urandom(4).hex()}.1"},
                "granted": {"N": str(granted)},
                **{name: {"N": str(value)} for name, value in remaining.items()},
            },
        )

    def counter(self) -> dict[str, str]:
        """Return the counter item as plain texts; empty when there is none."""
        key = {"pk": {"S": f"counter#{FUNCTION}#cloudfront"}}
        item = self.client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item", {})
        return {name: str(next(iter(value.values()))) for name, value in item.items()}

    def clear(self) -> None:
        for item in self.client.scan(TableName=TABLE)["Items"]:
            self.client.delete_item(TableName=TABLE, Key={"pk": item["pk"]})


@contextmanager
def moto_table() -> Iterator[MotoTable]:
    """Run moto's server with one lock around it: without, its conditional writes are not atomic."""
    app, lock = DomainDispatcherApplication(create_backend_app), threading.Lock()

    def locked(environ: Any, start_response: Any) -> list[bytes]:
        with lock:
            return list(app(environ, start_response))

    with serving(make_server("127.0.0.1", 0, locked, threaded=True, request_handler=_QuietMoto)) as url:
        client = boto3.client(
            "dynamodb",
            endpoint_url=url,
            region_name="us-east-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        empty_moto()
        key = {"AttributeName": "pk"}
        client.create_table(
            TableName=TABLE,
            KeySchema=[key | {"KeyType": "HASH"}],
            AttributeDefinitions=[key | {"AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        try:
            yield MotoTable(client=client, url=url)
        finally:
            empty_moto()


class _QuietMoto(WSGIRequestHandler):
    def log(self, *args: object, **kwargs: object) -> None:
        """Stay quiet."""


@dataclass
class Proxy:
    """Stands before a ledger and spoils the next answers, in order.

    ``lost``: the ledger does what it is told, its answer is lost. ``dropped``: it hears nothing.
    ``hang``: it does, and the answer comes too late. Or a status with a kind, such as ``400 ThrottlingException``.
    """

    url: str
    to: str
    faults: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    before: dict[int, Callable[[], None]] = field(default_factory=dict)
    """What happens right before the n-th request is passed on, counted from 0."""
    connections: int = 0


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: Proxy

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class names it so
        """Stay quiet."""

    def setup(self) -> None:
        self.world.connections += 1
        super().setup()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.world.asked.append(self.headers["X-Amz-Target"].partition(".")[2])
        self.world.bodies.append(json.loads(body))
        self.world.before.get(len(self.world.asked) - 1, lambda: None)()
        fault = self.world.faults.pop(0) if self.world.faults else ""
        if fault == "dropped":
            self.close_connection = True
            return
        if fault[:1].isdigit():
            number, _, kind = fault.partition(" ")
            self._send(int(number), json.dumps({"__type": f"com.amazonaws#{kind}", "message": TOKEN}).encode())
            return
        if fault == "junk":
            self._send(200, b"<html>")
            return
        asked = urllib.request.Request(self.world.to, body, dict(self.headers))
        try:
            with urllib.request.urlopen(asked, timeout=10) as answer:
                status, text = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read()
        if fault == "lost":
            self.close_connection = True
            return
        if fault == "hang":
            time.sleep(1.2)
        self._send(status, text)
        # As a server does that hangs up on an idle client without a word.
        self.close_connection = fault == "hangs up"

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def proxy(to: str) -> Iterator[Proxy]:
    handler = type("Handler", (_ProxyHandler,), {})
    with serving(QuietServer(("127.0.0.1", 0), handler)) as url:
        world = Proxy(url=url, to=to)
        handler.world = world  # type: ignore[attr-defined]  # the class is made two lines above
        yield world
