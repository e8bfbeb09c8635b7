"""What the ledger and the model fetch share about HTTP: one client, one clock, one rule about TLS."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

LOOPBACK_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """Where to connect, and for what."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    def connect(self, timeout_s: float) -> http.client.HTTPConnection:
        """Return a connection that opens at its first request.

        Parameters
        ----------
        timeout_s : float
            For the connect and for each read, in seconds.
        """
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout_s)
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout_s)


def endpoint(url: str, key: str) -> Endpoint:
    """Read an address.

    Parameters
    ----------
    url : str
        ``https://..``; ``http://..`` for a loopback host only, where the local edge stands in for TLS.
    key : str
        What holds the address, for the error's text.

    Raises
    ------
    ValueError
        When the address is no such address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"{key}: {url!r} is no URL; expected https://<host>/<path>") from None
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    if not host or parts.username is not None or not (secure or parts.scheme == "http"):
        raise ValueError(f"{key}: {url!r} is no address of a server; expected https://<host>/<path>")
    if not secure and host not in LOOPBACK_HOSTS:
        raise ValueError(f"{key}: {url!r} is not encrypted; http is for {sorted(LOOPBACK_HOSTS)} only, use https")
    return Endpoint(secure=secure, host=host, port=port or (443 if secure else 80), path=parts.path or "/")
