"""Rollout and rollback: a model that is there, is what it says, and takes what devices send."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto

from edgewise.operate import IncompleteError, OperateError, RefusedError, history, look, roll_back, roll_out
from edgewise.paths import cache_dir
from inference.contract import model_path
from tests.unit.inference.world import digest, limits, small_model
from tests.unit.operate.world import TARGET, World

PINNED, CANARY = small_model(), small_model(threshold=1.0)


@pytest.fixture(autouse=True)
def pinned(stack: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stack.put_limits(limits(model_digest=stack.put_model(PINNED)))


def put_in_cache(model: bytes, name: str | None = None) -> Path:
    path = cache_dir() / "models" / f"{(name or digest(model)).removeprefix('sha256:')}.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model)
    return path


def test_a_model_of_the_bucket_is_rolled_out(stack: World) -> None:
    named = stack.put_model(CANARY)
    roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    override = stack.override()
    assert (override["canary_digest"], override["canary_percent"], override["why"]) == (named, "10", "try it")
    (action,) = history(stack.cloud, TARGET)
    assert (action.action, action.details) == ("rollout", f"digest={named} percent=10")
    assert str(look(stack.cloud, TARGET)) == f"open; canary {named[:19]} 10 %"


def test_a_model_of_the_cache_is_uploaded_first(stack: World) -> None:
    named = digest(CANARY)
    put_in_cache(CANARY)
    roll_out(stack.cloud, TARGET, digest=named, percent=0.5, why="try it")
    held = stack.s3.get_object(Bucket=TARGET.bucket, Key=model_path(named).lstrip("/"))
    assert held["Body"].read() == CANARY
    assert (held["CacheControl"], held["ContentType"]) == (
        "public, max-age=31536000, immutable",
        "application/octet-stream",
    )
    assert stack.override()["canary_percent"] == "0.5"


def test_a_spoilt_object_is_replaced_from_the_cache_or_refused(stack: World) -> None:
    named = digest(CANARY)
    stack.put_model(CANARY[:-1], name=named)
    with pytest.raises(RefusedError, match=r"neither bucket models-test nor .* has these very bytes"):
        roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    path = put_in_cache(CANARY[:-2], named)
    with pytest.raises(RefusedError, match="these very bytes"):
        roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    assert stack.override() == {}
    path.write_bytes(CANARY)
    roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    assert stack.s3.get_object(Bucket=TARGET.bucket, Key=model_path(named).lstrip("/"))["Body"].read() == CANARY


@pytest.mark.parametrize(
    "model",
    [
        small_model(shape=(4, 5, 4)),
        small_model(dtype=TensorProto.INT8),
        small_model(answer="match,score"),
    ],
    ids=["shape", "dtype", "answer"],
)
def test_another_interface_is_refused(stack: World, model: bytes) -> None:
    named = stack.put_model(model)
    with pytest.raises(RefusedError, match=r"takes .*, the pinned model takes uint8 4x5x3 answering match,score,row"):
        roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    assert stack.override() == {}


def test_what_is_no_model_is_refused(stack: World) -> None:
    named = stack.put_model(b"verified, but no model")
    with pytest.raises(OperateError, match="no ONNX model"):
        roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    assert stack.override() == {}


@pytest.mark.parametrize(
    ("named", "percent", "told"),
    [
        ("latest", 10.0, "digest 'latest': must be 'sha256:' and 64 hexadecimal digits"),
        (digest(CANARY), 101.0, "percent 101.0: must be from 0 to 100"),
        (digest(CANARY), -0.1, "percent -0.1: must be from 0 to 100"),
        (digest(CANARY), float("nan"), "percent nan: must be from 0 to 100"),
        (digest(PINNED), 10.0, "the pinned model itself"),
    ],
)
def test_bad_input_changes_nothing(stack: World, named: str, percent: float, told: str) -> None:
    stack.put_model(CANARY)
    with pytest.raises(RefusedError, match=told):
        roll_out(stack.cloud, TARGET, digest=named, percent=percent, why="try it")
    assert stack.override() == {}
    assert history(stack.cloud, TARGET) == []


def test_a_rollback_leaves_no_canary_and_works_twice(stack: World) -> None:
    roll_out(stack.cloud, TARGET, digest=stack.put_model(CANARY), percent=10, why="try it")
    for _ in range(2):
        roll_back(stack.cloud, TARGET, why="worse")
        assert not {"canary_digest", "canary_percent"} & stack.override().keys()
    assert sorted(action.action for action in history(stack.cloud, TARGET)) == ["rollback", "rollback", "rollout"]


def test_neither_touches_what_is_closed(stack: World) -> None:
    stack.put({"pk": {"S": "override#face-match"}, "closed_until": {"N": "9999999999"}})
    roll_out(stack.cloud, TARGET, digest=stack.put_model(CANARY), percent=10, why="try it")
    roll_back(stack.cloud, TARGET, why="worse")
    assert stack.override()["closed_until"] == "9999999999"
    assert stack.store.puts == 0


def test_what_failed_is_told_and_the_same_command_completes_it(stack: World) -> None:
    named = digest(CANARY)
    put_in_cache(CANARY)
    stack.table.faults["update_item"] = 1
    with pytest.raises(IncompleteError, match=r"Done: bucket .*\. Not done: override item, record"):
        roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    roll_out(stack.cloud, TARGET, digest=named, percent=10, why="try it")
    assert stack.override()["canary_digest"] == named


def test_without_a_deployment_nothing_is_rolled_out(stack: World) -> None:
    stack.table.client.delete_item(TableName=TARGET.table, Key={"pk": {"S": "limits#face-match"}})
    with pytest.raises(OperateError, match="names no model; deploy stack test again"):
        roll_out(stack.cloud, TARGET, digest=digest(CANARY), percent=10, why="try it")


def test_the_history_is_the_functions_own_and_newest_first(stack: World) -> None:
    for number, why in enumerate(("first", "second", "third")):
        stack.now_s[0] += number
        roll_back(stack.cloud, TARGET, why=why)
    stack.put({"pk": {"S": "action#face-match-2#2026-11-25T12:00:00Z#aaaaaa"}, "action": {"S": "stop"}})
    assert [action.why for action in history(stack.cloud, TARGET)] == ["third", "second", "first"]
