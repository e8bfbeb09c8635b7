"""Problems (RFC 9457) and answers, in the form of a response that a Lambda@Edge function generates."""

from __future__ import annotations

import json
import math
from typing import Any, Final, TypeAlias

from inference.contract import PROBLEM_CONTENT_TYPE

Response: TypeAlias = dict[str, Any]

PROBLEM_TYPE_PREFIX: Final = "urn:edgewise:problem:"
# Status and title by slug: those that the edge function gives. The gate has its own list, in gate/gate.js.
PROBLEMS: Final[dict[str, tuple[int, str]]] = {
    "wrong-size": (400, "The body has the wrong size"),
    "not-found": (404, "There is nothing at this path"),
    "method": (405, "The method is not allowed"),
    "too-large": (413, "The body is too large"),
    "quota": (429, "The quota is used up"),
    "failed": (500, "The request failed"),
    "closed": (503, "The function is closed"),
    "ledger": (503, "The ledger does not answer"),
    "model": (503, "The model is not available"),
}


def response(status: int, content_type: str, body: str, headers: dict[str, str] | None = None) -> Response:
    """Return a response in Lambda@Edge's form.

    Parameters
    ----------
    status : int
        The HTTP status.
    content_type, body : str
        What is answered.
    headers : dict of str to str, optional
        More headers, in their written form. Lambda@Edge answers 502 to one that it does not allow (Connection,
        Content-Length, Transfer-Encoding, Via, X-Amz-Cf-*, X-Edge-* and more): AWS, "Restrictions on edge functions".
    """
    written = {"Content-Type": content_type, "Cache-Control": "no-store", **(headers or {})}
    return {
        "status": str(status),
        "headers": {name.lower(): [{"key": name, "value": value}] for name, value in written.items()},
        "bodyEncoding": "text",
        "body": body,
    }


def problem(slug: str, detail: str, *, retry_after_s: float | None = None, allow: str | None = None) -> Response:
    """Return a problem.

    Parameters
    ----------
    slug : str
        A key of `PROBLEMS`.
    detail : str
        What happened, and what to do.
    retry_after_s : float, optional
        Seconds for the ``Retry-After`` header, rounded up to at least 1.
    allow : str, optional
        The ``Allow`` header of a 405.
    """
    status, title = PROBLEMS[slug]
    headers = {}
    if retry_after_s is not None:
        headers["Retry-After"] = str(max(1, math.ceil(retry_after_s)))
    if allow is not None:
        headers["Allow"] = allow
    members = {"type": PROBLEM_TYPE_PREFIX + slug, "title": title, "status": status, "detail": detail}
    return response(status, PROBLEM_CONTENT_TYPE, json.dumps(members), headers)
