"""The origin: a private bucket, read with a signature as origin access control does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote

import aiohttp
from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped]  # botocore ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # botocore ships no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # botocore ships no types
from multidict import CIMultiDict

from edgewise.local.cdn.pages import Reply, error_page, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edgewise.local.cdn.event import ViewerRequest
    from edgewise.local.stack.model import Bucket, Distribution, Origin

REGION: Final = "us-east-1"
# CloudFront Developer Guide, "Origin response timeout": 30 s.
READ_TIMEOUT_S: Final = 30.0
ATTEMPTS: Final = 3  # GET and HEAD, "Origin connection attempts"
READ_METHODS: Final = ("GET", "HEAD")
# Set by moto's web server or by the connection, not by S3.
_DROPPED: Final = frozenset({"server", "date", "connection", "content-length", "transfer-encoding", "x-amzn-requestid"})
_DENIED: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)


@dataclass(kw_only=True, eq=False, slots=True)
class S3Origin:
    """Reads objects from the buckets of a stack."""

    base_url: str
    buckets: Mapping[str, Bucket]
    session: aiohttp.ClientSession

    async def fetch(
        self, request: ViewerRequest, distribution: Distribution, origin: Origin, *, headers: CIMultiDict[str]
    ) -> Reply:
        """Fetch an object; what CloudFront would answer when it can't be had.

        Parameters
        ----------
        request : ViewerRequest
            Its method and uri count.
        distribution, origin : Distribution, Origin
            Who asks, and where.
        headers : CIMultiDict
            What goes to the origin; conditional and range headers are passed on.
        """
        bucket = self.buckets[origin.domain_name]
        path = unquote(origin.origin_path + request.uri)
        allowed = origin.signed and bucket.readable(distribution.arn, path.removeprefix("/"))
        # The bucket's policy grants s3:GetObject and no more: a request that slips past the function
        # can't write, and without s3:ListBucket a missing object looks like a forbidden one.
        if not allowed or request.method not in READ_METHODS:
            return _denied()
        url = f"{self.base_url}/{bucket.name}{quote(path)}"
        for attempt in range(ATTEMPTS):
            try:
                return await self._get(request.method, url, headers)
            except (aiohttp.ClientError, TimeoutError, ConnectionError):
                await asyncio.sleep(0.05 * attempt)
        return error_page(
            502, "We can't connect to the server for this app or website at this time.", request_id=request.request_id
        )

    async def _get(self, method: str, url: str, headers: CIMultiDict[str]) -> Reply:
        signed = AWSRequest(method=method, url=url, headers=_passed_on(headers))
        S3SigV4Auth(Credentials("local", "local"), "s3", REGION).add_auth(signed)
        timeout = aiohttp.ClientTimeout(total=READ_TIMEOUT_S)
        async with self.session.request(method, url, headers=dict(signed.headers), timeout=timeout) as answer:
            body = await answer.read()
            if answer.status == 404:
                return _denied()
            kept = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _DROPPED)
            kept["Server"] = "AmazonS3"
            if method == "HEAD" and "Content-Length" in answer.headers:
                kept["Content-Length"] = answer.headers["Content-Length"]
            return Reply(status=answer.status, headers=kept, body=body, reason=phrase(answer.status))


def _passed_on(headers: CIMultiDict[str]) -> dict[str, str]:
    names = ("If-None-Match", "If-Modified-Since")
    return {name: headers[name] for name in names if name in headers}


def _denied() -> Reply:
    headers = CIMultiDict({"Content-Type": "application/xml", "Server": "AmazonS3"})
    return Reply(status=403, headers=headers, body=_DENIED, reason="Forbidden", x_cache="Error from cloudfront")
