"""A ledger's table in moto, and a proxy before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.inference.asked import SECRET
from tests.unit.inference.ledger_world import MotoTable, Proxy, moto_table, proxy
from tests.unit.inference.world import limits

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def moto() -> Iterator[MotoTable]:
    with moto_table() as running:
        yield running


@pytest.fixture
def table(moto: MotoTable, monkeypatch: pytest.MonkeyPatch) -> MotoTable:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-token")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", moto.url)
    moto.clear()
    moto.put_limits(limits())
    return moto


@pytest.fixture
def between(table: MotoTable, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxy(table.url) as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", running.url)
        yield running
