"""DynamoDB's JSON protocol over one kept connection: what the ledger needs of an SDK, and no more."""

from __future__ import annotations

import http.client
import json
import os
import time
from typing import TYPE_CHECKING, Any, Final

from inference.endpoint import Endpoint, endpoint
from inference.sigv4 import Credentials, sign

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS: Final = 2
# For the connect and for each read of one attempt.
SOCKET_TIMEOUT_S: Final = 1.0
# While an environment is frozen the other end hangs up unheard: a connection this old is opened anew.
MAX_IDLE_S: Final = 20.0
# DynamoDB's greatest item is 400 KB; what is asked for here is under 2 KB.
_MAX_ANSWER_BYTES: Final = 65_536
_API: Final = "DynamoDB_20120810"
ENDPOINT_VARIABLE: Final = "AWS_ENDPOINT_URL_DYNAMODB"

CONDITION_FAILED: Final = "ConditionalCheckFailedException"


class DynamoDbError(Exception):
    """No usable answer came; the text holds no header and no body.

    Attributes
    ----------
    unheard : bool
        Whether what was asked may have been done all the same.
    """

    def __init__(self, reason: str, *, unheard: bool = False) -> None:
        super().__init__(reason)
        self.unheard = unheard


class ConditionFailedError(Exception):
    """The write's condition was false.

    Attributes
    ----------
    item : dict
        The item as it stood, in DynamoDB's JSON; empty when there was none.
    unheard : bool
        Whether an attempt before this one may have been done.
    """

    def __init__(self, item: dict[str, Any], *, unheard: bool = False) -> None:
        super().__init__(CONDITION_FAILED)
        self.item = item
        self.unheard = unheard


class DynamoDb:
    """A client for one region.

    Parameters
    ----------
    region : str
        The table's region.
    wall, monotonic : callable
        Unix seconds for signatures, monotonic seconds for deadlines.
    """

    def __init__(
        self,
        *,
        region: str,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._region = region
        self._default_url = f"https://dynamodb.{region}.amazonaws.com"
        self._wall = wall
        self._monotonic = monotonic
        self._connection: http.client.HTTPConnection | None = None
        self._used_s = 0.0

    def call(
        self,
        operation: str,
        payload: dict[str, Any],
        *,
        ends_s: float,
        again: dict[str, Any] | None = None,
        attempts: int = ATTEMPTS,
    ) -> dict[str, Any]:
        """Ask once, and once more on a fresh connection when no answer came.

        The second attempt may repeat a write that was already done: the payload has to make that harmless.

        Parameters
        ----------
        operation : str
            Such as ``GetItem``.
        payload : dict
            The operation's JSON.
        ends_s : float
            Monotonic time after which no attempt starts or waits.
        again : dict, optional
            What is sent instead from the second attempt on.
        attempts : int
            How often it is sent at most.

        Raises
        ------
        ConditionFailedError
            When a write's condition was false.
        DynamoDbError
            When no answer came in time, or a refusal.
        """
        try:
            target = endpoint(os.environ.get(ENDPOINT_VARIABLE) or self._default_url, ENDPOINT_VARIABLE)
        except ValueError as error:
            raise DynamoDbError(str(error)) from None
        reason, unheard = "no time left", False
        for attempt in range(attempts):
            body = json.dumps(again if again and attempt else payload).encode()
            left_s = ends_s - self._monotonic()
            if left_s <= 0:
                break
            headers = self._headers(target, operation, body)
            try:
                status, answer = self._post(target, headers, body, min(left_s, SOCKET_TIMEOUT_S))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._close()
                # Only the kind: the text may quote a header.
                reason, unheard = type(error).__name__, True
                continue
            if status == http.client.OK:
                return answer
            kind = str(answer.get("__type", "")).rpartition("#")[2]
            if kind == CONDITION_FAILED:
                item = answer.get("Item")
                raise ConditionFailedError(item if isinstance(item, dict) else {}, unheard=unheard)
            reason = f"status {status} {kind}".strip()
            if status < http.client.INTERNAL_SERVER_ERROR:
                break
            unheard = True
        raise DynamoDbError(f"{operation}: {reason}", unheard=unheard)

    def _headers(self, target: Endpoint, operation: str, body: bytes) -> dict[str, str]:
        headers = {
            "host": target.authority,
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": f"{_API}.{operation}",
        }
        return sign(
            headers,
            body,
            region=self._region,
            service="dynamodb",
            credentials=_credentials(),
            now_s=self._wall(),
        )

    def _post(
        self, target: Endpoint, headers: dict[str, str], body: bytes, timeout_s: float
    ) -> tuple[int, dict[str, Any]]:
        connection = self._open(target, timeout_s)
        connection.request("POST", "/", body=body, headers=headers)
        response = connection.getresponse()
        text = response.read(_MAX_ANSWER_BYTES)
        self._used_s = self._monotonic()
        if not response.isclosed():  # more than it should be: what follows must not be read as the next answer
            self._close()
        answer = json.loads(text)
        return response.status, answer if isinstance(answer, dict) else {}

    def _open(self, target: Endpoint, timeout_s: float) -> http.client.HTTPConnection:
        if self._connection and self._monotonic() - self._used_s > MAX_IDLE_S:
            self._close()
        if self._connection is None:
            self._connection = target.connect(timeout_s)
        elif self._connection.sock:
            self._connection.sock.settimeout(timeout_s)
        self._connection.timeout = timeout_s  # for the case that http.client has to connect again by itself
        return self._connection

    def _close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


def _credentials() -> Credentials:
    """Read AWS's own variables, the only ones that Lambda@Edge has."""
    access_key = os.environ.get("AWS_ACCESS_KEY_ID", "")
    secret_key = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not access_key or not secret_key:
        raise DynamoDbError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set; the runtime sets them")
    return Credentials(
        access_key=access_key,
        secret_key=secret_key,
        session_token=os.environ.get("AWS_SESSION_TOKEN", ""),
    )
