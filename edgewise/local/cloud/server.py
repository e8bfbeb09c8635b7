"""AWS's services on loopback: moto in a process of ours, with locks, journals, an inbox and faults.

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

from edgewise.local.cloud.compact import compact
from edgewise.local.cloud.faults import Faults
from edgewise.local.cloud.inbox import PUBLISH, Inbox, Message, operation_of
from edgewise.local.cloud.journal import WRITES, Journal
from edgewise.local.cloud.requests import S3, SNS, Request, RequestJournal, is_write, service_of
from edgewise.local.cloud.seed import REGION, seed
from edgewise.local.cloud.streams import Streams, number_of
from edgewise.local.files import RunFiles
from edgewise.local.functions.clock import now_s
from edgewise.local.protocol import FAULTS_PATH, ONCE_HEADER
from edgewise.local.stack.state import parse_state

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from edgewise.local.stack.model import LocalStack


# As it stands in the journal.
ONCE: Final = ONCE_HEADER.upper()
_FORM: Final = "application/x-www-form-urlencoded"
DYNAMODB: Final = "DynamoDB"
# Whose resources the stand-in providers make; the ARNs of moto's own have to be the stack's.
ACCOUNT: Final = "000000000000"
# A round trip from a far Region to the ledger's, which a machine of one's own has not.
DEFAULT_LEDGER_LATENCY_MS: Final = 150.0


@dataclass(kw_only=True, slots=True)
class Emulator:
    """A WSGI application around moto's.

    moto has no locks: two conditional writes at once may both be granted. One lock around every DynamoDB
    request, and one around every write to another service, make it as exact as what it stands for. What
    was written is in a journal before its caller hears of it.
    """

    app: WSGIApplication
    journal: Journal
    requests: RequestJournal
    inbox: Inbox
    streams: Streams
    admin_token: str
    model_buckets: Collection[str] = ()
    clock: Callable[[], float] = time.time
    faults: Faults = field(default_factory=Faults)
    lock: threading.Lock = field(default_factory=threading.Lock)
    other_lock: threading.Lock = field(default_factory=threading.Lock)
    done: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Learn what was done, and where the streams stand."""
        self.done.update(request.headers.get(ONCE, "") for request in self.requests.entries())
        self.streams.skip()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if service.startswith(DYNAMODB):
            return self._dynamodb(operation, environ, start_response)
        if environ.get("PATH_INFO") == FAULTS_PATH:
            return self._set_faults(environ, start_response)
        return self._other(service_of(environ), environ, start_response)

    def _dynamodb(self, operation: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self.faults.ledger_latency_ms:
            time.sleep(self.faults.ledger_latency_ms / 1000)
        if self.faults.ledger_down:
            error = b'{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"down on purpose"}'
            return _answer(start_response, "500 Internal Server Error", error, "application/x-amz-json-1.0")
        body = _read(environ)
        with self.lock:
            status, answer = self._ask(environ, start_response)
            if operation in WRITES and status.startswith("200"):
                records = self.streams.take(self.clock())
                self.journal.append(operation, body, written_s=time.time(), records=records)
        return answer

    def _other(self, service: str, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if self._is_down(service, environ):
            return _answer(start_response, "503 Slow Down", b"<Error><Code>SlowDown</Code></Error>", "application/xml")
        if service == SNS:
            return self._topic(environ, start_response)
        if not is_write(environ, service):
            return self._ask(environ, start_response)[1]
        if service == S3 and environ.get("CONTENT_TYPE", "").startswith(_FORM):
            # moto takes such a body apart as a form, and keeps nothing of it.
            environ["CONTENT_TYPE"] = "binary/octet-stream"
        request = Request.of(environ, service, _read(environ))
        once = environ.get("HTTP_X_EDGEWISE_ONCE", "")
        with self.other_lock:
            if once and once in self.done:
                return _answer(start_response, "200 OK", b"{}", "application/x-amz-json-1.0")
            status, answer = self._ask(environ, start_response)
            if status.startswith("2"):
                self.requests.append(request)
                self.done.add(once)
        return answer

    def _topic(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        operation, form = operation_of(_read(environ))
        if operation == "PublishBatch":
            error = b"<ErrorResponse><Error><Code>InvalidAction</Code></Error></ErrorResponse>"
            return _answer(start_response, "400 Bad Request", error, "application/xml")
        with self.other_lock:
            status, answer = self._ask(environ, start_response)
            if operation == PUBLISH and status.startswith("200"):
                once = environ.get("HTTP_X_EDGEWISE_ONCE", "")
                self.inbox.deliver(Message.of(form), now_s=self.clock(), once=once)
        return answer

    def _is_down(self, service: str, environ: WSGIEnvironment) -> bool:
        if service == SNS:
            return self.faults.alerts_down
        if service != S3:
            return False
        bucket = environ.get("PATH_INFO", "").strip("/").split("/", 1)[0]
        return self.faults.model_store_down if bucket in self.model_buckets else self.faults.lake_down

    def _ask(self, environ: WSGIEnvironment, start_response: StartResponse) -> tuple[str, list[bytes]]:
        """Ask moto; return the status and the answer's body."""
        statuses: list[str] = []

        def note_status(status: str, *rest: object) -> object:
            statuses.append(status)
            return start_response(status, *rest)  # type: ignore[arg-type]  # passed on as they came

        answer = list(self.app(environ, note_status))  # type: ignore[arg-type]  # the start_response of WSGI
        return statuses[-1], answer

    def _set_faults(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ.get("HTTP_X_EDGEWISE_ADMIN") != self.admin_token:
            return _answer(start_response, "403 Forbidden", b"{}", "application/json")
        try:
            self.faults.set(json.loads(_read(environ) or b"{}"))
        except ValueError as error:
            return _answer(start_response, "400 Bad Request", str(error).encode(), "text/plain")
        return _answer(start_response, "200 OK", json.dumps(self.faults.to_json()).encode(), "application/json")


def _read(environ: WSGIEnvironment) -> bytes:
    """Read a request's body, and leave it there to be read again."""
    stream = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH")
    # A chunked body has no length; werkzeug's server ends the stream where it ends.
    body: bytes = stream.read(int(length)) if length else stream.read() if environ.get("wsgi.input_terminated") else b""
    environ["wsgi.input"] = io.BytesIO(body)
    if not length:
        environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _answer(start_response: StartResponse, status: str, body: bytes, content_type: str) -> list[bytes]:
    start_response(status, [("Content-Type", content_type), ("Content-Length", str(len(body)))])
    return [body]


def with_account(app: WSGIApplication) -> WSGIApplication:
    """Return moto's application for the stack's account."""

    def ask(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["HTTP_X_MOTO_ACCOUNT_ID"] = ACCOUNT
        return app(environ, start_response)

    return ask


def emulator(
    app: WSGIApplication,
    stack: LocalStack,
    files: RunFiles,
    *,
    endpoints: Mapping[str, str],
    admin_token: str,
    faults: Faults | None = None,
) -> Emulator:
    """Fill an empty moto, and put the emulator around it.

    Parameters
    ----------
    app : WSGIApplication
        moto's application.
    stack : LocalStack
    files : RunFiles
        Where the journals and the inbox are.
    endpoints : Mapping[str, str]
        Distribution domain name → the gateway's base URL.
    admin_token : str
        Whoever sets faults has to know it.
    faults : Faults, optional
        None to begin with.

    Raises
    ------
    LocalEdgeError
        When moto refuses a part of the stack.
    """
    compact(files.requests_journal)
    journal, requests = Journal(files.journal), RequestJournal(files.requests_journal)
    app = with_account(app)
    seed(app, stack, journal, endpoints=endpoints, requests=requests)
    streamed = [table.name for table in stack.tables if table.definition.get("StreamSpecification")]
    last = max((number_of(record) for record in _numbers(files)), default=-1)
    origins = {origin.domain_name for edge in stack.distributions for origin in edge.origins.values()}
    return Emulator(
        app=app,
        journal=journal,
        requests=requests,
        inbox=Inbox(path=files.inbox, subscriptions=stack.home.subscriptions),
        streams=Streams(account=ACCOUNT, region=REGION, tables=streamed, made=last + 1),
        admin_token=admin_token,
        model_buckets={bucket.name for domain, bucket in stack.buckets.items() if domain in origins},
        clock=lambda: now_s(files.clock),
        faults=faults or Faults(),
    )


def _numbers(files: RunFiles) -> Iterable[str]:
    for written in Journal.stream(files.journal, 0):
        yield from (record["dynamodb"]["SequenceNumber"] for record in written.records)


def main() -> None:
    """Serve until killed."""
    settings = json.loads(sys.stdin.readline())
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    stack = parse_state(settings["state"], project=Path(settings["project"]))
    serving = emulator(
        DomainDispatcherApplication(create_backend_app),
        stack,
        RunFiles(Path(settings["run_dir"])),
        endpoints=settings["endpoints"],
        admin_token=settings["admin_token"],
        faults=Faults(ledger_latency_ms=DEFAULT_LEDGER_LATENCY_MS),
    )
    listener = socket.socket(fileno=int(settings["listener"]))
    host, port = listener.getsockname()
    server = make_server(host, port, serving, threaded=True, fd=listener.fileno())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
