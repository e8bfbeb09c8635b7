from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.operate.world import World, world

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with world() as made:
        yield made
