"""The key-value store's own API (service ``cloudfront-keyvaluestore``), as botocore calls it.

Shapes, names and status codes: botocore's ``service-2.json`` of 2022-07-26.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from aiohttp import web

from edgewise.local.gate.store import StoreFullError, Stores, size

if TYPE_CHECKING:
    from collections.abc import Callable

# The host that the API is asked at is `<account>.<endpoint>`: botocore writes the account before an endpoint
# that it is told, and `<account>.127.0.0.1` is nobody. Before a user name it does no harm.
USER: Final = "kvs"
STATUSES: Final[Mapping[str, int]] = {
    "ConflictException": 409,
    "ValidationException": 400,
    "ResourceNotFoundException": 404,
    "AccessDeniedException": 403,
    "ServiceQuotaExceededException": 402,
}
# CloudFront Developer Guide, "Quotas": keys in one UpdateKeys call. The model: results of one ListKeys call.
MAX_UPDATES: Final = 50
DEFAULT_RESULTS: Final = 10
MAX_RESULTS: Final = 50
# What the API counts as the time of the store's creation; a stand-in knows none.
_CREATED_S: Final = 1_577_836_800


class StoreApiError(Exception):
    """An error in the service's own words."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(kw_only=True, eq=False, slots=True)
class StoreApi:
    """Answers DescribeKeyValueStore, GetKey, ListKeys, PutKey, DeleteKey and UpdateKeys.

    Attributes
    ----------
    stores : Stores
    conflicts : int
        So many of the next writes are answered with a conflict.
    """

    stores: Stores
    conflicts: int = 0

    def answer(self, method: str, raw_path: str, headers: Mapping[str, str], body: bytes) -> web.Response:
        """Answer one call.

        Parameters
        ----------
        method, raw_path : str
            The path below the service's endpoint, as it was sent, query string and all.
        headers : Mapping
            ``If-Match`` counts.
        body : bytes
            JSON, where the call has some.
        """
        try:
            return self._answer(method, raw_path, headers, body)
        except StoreApiError as error:
            content = json.dumps({"Message": str(error)})
            kind = {"x-amzn-errortype": error.name}
            return web.Response(
                status=STATUSES[error.name], text=content, headers=kind, content_type="application/json"
            )

    def _answer(self, method: str, raw_path: str, headers: Mapping[str, str], body: bytes) -> web.Response:
        url = urlsplit(raw_path)
        parts = [unquote(part) for part in url.path.strip("/").split("/")]
        if parts[0] != "key-value-stores" or len(parts) < 2:
            raise StoreApiError("ValidationException", f"{method} {url.path} is not a call of this service")
        arn = parts[1]
        if arn not in self.stores.stores:
            raise StoreApiError("ResourceNotFoundException", f"there is no key-value store {arn}")
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        calls: dict[tuple[str, int], Callable[[], web.Response]] = {
            ("GET", 2): lambda: self._describe(arn),
            ("GET", 3): lambda: self._list(arn, query),
            ("POST", 3): lambda: self._update(arn, headers, _json(body)),
            ("GET", 4): lambda: self._get(arn, parts[3]),
            ("PUT", 4): lambda: self._write(arn, headers, {parts[3]: _text(_json(body), "Value")}),
            ("DELETE", 4): lambda: self._write(arn, headers, {parts[3]: None}),
        }
        call = calls.get((method, len(parts))) if parts[2:3] in ([], ["keys"]) else None
        if call is None:
            raise StoreApiError("ValidationException", f"{method} {url.path} is not a call of this service")
        return call()

    def _describe(self, arn: str) -> web.Response:
        about = {"KvsARN": arn, "Created": _CREATED_S, "LastModified": self.stores.modified(arn), "Status": "READY"}
        return self._said(arn, about, etag=True)

    def _get(self, arn: str, key: str) -> web.Response:
        values = self.stores.values(arn)
        if key not in values:
            raise StoreApiError("ResourceNotFoundException", f"there is no key {key!r}")
        return self._said(arn, {"Key": key, "Value": values[key]}, etag=False)

    def _list(self, arn: str, query: Mapping[str, str]) -> web.Response:
        most, token = query.get("MaxResults", str(DEFAULT_RESULTS)), query.get("NextToken", "0")
        if not most.isdecimal() or not 1 <= int(most) <= MAX_RESULTS:
            raise StoreApiError("ValidationException", f"MaxResults is {most!r}, it must be from 1 to {MAX_RESULTS}")
        if not token.isdecimal():
            raise StoreApiError("ValidationException", f"NextToken {token!r} is none that was given out")
        items = sorted(self.stores.values(arn).items())
        end = int(token) + int(most)
        answer: dict[str, object] = {"Items": [{"Key": key, "Value": value} for key, value in items[int(token) : end]]}
        if end < len(items):
            answer["NextToken"] = str(end)
        return web.json_response(answer)

    def _update(self, arn: str, headers: Mapping[str, str], change: Mapping[str, object]) -> web.Response:
        puts, deletes = change.get("Puts") or [], change.get("Deletes") or []
        assert isinstance(puts, list)
        assert isinstance(deletes, list)
        if not 1 <= len(puts) + len(deletes) <= MAX_UPDATES:
            count = len(puts) + len(deletes)
            raise StoreApiError("ValidationException", f"{count} changes, one call takes 1 to {MAX_UPDATES}")
        values: dict[str, str | None] = {_text(put, "Key"): _text(put, "Value") for put in puts}
        values |= {_text(delete, "Key"): None for delete in deletes}
        if len(values) != len(puts) + len(deletes):
            raise StoreApiError("ValidationException", "a key stands in more than one change")
        return self._write(arn, headers, values)

    def _write(self, arn: str, headers: Mapping[str, str], values: Mapping[str, str | None]) -> web.Response:
        expected = headers.get("If-Match")
        if not expected:
            raise StoreApiError("ValidationException", "If-Match is missing: the ETag of DescribeKeyValueStore")
        if self.conflicts:
            self.conflicts -= 1
            raise StoreApiError("ConflictException", "the store is being changed; planted by the local edge")
        if expected != self.stores.etag(arn):
            raise StoreApiError("ConflictException", f"If-Match is {expected}, the store's ETag is another one")
        held = self.stores.values(arn)
        for key in [key for key, value in values.items() if value is None and key not in held]:
            raise StoreApiError("ResourceNotFoundException", f"there is no key {key!r}")
        try:
            self.stores.change_all(arn, values)
        except StoreFullError as error:
            raise StoreApiError("ServiceQuotaExceededException", str(error)) from error
        except ValueError as error:
            raise StoreApiError("ValidationException", str(error)) from error
        return self._said(arn, {}, etag=True)

    def _said(self, arn: str, content: Mapping[str, object], *, etag: bool) -> web.Response:
        values = self.stores.values(arn)
        told = {**content, "ItemCount": len(values), "TotalSizeInBytes": size(values)}
        return web.json_response(told, headers={"ETag": self.stores.etag(arn)} if etag else {})


def _json(body: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise StoreApiError("ValidationException", "the body is no JSON") from error
    if not isinstance(content, Mapping):
        raise StoreApiError("ValidationException", "the body is no JSON object")
    return content


def _text(content: Mapping[str, object], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str):
        raise StoreApiError("ValidationException", f"{name} must be text")
    return value
