"""AWS's own APIs that the gateway answers, below the admin port: CloudFront's, and its key-value stores'."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aiohttp import web

from edgewise.local.gate.storeapi import USER

if TYPE_CHECKING:
    from edgewise.local.cdn.cloudfrontapi import CloudFrontApi
    from edgewise.local.gate.storeapi import StoreApi

STORES_PATH: Final = "/aws/cloudfront-keyvaluestore"
CLOUDFRONT_PATH: Final = "/aws/cloudfront"
# Any signature will do: no identity is evaluated on one machine.
_SIGNED: Final = "AWS4-"
_BODY_BYTES: Final = 1024 * 1024


def endpoints(admin_url: str) -> dict[str, str]:
    """Return the variables by which botocore finds these APIs.

    Parameters
    ----------
    admin_url : str
        The admin port's base URL.

    Examples
    --------
    >>> endpoints("http://127.0.0.1:8080")["AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE"]
    'http://kvs@127.0.0.1:8080/aws/cloudfront-keyvaluestore'
    """
    scheme, _, authority = admin_url.rstrip("/").partition("://")
    return {
        "AWS_ENDPOINT_URL_CLOUDFRONT": f"{scheme}://{authority}{CLOUDFRONT_PATH}",
        "AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE": f"{scheme}://{USER}@{authority}{STORES_PATH}",
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsApi:
    """Both APIs behind one check: a request must be signed, by whomever."""

    stores: StoreApi
    cloudfront: CloudFrontApi

    async def answer(self, request: web.BaseRequest) -> web.Response:
        """Answer one call."""
        if not request.headers.get("Authorization", "").startswith(_SIGNED):
            return web.json_response({"Message": "the request is not signed with AWS Signature Version 4"}, status=403)
        if (request.content_length or 0) > _BODY_BYTES:
            return web.json_response({"Message": f"a body may have {_BODY_BYTES} bytes"}, status=413)
        body = await request.read()
        path = request.raw_path
        if path.startswith(f"{STORES_PATH}/"):
            return self.stores.answer(request.method, path.removeprefix(STORES_PATH), request.headers, body)
        path = path.partition("?")[0]
        return self.cloudfront.answer(request.method, path.removeprefix(CLOUDFRONT_PATH), request.headers, body)
