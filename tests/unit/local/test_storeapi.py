"""The key-value store's own API, called by botocore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from botocore.exceptions import ClientError  # type: ignore[import-untyped]  # botocore ships no types

from edgewise.local.stack.state import parse_state
from tests.edge.handmade import STORE_ARN, HandmadeStack
from tests.unit.local.served import Served

SERVICE = "cloudfront-keyvaluestore"
UNKNOWN = STORE_ARN.replace("00000000-0000-4000", "11111111-0000-4000")


@pytest.fixture
async def served(handmade: HandmadeStack, tmp_path: Path) -> AsyncIterator[Served]:
    async with Served(parse_state(handmade.state(), project=tmp_path), tmp_path).running() as running:
        yield running


async def call(served: Served, name: str, **told: Any) -> dict[str, Any]:
    """Make one call of a fresh client, in a thread."""

    def work() -> dict[str, Any]:
        answer: dict[str, Any] = getattr(served.client(SERVICE), name)(**{"KvsARN": STORE_ARN, **told})
        return answer

    return await asyncio.to_thread(work)


async def refused(served: Served, name: str, **told: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        await call(served, name, **told)
    response = error.value.response
    assert response["Error"]["Message"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


async def etag(served: Served) -> str:
    return str((await call(served, "describe_key_value_store"))["ETag"])


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def test_describe_and_get(served: Served, handmade: HandmadeStack) -> None:
    about = await call(served, "describe_key_value_store")
    value = await call(served, "get_key", Key="key:k1")

    assert (about["ItemCount"], about["KvsARN"], about["Status"]) == (3, STORE_ARN, "READY")
    assert about["TotalSizeInBytes"] == value["TotalSizeInBytes"]
    assert value["Value"] == handmade.keys["k1"]


async def test_put_is_seen_by_the_api_at_once_and_by_the_gates_after_the_propagation(served: Served) -> None:
    # GIVEN gates that are told, and a propagation that is longer than this test
    seen: list[Mapping[str, str]] = []
    served.stores.publish = lambda _arn, values: seen.append(values)
    await served.ask("PUT", "/stores-propagation", {"seconds": 3600})
    before = await etag(served)

    # WHEN a key is put
    answer = await call(served, "put_key", Key="closed_until", Value="99", IfMatch=before)

    # THEN the API knows it, under another ETag, and the gates do not
    assert answer["ETag"] not in ("", before)
    assert answer["ETag"] == await etag(served)
    assert (await call(served, "get_key", Key="closed_until"))["Value"] == "99"
    assert seen == []

    # AND with a short one the gates see a later write
    await served.ask("PUT", "/stores-propagation", {"seconds": 0.01})
    await call(served, "put_key", Key="closed_until", Value="100", IfMatch=answer["ETag"])
    await until(lambda: bool(seen))
    assert seen[-1]["closed_until"] == "100"


async def test_an_old_etag_is_a_conflict_and_writes_nothing(served: Served) -> None:
    before = await etag(served)
    await call(served, "put_key", Key="a", Value="1", IfMatch=before)

    assert await refused(served, "put_key", Key="a", Value="2", IfMatch=before) == ("ConflictException", 409)
    assert await refused(served, "delete_key", Key="a", IfMatch=before) == ("ConflictException", 409)
    assert (await call(served, "get_key", Key="a"))["Value"] == "1"


async def test_planted_conflicts_end(served: Served) -> None:
    # GIVEN a store that answers 409 two times
    await served.ask("PUT", "/stores-conflicts", {"count": 2})
    current = await etag(served)

    # THEN the third write with the right ETag is taken
    for _ in range(2):
        assert await refused(served, "put_key", Key="a", Value="1", IfMatch=current) == ("ConflictException", 409)
    await call(served, "put_key", Key="a", Value="1", IfMatch=current)
    assert (await call(served, "get_key", Key="a"))["Value"] == "1"


async def test_what_is_not_there(served: Served) -> None:
    missing = ("ResourceNotFoundException", 404)

    assert await refused(served, "get_key", Key="no such key") == missing
    assert await refused(served, "delete_key", Key="no such key", IfMatch=await etag(served)) == missing
    assert await refused(served, "describe_key_value_store", KvsARN=UNKNOWN) == missing


async def test_limits(served: Served) -> None:
    invalid = ("ValidationException", 400)
    current = await etag(served)
    too_many = [{"Key": f"k{number}", "Value": "v"} for number in range(51)]

    assert await refused(served, "put_key", Key="k" * 513, Value="v", IfMatch=current) == invalid
    assert await refused(served, "put_key", Key="k", Value="v" * 1025, IfMatch=current) == invalid
    assert await refused(served, "update_keys", Puts=too_many, IfMatch=current) == invalid
    assert await refused(served, "update_keys", IfMatch=current) == invalid
    assert await etag(served) == current


async def test_several_keys_change_as_one(served: Served) -> None:
    seen: list[Mapping[str, str]] = []
    served.stores.publish = lambda _arn, values: seen.append(values)
    served.stores.propagation_s = 0.01

    puts, deletes = [{"Key": "a/b c", "Value": "1"}, {"Key": "é", "Value": "2"}], [{"Key": "key:k1"}]
    answer = await call(served, "update_keys", Puts=puts, Deletes=deletes, IfMatch=await etag(served))

    assert answer["ItemCount"] == 4
    assert (await call(served, "get_key", Key="a/b c"))["Value"] == "1"
    assert await refused(served, "get_key", Key="key:k1") == ("ResourceNotFoundException", 404)
    await until(lambda: bool(seen))
    assert len(seen) == 1
    assert seen[0].keys() == {"a/b c", "é", "closed_until", "fetch:k1"}


async def test_keys_are_listed_by_pages(served: Served) -> None:
    puts = [{"Key": f"n{number:02}", "Value": str(number)} for number in range(20)]
    await call(served, "update_keys", Puts=puts, IfMatch=await etag(served))

    def pages() -> list[list[str]]:
        paginator = served.client(SERVICE).get_paginator("list_keys")
        return [[item["Key"] for item in page["Items"]] for page in paginator.paginate(KvsARN=STORE_ARN)]

    found = await asyncio.to_thread(pages)

    assert [len(page) for page in found] == [10, 10, 3]
    assert sorted(key for page in found for key in page) == sorted(
        ["closed_until", "fetch:k1", "key:k1", *(put["Key"] for put in puts)]
    )


async def test_what_was_written_outlives_the_gateway(served: Served, handmade: HandmadeStack, tmp_path: Path) -> None:
    # GIVEN a written key
    await call(served, "put_key", Key="closed_until", Value="99", IfMatch=await etag(served))

    # WHEN the gateway starts again with the same stack THEN it is there, under another ETag
    again = Served(parse_state(handmade.state(), project=tmp_path), tmp_path)
    assert again.stores.values(STORE_ARN)["closed_until"] == "99"
    assert again.stores.etag(STORE_ARN) != served.stores.etag(STORE_ARN)

    # AND a deployment that changes the key wins
    state = handmade.state()
    (entry,) = (e for e in state["deployment"]["resources"] if e.get("inputs", {}).get("key") == "closed_until")
    entry["inputs"]["value"] = entry["outputs"]["value"] = "7"
    deployed = Served(parse_state(state, project=tmp_path), tmp_path)
    assert deployed.stores.values(STORE_ARN)["closed_until"] == "7"


async def test_a_call_must_be_signed_and_needs_no_token(served: Served) -> None:
    url = f"{served.url}/aws/{SERVICE}/key-value-stores/x"
    async with aiohttp.ClientSession() as session:
        async with session.get(url) as answer:
            assert answer.status == 403
        async with session.get(url, headers={"Authorization": "AWS4-ECDSA-P256-SHA256 Credential=x"}) as answer:
            assert (answer.status, answer.headers["x-amzn-errortype"]) == (404, "ResourceNotFoundException")


async def test_the_admin_port_refuses_bad_settings(served: Served) -> None:
    assert (await served.ask("PUT", "/stores-propagation", {"seconds": -1}))[0] == 400
    assert (await served.ask("PUT", "/stores-propagation", {}))[0] == 400
    assert (await served.ask("PUT", "/stores-conflicts", {"count": 1.5}))[0] == 400
    assert (await served.ask("PUT", "/clock", {"offset_s": "x"}))[0] == 400
    assert (await served.ask("PUT", "/firewall", {"clock_scale": 0}))[0] == 400
    assert (await served.ask("PUT", "/nothing", {}))[0] == 404
    assert (await served.ask("PUT", "/stores-conflicts", {"count": 1}, token="wrong"))[0] == 403
