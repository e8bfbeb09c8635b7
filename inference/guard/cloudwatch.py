"""CloudWatch's GetMetricData in its JSON protocol, one connection a Region under one TLS context.

botocore makes a TLS context a client and reads all certificates anew for each connection: for thirteen Regions that was
two thirds of a run's processor time, 5 of its 7 seconds at 128 MB. This is the only call that each run makes to all.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from inference.endpoint import Endpoint, endpoint
from inference.sigv4 import Credentials, sign

if TYPE_CHECKING:
    from collections.abc import Callable

ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL_CLOUDWATCH"
ATTEMPTS: Final = 2
# For the connect and for each read of one attempt.
SOCKET_TIMEOUT_S: Final = 2.0
_TARGET: Final = "GraniteServiceVersion20100801.GetMetricData"
# 17 metrics of 31 values are 20 KB; a page of CloudWatch's greatest, 100,800 values, is some 5 MB.
_MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024


class MetricsError(Exception):
    """Some metrics could not be read."""


@cache
def tls() -> ssl.SSLContext:
    """Return the one TLS context; reading the certificates takes 0.6 s at 128 MB."""
    return ssl.create_default_context()


class CloudWatch:
    """A client for one Region and one run.

    Parameters
    ----------
    region : str
    wall : callable
        Unix seconds, for signatures.
    """

    def __init__(self, region: str, *, wall: Callable[[], float] = time.time) -> None:
        self._region = region
        self._wall = wall
        self._connection: http.client.HTTPConnection | None = None

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        """Ask for one page, once more on a fresh connection when no answer came or the service could not.

        Parameters
        ----------
        **asked : Any
            The operation's members; times in Unix seconds.

        Raises
        ------
        MetricsError
            When no usable answer came.
        """
        url = os.environ.get(ENDPOINT_VARIABLE) or f"https://monitoring.{self._region}.amazonaws.com"
        body = json.dumps(asked).encode()
        reason = ""
        for _ in range(ATTEMPTS):
            try:
                status, answer = self._post(endpoint(url, ENDPOINT_VARIABLE), body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.close()
                reason = type(error).__name__  # only the kind: the text may quote a header
                continue
            if status == http.client.OK:
                return answer
            reason = f"status {status} {str(answer.get('__type', '')).rpartition('#')[2]}"
            if status < http.client.INTERNAL_SERVER_ERROR and "Throttl" not in reason:
                break
        raise MetricsError(f"GetMetricData: {reason}"[:120])

    def close(self) -> None:
        """Hang up; until the next run the other end would have."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _post(self, target: Endpoint, body: bytes) -> tuple[int, dict[str, Any]]:
        headers = {
            "host": target.authority,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": _TARGET,
        }
        signed = sign(
            headers,
            body,
            region=self._region,
            service="monitoring",
            credentials=Credentials(
                access_key=os.environ.get("AWS_ACCESS_KEY_ID", ""),
                secret_key=os.environ.get("AWS_SECRET_ACCESS_KEY", ""),
                session_token=os.environ.get("AWS_SESSION_TOKEN", ""),
            ),
            now_s=self._wall(),
        )
        if self._connection is None:
            self._connection = _connection(target)
        self._connection.request("POST", "/", body=body, headers=signed)
        response = self._connection.getresponse()
        answer = json.loads(response.read(_MAX_ANSWER_BYTES))
        return response.status, answer if isinstance(answer, dict) else {}


def _connection(target: Endpoint) -> http.client.HTTPConnection:
    if not target.secure:
        return target.connect(SOCKET_TIMEOUT_S)
    return http.client.HTTPSConnection(target.host, target.port, timeout=SOCKET_TIMEOUT_S, context=tls())
