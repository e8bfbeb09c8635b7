"""Which headers pass: from the viewer to functions and origin, and back."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Final

from multidict import CIMultiDict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from edgewise.local.stack.model import OriginRequestPolicy, ResponseHeadersPolicy

# CloudFront Developer Guide, "Restrictions on all edge functions": disallowed headers. They are not shown
# to functions, and a function that adds one makes a 502.
DISALLOWED: Final = frozenset(
    {
        "client-cert",
        "client-cert-chain",
        "cloudfront-viewer-cert-pem",
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "trailer",
        "upgrade",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    }
)
DISALLOWED_PREFIXES: Final = ("x-accel-", "x-amz-cf-", "x-amzn-", "x-edge-")
# The same page: read-only headers in viewer request events.
GATE_READ_ONLY: Final = frozenset({"cdn-loop", "content-length", "host", "transfer-encoding", "via"})
# The same page, read-only in origin request events; these three would also contradict the body.
ANSWER_READ_ONLY: Final = frozenset({"content-length", "transfer-encoding", "via"})

USER_AGENT: Final = "Amazon CloudFront"
VIA_HOST: Final = "local"


def is_disallowed(name: str) -> bool:
    """Tell whether an edge function may neither see nor set a header; `name` in lower case."""
    return name in DISALLOWED or name.startswith(DISALLOWED_PREFIXES)


def request_id() -> str:
    """Return a request's id in CloudFront's form: 56 characters, unpredictable."""
    return urlsafe_b64encode(secrets.token_bytes(41)).decode()


def size(headers: CIMultiDict[str]) -> int:
    """Return what headers have in bytes, each on a line of its own."""
    return sum(len(name) + len(value) + 4 for name, value in headers.items())


def via(domain_name: str) -> str:
    """Return the ``Via`` value that a distribution adds."""
    return f"1.1 {domain_name.split('.', 1)[0]}.cloudfront.net (CloudFront)"


def to_origin(
    viewer: CIMultiDict[str],
    *,
    policy: OriginRequestPolicy,
    encodings: bool,
    origin_host: str,
    viewer_host: str,
    client_ip: str,
    domain_name: str,
    body: bool,
) -> CIMultiDict[str]:
    """Return the headers of a request to an origin, which are also what an origin-request function sees.

    What CloudFront sends by itself comes first; of the viewer's own headers only what the policies name.
    AWS documents for requests with a body that some more may pass (``Content-Type``); a function must not
    count on them, so they are left out here.
    """
    headers: CIMultiDict[str] = CIMultiDict()
    if policy.viewer_headers:
        for name, value in viewer.items():
            lower = name.lower()
            if not is_disallowed(lower) and lower not in ("host", "cookie", "te", "transfer-encoding"):
                headers.add(name, value)
    if policy.cookies and "Cookie" in viewer:
        headers["Cookie"] = viewer["Cookie"]
    headers["Host"] = viewer_host if policy.host_header else origin_host
    if not policy.viewer_headers:
        headers["User-Agent"] = USER_AGENT
    if body and "Content-Length" in viewer:
        headers["Content-Length"] = viewer["Content-Length"]
    if encodings and (accepted := normalised_encoding(viewer.get("Accept-Encoding", ""))):
        headers["Accept-Encoding"] = accepted
    forwarded = ",".join([*viewer.getall("X-Forwarded-For", []), client_ip])
    headers["X-Forwarded-For"] = forwarded
    headers["Via"] = via(domain_name)
    return headers


def normalised_encoding(value: str) -> str:
    """Return what CloudFront makes of ``Accept-Encoding``: br and gzip where the viewer takes them."""
    offered = {part.split(";")[0].strip().lower() for part in value.split(",")}
    return ",".join(encoding for encoding in ("br", "gzip") if encoding in offered)


def apply_policy(headers: CIMultiDict[str], policy: ResponseHeadersPolicy) -> None:
    """Add and remove what a response headers policy says."""
    for name in policy.removes:
        headers.popall(name, None)
    for header in policy.sets:
        if header.override or header.name not in headers:
            headers[header.name] = header.value


def capitalised(name: str) -> str:
    """Spell a header's name as edge functions' names are sent: each word with a capital letter."""
    return "-".join(word[:1].upper() + word[1:] for word in name.split("-"))


def from_lists(headers: Mapping[str, Iterable[Mapping[str, str]]]) -> CIMultiDict[str]:
    """Read headers in Lambda@Edge's form, ``{lower-case name: [{key, value}]}``.

    Raises
    ------
    ValueError
        For a form that CloudFront does not accept.
    """
    result: CIMultiDict[str] = CIMultiDict()
    for name, entries in headers.items():
        for entry in entries:
            key, value = entry.get("key") or capitalised(name), entry.get("value")
            if name != name.lower() or key.lower() != name:
                raise ValueError(f"header {name!r}: the name must be in lower case and fit its key {key!r}")
            add_checked(result, key, value, read_only=ANSWER_READ_ONLY)
    return result


def add_checked(headers: CIMultiDict[str], key: str, value: object, *, read_only: frozenset[str]) -> None:
    """Add a header that a function set.

    Raises
    ------
    ValueError
        When it is disallowed, read-only, or no header at all.
    """
    if not isinstance(value, str) or any(character in value or character in key for character in "\r\n\0"):
        raise ValueError(f"header {key!r}: its value must be one line of text")
    if not key or is_disallowed(key.lower()) or key.lower() in read_only:
        raise ValueError(f"header {key!r}: a function may not set it")
    headers.add(key, value)


def to_lists(headers: CIMultiDict[str]) -> dict[str, list[dict[str, str]]]:
    """Write headers in Lambda@Edge's form, leaving out what functions do not see."""
    result: dict[str, list[dict[str, str]]] = {}
    for name, value in headers.items():
        if not is_disallowed(name.lower()):
            result.setdefault(name.lower(), []).append({"key": name, "value": value})
    return result
