from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth  # type: ignore[import-untyped]  # it ships no types
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # it ships no types

from inference.settle import aws, store
from tests.unit.settle.world import MIDNIGHT_S, STORE, Cloud


def no_pause(_: float) -> None:
    return None


def test_it_closes() -> None:
    cloud = Cloud()
    assert store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)
    assert cloud.values == {"closed_until": str(MIDNIGHT_S)}


@pytest.mark.parametrize("value", [str(MIDNIGHT_S), str(MIDNIGHT_S + 1), "253402300800", "never", ""])
def test_it_never_lowers_a_later_time_nor_what_the_gate_takes_for_closed(value: str) -> None:
    cloud = Cloud()
    cloud.values["closed_until"] = value
    assert not store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)
    assert cloud.values["closed_until"] == value


def test_a_store_without_the_key_is_closed_and_stays_so() -> None:
    cloud = Cloud()
    del cloud.values["closed_until"]
    assert not store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)
    assert cloud.values == {}


def test_five_conflicts_and_it_closes_six_and_it_says_so() -> None:
    pauses: list[float] = []
    cloud = Cloud()
    cloud.faults.refuse["PutKey"] = ["ConflictException"] * 3 + ["PreconditionFailed"] * 2
    assert store.close(cloud, STORE, MIDNIGHT_S, pause=pauses.append)
    assert len(cloud.faults.calls) == store.ATTEMPTS * store.CALLS_PER_ATTEMPT
    assert len(pauses) == 5 and all(0 < pause <= 0.8 for pause in pauses) and sum(pauses) < 2
    cloud.values["closed_until"] = "0"
    cloud.faults.refuse["PutKey"] = ["ConflictException"] * 6
    with pytest.raises(store.StoreConflictError, match="6 attempts"):
        store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)


def test_another_writer_in_between_is_not_overwritten() -> None:
    # GIVEN somebody who stops the function between our reading and our writing
    cloud = Cloud()
    put = cloud.put_key

    def stopped_meanwhile(**asked: Any) -> None:
        if cloud.etag == 1:
            cloud.values["closed_until"] = "253402300800"
            cloud.etag += 1
        put(**asked)

    cloud.put_key = stopped_meanwhile  # type: ignore[method-assign]  # a writer of its own
    # WHEN we close until midnight, THEN the stop stays
    assert not store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)
    assert cloud.values["closed_until"] == "253402300800"


def test_another_refusal_is_no_conflict() -> None:
    cloud = Cloud()
    cloud.faults.refuse["Describe"] = ["AccessDeniedException"]
    with pytest.raises(ClientError, match="AccessDenied"):
        store.close(cloud, STORE, MIDNIGHT_S, pause=no_pause)
    assert cloud.faults.calls == ["Describe"]


@contextmanager
def served(cloud: Cloud) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The store's data plane over HTTP, as the service's model describes it."""
    seen: list[tuple[str, str, str]] = []

    class Plane(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            return None

        def _answer(self, act: Callable[[], tuple[dict[str, Any], dict[str, str]]]) -> None:
            seen.append((self.command, self.path, self.headers.get("Host", "")))
            status = 200
            try:
                body, headers = act()
            except ClientError as error:
                code = aws.error_code(error)
                status = {"ConflictException": 409, "ResourceNotFoundException": 404}[code]
                body, headers = {"Message": "m"}, {"x-amzn-ErrorType": code}
            text = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def do_GET(self) -> None:
            def describe() -> tuple[dict[str, Any], dict[str, str]]:
                answer = cloud.describe_key_value_store(KvsARN=STORE)
                return {"KvsARN": STORE, "ItemCount": 1, "TotalSizeInBytes": 9, "Created": 1}, {"ETag": answer["ETag"]}

            def get() -> tuple[dict[str, Any], dict[str, str]]:
                answer = cloud.get_key(KvsARN=STORE, Key="closed_until")
                return {"Key": "closed_until", "ItemCount": 1, "TotalSizeInBytes": 9, **answer}, {}

            self._answer(get if "/keys/" in self.path else describe)

        def do_PUT(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))

            def put() -> tuple[dict[str, Any], dict[str, str]]:
                cloud.put_key(KvsARN=STORE, Key="closed_until", Value=told["Value"], IfMatch=self.headers["If-Match"])
                return {"ItemCount": 1, "TotalSizeInBytes": 9}, {"ETag": str(cloud.etag)}

            self._answer(put)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Plane)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://kvs@127.0.0.1:{server.server_address[1]}/aws/cloudfront-keyvaluestore", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    # SigV4A needs awscrt, which only the zip has: here the calls are signed with SigV4.
    monkeypatch.setitem(AUTH_TYPE_MAPS, "v4a", SigV4Auth)
    aws.session.cache_clear()


@pytest.mark.usefixtures("credentials")
def test_the_real_client_speaks_to_a_host_of_ours_by_the_address_that_survives_the_account(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # GIVEN the store behind a host that knows no name with an account before it (docs/gotchas.md), and one conflict
    cloud = Cloud()
    cloud.faults.refuse["PutKey"] = ["ConflictException"]
    with served(cloud) as (url, seen):
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE", url)
        # WHEN
        assert store.close(aws.store_client(), STORE, MIDNIGHT_S, pause=no_pause)
    # THEN
    assert cloud.values["closed_until"] == str(MIDNIGHT_S)
    assert {host for _, _, host in seen} == {url.split("@")[1].split("/")[0]}
    assert [method for method, _, _ in seen] == ["GET", "GET", "PUT"] * 2


@pytest.mark.usefixtures("credentials")
def test_the_account_stays_before_aws_own_host() -> None:
    client = aws.store_client()
    seen: list[str] = []

    class SeenError(Exception):
        pass

    def look(request: Any, **_: Any) -> None:
        seen.append(request.url)
        raise SeenError

    client.meta.events.register("before-send", look)
    with pytest.raises(SeenError):
        client.describe_key_value_store(KvsARN=STORE)
    assert seen[0].startswith("https://000000000000.cloudfront-kvs.global.api.aws/key-value-stores/")
