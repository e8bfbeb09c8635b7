"""Fetch a model by its digest: verified before use, kept in memory only, never half used."""

from __future__ import annotations

import hashlib
import http.client
import time
from typing import TYPE_CHECKING, Final

from inference.contract import DIGEST, FETCH_TOKEN_HEADER
from inference.endpoint import Endpoint, endpoint

if TYPE_CHECKING:
    from collections.abc import Callable

ATTEMPTS: Final = 2
# For the connect and for each read.
SOCKET_TIMEOUT_S: Final = 1.0
# For all attempts together, so that the answer "no model" still fits into a function's timeout of 3 s.
DEADLINE_S: Final = 2.0
# Nothing larger is a model of this platform, and a wrong origin must not fill the environment's memory.
MAX_MODEL_BYTES: Final = 64_000_000
_CHUNK_BYTES: Final = 262_144


class ArtefactError(Exception):
    """The model can't be had; the text says why, without the fetch token."""


def fetch(
    url: str, *, digest: str, token: str, deadline_s: float = DEADLINE_S, clock: Callable[[], float] = time.monotonic
) -> bytes:
    """Return the bytes of the model, verified.

    Parameters
    ----------
    url : str
        The model's address: https, or http on a loopback host.
    digest : str
        ``sha256:`` and 64 hexadecimal digits: what the bytes must hash to.
    token : str
        The fetch token, sent as ``x-edgewise-fetch``.
    deadline_s : float
        Seconds for all attempts together.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    ArtefactError
        When no attempt brought the very bytes in time.
    """
    if not DIGEST.fullmatch(digest):
        raise ArtefactError(f"model_digest {digest!r}: expected 'sha256:' and 64 hexadecimal digits")
    try:
        source = endpoint(url, "model_url")
    except ValueError as error:
        raise ArtefactError(str(error)) from None
    ends = clock() + deadline_s
    reasons: list[str] = []
    while len(reasons) < ATTEMPTS and clock() < ends:
        try:
            return _attempt(source, digest=digest, token=token, ends=ends, clock=clock)
        except ArtefactError as error:
            reasons.append(str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            # Only the kind: an error's text may quote the header that was sent.
            reasons.append(type(error).__name__)
    raise ArtefactError(f"model {digest[:19]}: {'; '.join(reasons) or 'no time left'}")


def _attempt(source: Endpoint, *, digest: str, token: str, ends: float, clock: Callable[[], float]) -> bytes:
    connection = source.connect(min(SOCKET_TIMEOUT_S, max(ends - clock(), 0.001)))
    try:
        connection.request("GET", source.path, headers={FETCH_TOKEN_HEADER: token})
        response = connection.getresponse()
        if response.status != http.client.OK:
            raise ArtefactError(f"status {response.status}")
        body = _read(response, ends=ends, clock=clock)
    finally:
        connection.close()
    found = "sha256:" + hashlib.sha256(body).hexdigest()
    if found != digest:
        raise ArtefactError(f"{len(body)} bytes have the digest {found[:19]}")
    return body


def _read(response: http.client.HTTPResponse, *, ends: float, clock: Callable[[], float]) -> bytes:
    """Read to the end, but no longer than the deadline: a slow drip never trips a socket's timeout."""
    body = bytearray()
    while chunk := response.read1(_CHUNK_BYTES):
        body += chunk
        if len(body) > MAX_MODEL_BYTES:
            raise ArtefactError(f"more than {MAX_MODEL_BYTES} bytes")
        if clock() > ends:
            raise ArtefactError(f"the deadline passed after {len(body)} bytes")
    expected = response.length
    if expected:
        raise ArtefactError(f"{len(body)} bytes came, {expected} are missing")
    return bytes(body)
