"""AWS Signature Version 4 for a JSON POST: what the ledger needs of an SDK, without its start-up time."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """AWS credentials; only the access key id shows in a repr."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


def sign(
    headers: Mapping[str, str],
    body: bytes,
    *,
    region: str,
    service: str,
    credentials: Credentials,
    now_s: float,
) -> dict[str, str]:
    """Return the headers of a signed ``POST /``.

    Parameters
    ----------
    headers : mapping of str to str
        Lower-case names, ``host`` among them. All are signed.
    body : bytes
        The request's body.
    region, service : str
        The credential scope, such as ``us-east-1`` and ``dynamodb``.
    credentials : Credentials
        Who signs.
    now_s : float
        Unix time in seconds. AWS refuses a signature whose time is more than 5 minutes off.

    Returns
    -------
    dict
        `headers` with ``x-amz-date``, ``authorization`` and, for temporary credentials,
        ``x-amz-security-token``.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s))
    signed = {**headers, "x-amz-date": stamp}
    if credentials.session_token:
        signed["x-amz-security-token"] = credentials.session_token
    names = ";".join(sorted(signed))
    lines = "".join(f"{name}:{' '.join(signed[name].split())}\n" for name in sorted(signed))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    proof = hmac.digest(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
    credential = f"Credential={credentials.access_key}/{scope}"
    signed["authorization"] = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={proof}"
    return signed
