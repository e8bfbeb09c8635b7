"""S3 and DynamoDB on loopback: moto in a process of ours, with a lock, a journal and faults.

Run as ``python -m edgewise.local.cloud.server``: reads its settings as one JSON line on stdin, serves the listening
socket it inherited, says ``ready`` on stdout.
"""

from __future__ import annotations

import io
import json
import logging
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client

from edgewise.local.cloud.journal import WRITES, Journal
from edgewise.local.protocol import FAULTS_PATH
from edgewise.local.stack.model import LocalEdgeError, LocalStack
from edgewise.local.stack.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


DYNAMODB: Final = "DynamoDB"
API: Final = "DynamoDB_20120810"
REGION: Final = "us-east-1"
# A round trip from a far Region to the ledger's, which a machine of one's own has not.
DEFAULT_LEDGER_LATENCY_MS: Final = 150.0


@dataclass(kw_only=True, slots=True)
class Faults:
    """What goes wrong on purpose: the ledger's latency and outage, the model store's outage."""

    ledger_latency_ms: float = 0.0
    ledger_down: bool = False
    model_store_down: bool = False

    def set(self, changes: Mapping[str, object]) -> None:
        """Change some.

        Raises
        ------
        ValueError
            For a name that is no fault, or a value of another type.
        """
        for name, value in changes.items():
            known: object = getattr(self, name, None) if name in self.__slots__ else None
            number = isinstance(known, float) and isinstance(value, int | float) and not isinstance(value, bool)
            if not number and not (isinstance(known, bool) and isinstance(value, bool)):
                raise ValueError(f"fault {name!r} with value {value!r}: expected one of {self.to_json()}")
            setattr(self, name, float(value) if isinstance(known, float) else value)  # type: ignore[arg-type]  # a number by the check above

    def to_json(self) -> dict[str, object]:
        """Return the faults as a JSON object."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(kw_only=True, slots=True)
class Emulator:
    """A WSGI application around moto's.

    moto's DynamoDB has no lock of its own: two conditional writes at once may both be granted. One
    lock around every DynamoDB request makes it as exact as the service it stands for.
    """

    app: WSGIApplication
    journal: Journal
    admin_token: str
    faults: Faults = field(default_factory=Faults)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service.startswith(DYNAMODB):
            return self._dynamodb(operation, environ, start_response)
        if environ.get("PATH_INFO") == FAULTS_PATH:
            return self._set_faults(environ, start_response)
        if self.faults.model_store_down:
            return _answer(start_response, "503 Slow Down", b"<Error><Code>SlowDown</Code></Error>", "application/xml")
        return self.app(environ, start_response)

    def _dynamodb(self, operation: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.faults.ledger_latency_ms:
            time.sleep(self.faults.ledger_latency_ms / 1000)
        if self.faults.ledger_down:
            error = b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"down on purpose"}'
            return _answer(start_response, "500 Internal Server Error", error, "application/x-amz-json-1.0")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        statuses: list[str] = []

        def note_status(status: str, *rest: object) -> object:
            statuses.append(status)
            return start_response(status, *rest)  # type: ignore[arg-type]  # passed on as they came

        with self.lock:
            answer = list(self.app(environ, note_status))  # type: ignore[arg-type]  # the start_response of WSGI
            if operation in WRITES and statuses[-1].startswith("200"):
                self.journal.append(operation, body)
        return answer

    def _set_faults(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_X_EDGEWISE_ADMIN") != self.admin_token:
            return _answer(start_response, "403 Forbidden", b"{}", "application/json")
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            self.faults.set(json.loads(body or b"{}"))
        except ValueError as error:
            return _answer(start_response, "400 Bad Request", str(error).encode(), "text/plain")
        return _answer(start_response, "200 OK", json.dumps(self.faults.to_json()).encode(), "application/json")


def _answer(start_response: StartResponse, status: str, body: bytes, content_type: str) -> list[bytes]:
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]


def seed(app: WSGIApplication, stack: LocalStack, journal: Journal, *, endpoints: Mapping[str, str]) -> None:
    """Bring an empty moto to what the stack says and what the journal remembers.

    Parameters
    ----------
    app : WSGIApplication
        moto's application.
    stack : LocalStack
        The stack.
    journal : Journal
        The writes of the runtime; they are applied after the items that Pulumi owns.
    endpoints : Mapping[str, str]
        Distribution domain name → the gateway's base URL, which stands for DNS and TLS.

    Raises
    ------
    LocalEdgeError
        When moto refuses a part.
    """
    client = Client(app)
    for table in stack.tables:
        _dynamodb(client, "CreateTable", table.definition)
    owned = [(item.table, with_loopback_urls(item.item, endpoints)) for item in stack.items]
    for name, item in owned:
        _dynamodb(client, "PutItem", {"TableName": name, "Item": item})
    names = {table.name for table in stack.tables}
    for operation, body in journal.entries():
        if _tables(operation, body) <= names:
            _dynamodb(client, operation, json.loads(body))
    # The runtime owns no item of Pulumi's: what the state says now stands last.
    for name, item in owned if any(True for _ in journal.entries()) else []:
        _dynamodb(client, "PutItem", {"TableName": name, "Item": item})
    for bucket in stack.buckets.values():
        _s3(client, f"/{bucket.name}", b"", {})
    for entry in stack.objects:
        content = entry.path.read_bytes() if entry.path else entry.content
        _s3(client, f"/{entry.bucket}/{entry.key}", content, entry.headers)


def with_loopback_urls(item: Mapping[str, object], endpoints: Mapping[str, str]) -> dict[str, object]:
    """Point an item's ``model_url`` at the gateway when it names a distribution of the stack."""
    url = item.get("model_url")
    text = url.get("S") if isinstance(url, dict) else None
    for domain, base in endpoints.items():
        if isinstance(text, str) and text.startswith(f"https://{domain}/"):
            return {**item, "model_url": {"S": base + text.removeprefix(f"https://{domain}")}}
    return dict(item)


def _tables(operation: str, body: bytes) -> set[str]:
    """Return the names of the tables that a write touches."""
    request = json.loads(body)
    if operation == "BatchWriteItem":
        return set(request["RequestItems"])
    if operation == "TransactWriteItems":
        return {next(iter(entry.values()))["TableName"] for entry in request["TransactItems"]}
    return {request["TableName"]}


def _dynamodb(client: Client, operation: str, request: Mapping[str, object]) -> None:
    answer = client.post(
        "/",
        data=json.dumps(request),
        headers={"X-Amz-Target": f"{API}.{operation}", "Authorization": _credential("dynamodb")},
        content_type="application/x-amz-json-1.0",
    )
    if answer.status_code != 200:
        raise LocalEdgeError(f"moto refused {operation} with {answer.status_code} while the stack was seeded")


def _s3(client: Client, path: str, content: bytes, headers: Mapping[str, str]) -> None:
    answer = client.put(path, data=content, headers={**headers, "Authorization": _credential("s3")})
    if answer.status_code != 200:
        raise LocalEdgeError(f"moto refused {path} with {answer.status_code}: {answer.get_data(as_text=True)}")


def _credential(service: str) -> str:
    """Return an ``Authorization`` header that moto knows the service by; it checks no signature."""
    return f"AWS4-HMAC-SHA256 Credential=local/20260101/{REGION}/{service}/aws4_request, Signature=none"


def main() -> None:
    """Serve until killed."""
    settings = json.loads(sys.stdin.readline())
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    stack = parse_state(settings["state"], project=Path(settings["project"]))
    journal = Journal(Path(settings["journal"]))
    app = DomainDispatcherApplication(create_backend_app)
    seed(app, stack, journal, endpoints=settings["endpoints"])
    faults = Faults(ledger_latency_ms=DEFAULT_LEDGER_LATENCY_MS)
    emulator = Emulator(app=app, journal=journal, admin_token=settings["admin_token"], faults=faults)
    listener = socket.socket(fileno=int(settings["listener"]))
    host, port = listener.getsockname()
    server = make_server(host, port, emulator, threaded=True, fd=listener.fileno())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
