"""Key-value stores at run time."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from edgewise.local.gate.changes import Changes
from edgewise.local.gate.store import StoreFullError, Stores
from edgewise.local.stack.model import KeyValueStore

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:cloudfront::000000000000:key-value-store/a"


def stores(folder: Path, values: dict[str, str]) -> Stores:
    store = KeyValueStore(name="gate", arn=ARN, values=values)
    changes = Changes(file=folder / "changes.json")
    changes.load({ARN: values})
    return Stores(stores={ARN: store}, changes=changes)


async def test_a_change_is_seen_after_the_delay(tmp_path: Path) -> None:
    # GIVEN a store that publishes to a gate
    seen: list[Mapping[str, str]] = []
    made = stores(tmp_path, {"closed_until": "0"})
    made.publish = lambda _arn, values: seen.append(values)

    # WHEN a key changes
    made.change(ARN, "closed_until", "99", delay_s=0.05)

    # THEN the gate sees it later, the store's own view at once
    assert made.values(ARN) == {"closed_until": "99"}
    assert seen == []
    await asyncio.sleep(0.1)
    assert seen == [{"closed_until": "99"}]


async def test_changes_outlive_the_gateway(tmp_path: Path) -> None:
    stores(tmp_path, {"a": "1", "b": "2"}).change(ARN, "a", "changed")
    stores(tmp_path, {"a": "1", "b": "2"}).change(ARN, "b", None)

    assert stores(tmp_path, {"a": "1", "b": "2"}).values(ARN) == {"a": "changed"}
    assert stat.S_IMODE((tmp_path / "changes.json").stat().st_mode) == 0o600


async def test_a_deployment_that_changes_a_key_wins(tmp_path: Path) -> None:
    # GIVEN a key that was written at run time
    stores(tmp_path, {"a": "1", "b": "2"}).change(ARN, "a", "at run time")

    # WHEN a later deployment changes it, or leaves it alone
    assert stores(tmp_path, {"a": "deployed", "b": "2"}).values(ARN)["a"] == "deployed"
    assert stores(tmp_path, {"a": "1", "b": "deployed"}).values(ARN)["a"] == "at run time"


async def test_the_changes_file_holds_no_deployed_secret(tmp_path: Path) -> None:
    stores(tmp_path, {"key:k1": "deployed-secret"}).change(ARN, "key:k1", None)

    assert "deployed-secret" not in (tmp_path / "changes.json").read_text()


async def test_limits_of_cloudfront_are_refused(tmp_path: Path) -> None:
    made = stores(tmp_path, {})

    with pytest.raises(ValueError, match="513 bytes, CloudFront takes 1 to 512"):
        made.change(ARN, "k" * 513, "v")
    with pytest.raises(ValueError, match="1025 bytes, CloudFront takes 1024"):
        made.change(ARN, "k", "v" * 1025)


def test_a_store_is_known_by_name_or_arn(tmp_path: Path) -> None:
    made = stores(tmp_path, {})

    assert made.arn("gate") == made.arn(ARN) == ARN
    with pytest.raises(KeyError, match="no key-value store 'other'"):
        made.arn("other")


async def test_a_slow_write_does_not_undo_a_later_one(tmp_path: Path) -> None:
    # GIVEN a write that takes long to arrive, and a later one of the same key that arrives first
    seen: list[Mapping[str, str]] = []
    made = stores(tmp_path, {"closed_until": "0", "other": "1"})
    made.publish = lambda _arn, values: seen.append(values)
    made.change(ARN, "closed_until", "slow", delay_s=0.1)
    made.change(ARN, "closed_until", "fast", delay_s=0.01)
    made.change(ARN, "other", "2", delay_s=0.15)

    # WHEN all have arrived THEN the later write stands, and nothing was seen before its time
    while len(seen) < 3:
        await asyncio.sleep(0.02)
    assert seen == [
        {"closed_until": "fast", "other": "1"},
        {"closed_until": "fast", "other": "1"},
        {"closed_until": "fast", "other": "2"},
    ]


async def test_each_write_gives_another_etag(tmp_path: Path) -> None:
    made = stores(tmp_path, {"a": "1"})
    before = made.etag(ARN)

    made.change(ARN, "a", "1")

    assert made.etag(ARN) != before


async def test_a_store_may_not_outgrow_cloudfronts(tmp_path: Path) -> None:
    made = stores(tmp_path, {f"k{number}": "v" * 1024 for number in range(5100)})

    with pytest.raises(StoreFullError, match="CloudFront takes 5242880"):
        made.change_all(ARN, {f"n{number}": "v" * 1024 for number in range(50)})
    assert "n0" not in made.values(ARN)
