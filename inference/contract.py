"""The contract between a device and the edge: paths, headers, limits, signatures and problems.

Standard library only: it is part of the edge function's zip, where each import costs start-up time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import Final

FUNCTION_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]")
DEVICE_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
KEY_ID: Final = re.compile(r"[a-z0-9]{1,8}")
DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")

REQUEST_CONTENT_TYPE: Final = "application/octet-stream"
PROBLEM_CONTENT_TYPE: Final = "application/problem+json"
AUTHORIZATION_SCHEME: Final = "Edgewise"
FETCH_TOKEN_HEADER: Final = "x-edgewise-fetch"
RECEIPT_HEADER: Final = "X-Edgewise-Receipt"

MAX_EXPIRY_AHEAD_S: Final = 300

# Lambda@Edge hands an origin-request function at most 1 MB of the body and cuts the rest off:
# AWS, Amazon CloudFront Developer Guide, "Restrictions on Lambda@Edge".
MAX_REQUEST_BYTES: Final = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class InferencePath:
    """The two names in ``/v1/<function>/<device-id>``."""

    function: str
    device_id: str


def parse_path(path: str) -> InferencePath | None:
    """Read an inference path.

    Parameters
    ----------
    path : str
        The request's path, without a query string.

    Returns
    -------
    InferencePath or None
        None when the path is not exactly ``/v1/<function>/<device-id>``.
    """
    parts = path.split("/")
    if len(parts) != 4 or parts[:2] != ["", "v1"]:
        return None
    function, device_id = parts[2:]
    if not FUNCTION_NAME.fullmatch(function) or not DEVICE_ID.fullmatch(device_id):
        return None
    return InferencePath(function=function, device_id=device_id)


def inference_path(function: str, device_id: str) -> str:
    """Return ``/v1/<function>/<device-id>``."""
    return f"/v1/{function}/{device_id}"


def model_path(digest: str) -> str:
    """Return the path of a model in the cache, ``/models/<hex digest>.onnx``.

    Raises
    ------
    ValueError
        When the digest is not ``sha256:`` and 64 hexadecimal digits.
    """
    if not DIGEST.fullmatch(digest):
        raise ValueError(f"digest {digest!r}: expected 'sha256:' and 64 hexadecimal digits")
    return f"/models/{digest.removeprefix('sha256:')}.onnx"


def device_key(master_key: str, device_id: str) -> str:
    """Derive a device's signing key: hex HMAC-SHA256 of the device id under a function's master key.

    Parameters
    ----------
    master_key : str
        The function's key, as text (64 hexadecimal digits). It is used as ASCII text, not decoded:
        CloudFront Functions document string keys for ``crypto.createHmac``.
    device_id : str
        The device's id, as it stands in the path.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return hmac.new(master_key.encode(), device_id.encode(), hashlib.sha256).hexdigest()


def signature(key: str, *, kid: str, function: str, device_id: str, expires: int) -> str:
    r"""Return the hex HMAC-SHA256 of ``"<kid>\n<function>\n<device-id>\n<expires>"`` under a device key."""
    message = f"{kid}\n{function}\n{device_id}\n{expires}"
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def authorization(key: str, *, kid: str, function: str, device_id: str, expires: int) -> str:
    """Return the ``Authorization`` header ``Edgewise <kid>.<expires>.<hex signature>``.

    Parameters
    ----------
    key : str
        The device's key, see `device_key`.
    kid : str
        Which of the function's master keys the device's key comes from.
    function, device_id : str
        The names in the request's path.
    expires : int
        Unix time in seconds, at most `MAX_EXPIRY_AHEAD_S` ahead of the server's clock.
    """
    proof = signature(key, kid=kid, function=function, device_id=device_id, expires=expires)
    return f"{AUTHORIZATION_SCHEME} {kid}.{expires}.{proof}"
