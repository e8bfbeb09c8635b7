from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.settle import lake, metrics
from inference.settle.decode import PoisonError, decode
from tests.unit.settle.world import DAY, Stream, receipt


def test_a_first_lease_has_no_old_image_and_no_receipt() -> None:
    change = decode(Stream().take(10, cold=True))
    assert change and change.before is None and change.receipt is None
    assert (change.function, change.edge, change.after.day) == ("face-match", "cloudfront", DAY)
    assert change.after.quotas == {"day": 1_000, "month": 20_000, "ms": 40_000, "cold": 25, "renewals": 100}
    assert [change.after.granted_of(each) for each in change.after.quotas] == [10, 10, 400, 1, 0]


def test_a_receipt_comes_with_a_lease_or_alone() -> None:
    stream = Stream()
    stream.take(10)
    renewal = decode(stream.take(10, handed=receipt(1)))
    alone = decode(stream.hand_in(receipt(2)))
    assert renewal and renewal.receipt and renewal.receipt.receipt_id == "process-1"
    assert alone and alone.receipt and alone.receipt.receipt_id == "process-2"
    assert alone.after.used == 20


def test_a_receipt_that_was_there_before_is_no_new_one() -> None:
    # GIVEN a receipt handed in, WHEN another attribute of the item changes, THEN it isn't taken in again
    stream = Stream()
    stream.take(10)
    record = stream.hand_in(receipt(1))
    record["dynamodb"]["OldImage"] = record["dynamodb"]["NewImage"]
    change = decode(record)
    assert change and change.receipt is None and not change.damage


def test_removal_and_other_items_are_nothing() -> None:
    record = Stream().take(10)
    assert decode(record | {"eventName": "REMOVE"}) is None
    record["dynamodb"]["NewImage"]["pk"] = {"S": "limits#face-match"}
    assert decode(record) is None


def test_an_item_of_its_key_alone_is_nothing_yet() -> None:
    record = Stream().take(10)
    key = {"pk": record["dynamodb"]["NewImage"]["pk"]}
    made = decode({**record, "dynamodb": {**record["dynamodb"], "OldImage": key}})
    assert made and made.before is None
    record["dynamodb"]["NewImage"] = key
    assert decode(record) is None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("terms", {"S": "1/2"}, "zip"),
        ("terms", {"S": "a/b/c/d/e"}, "invalid literal"),
        ("day", {"S": "today"}, "unpack"),
        ("day", {"S": "2026-1-024"}, "expected a date"),
        ("day_remaining", {"S": "10"}, "day_remaining"),
        ("granted", None, "granted"),
        ("pk", {"S": "counter#Face"}, "expected counter#"),
    ],
)
def test_a_counter_that_can_not_be_read_is_poison(name: str, value: Any, reason: str) -> None:
    record = Stream().take(10)
    record["dynamodb"]["NewImage"][name] = value
    with pytest.raises(PoisonError, match=reason):
        decode(record)


@pytest.mark.parametrize("record", [{}, {"dynamodb": {}}, {"dynamodb": {"SequenceNumber": "1"}, "eventName": "INSERT"}])
def test_what_is_no_record_is_poison(record: dict[str, Any]) -> None:
    with pytest.raises(PoisonError):
        decode(record)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "[" * 100_000,
        '{"v":2,"id":"a-1"}',
        '{"v":1}',
        '{"v":1,"id":7}',
        '{"v":1,"id":"a-1","digest":"sha256:x"}',
        '{"v":1,"id":"a-1","outcomes":[1]}',
        '{"v":1,"id":"a-1","outcomes":{"ok":-1}}',
        '{"v":1,"id":"a-1","ms":1.5}',
        '{"v":1,"id":"a-1","ms":true}',
        '{"v":1,"id":"a-1","up":9223372036854775808}',
        '{"v":1,"id":"a-1","latency_ms":"0;0"}',
        '{"v":1,"id":"a-1","latency_ms":5}',
        '{"v":1,"id":"a-1","latency_ms":"0;0;99999999"}',
        '{"v":1,"id":"a-1","latency_ms":"99;0;1"}',
        '{"v":1,"id":"a-1","latency_ms":"0;-5;1"}',
    ],
)
def test_a_damaged_receipt_is_named_and_its_counter_still_counts(text: str) -> None:
    stream = Stream()
    stream.take(10)
    change = decode(stream.damaged(text))
    assert change and change.receipt is None and change.damage
    assert change.after.granted == 10


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
RECEIPT_NAMES = ("v", "id", "digest", "from", "outcomes", "refused", "ms", "cold", "latency_ms", "score")


@given(told=st.fixed_dictionaries({}, optional=dict.fromkeys(RECEIPT_NAMES, ANYTHING)), version=st.booleans())
def test_any_receipt_is_read_or_named(told: dict[str, Any], version: bool) -> None:
    stream = Stream()
    stream.take(10)
    change = decode(stream.damaged(json.dumps(told | ({"v": 1} if version else {}))))
    assert change and bool(change.receipt) != bool(change.damage)
    if change.receipt:
        lake.row(change)
        metrics.lines([change], {}, now_s=0)


@given(name=st.sampled_from(["pk", "day", "terms", "granted", "used", "cold_remaining", "receipt"]), value=ANYTHING)
def test_any_counter_is_read_or_poison(name: str, value: Any) -> None:
    stream = Stream()
    stream.take(10)
    record = stream.hand_in(receipt(1))
    for attribute in (value, {"S": value}, {"N": value}, {"S": str(value)}, {"N": str(value)}):
        record["dynamodb"]["NewImage"][name] = attribute
        with contextlib.suppress(PoisonError):
            decode(record)
