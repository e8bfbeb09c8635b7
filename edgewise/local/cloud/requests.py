"""A journal of what the runtime wrote to the services beside DynamoDB: moto forgets all of it when it dies.

Objects of the lake and claims of alerts, metrics and alarm states, messages of queues: each request is kept as it came
and sent again after a start, in order.
"""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from edgewise.local.cloud.journal import drop_torn_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.test import Client

S3: Final = "s3"
SNS: Final = "sns"
# By service as it stands in a signature: what writes. S3 has methods instead of names.
WRITES: Final = {
    "monitoring": frozenset({"PutMetricData", "SetAlarmState"}),
    "sqs": frozenset({"SendMessage", "SendMessageBatch", "PurgeQueue"}),
}
_S3_WRITES: Final = frozenset({"PUT", "POST", "DELETE"})
_SCOPE: Final = re.compile(r"Credential=[^/,]+/\d+/[\w-]*/([\w-]+)/aws4_request")
# The next hop's, and conditions that were met once.
_NOT_KEPT: Final = ("HOST", "CONNECTION", "EXPECT", "TRANSFER_ENCODING", "IF_MATCH", "IF_NONE_MATCH")


def service_of(environ: dict[str, Any]) -> str:
    """Return the service that a request was signed for; one without a signature is S3's."""
    scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    return scope[1] if scope else S3


def is_write(environ: dict[str, Any], service: str) -> bool:
    """Tell whether a request changes what its service knows, and has to be kept."""
    if service == S3:
        return environ["REQUEST_METHOD"] in _S3_WRITES
    operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
    return operation in WRITES.get(service, ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request as it came."""

    service: str
    method: str
    uri: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, environ: dict[str, Any], service: str, body: bytes) -> Request:
        """Read it from WSGI's environment."""
        uri = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if not uri:
            query = environ.get("QUERY_STRING", "")
            uri = quote(environ["PATH_INFO"]) + (f"?{query}" if query else "")
        names = {name.removeprefix("HTTP_"): value for name, value in environ.items() if name.startswith("HTTP_")}
        headers = {name.replace("_", "-"): value for name, value in names.items() if name not in _NOT_KEPT}
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        return cls(service=service, method=environ["REQUEST_METHOD"], uri=str(uri), headers=headers, body=body)


class RequestJournal:
    """An append-only file of acknowledged writes, one JSON line each, readable by its owner alone."""

    def __init__(self, path: Path) -> None:
        self._path = path
        drop_torn_line(path)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def append(self, request: Request) -> None:
        """Note one write."""
        body = base64.b64encode(request.body).decode()
        line = json.dumps([request.service, request.method, request.uri, request.headers, body], separators=(",", ":"))
        os.write(self._file, line.encode() + b"\n")

    def entries(self) -> Iterator[Request]:
        """Yield the writes in their order."""
        return self.read(self._path)

    @staticmethod
    def read(path: Path) -> Iterator[Request]:
        """Yield the writes of a journal that another process may be writing on; none when there is no file."""
        if not path.exists():
            return
        with path.open("rb") as lines:
            for line in lines:
                if line.endswith(b"\n"):
                    service, method, uri, headers, body = json.loads(line)
                    yield Request(service=service, method=method, uri=uri, headers=headers, body=base64.b64decode(body))

    def replay(self, client: Client) -> None:
        """Send every write again; one whose bucket or queue is gone is gone with it."""
        for request in self.entries():
            client.open(request.uri, method=request.method, headers=request.headers, data=request.body)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
