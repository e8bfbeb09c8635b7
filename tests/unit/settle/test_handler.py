"""Batches, crashes, replays: alerts once, a lake without doubles, the gate right, each request counted once."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.lake import COLUMNS
from inference.settle import handler as module
from inference.settle import lake
from inference.settle.decode import decode
from tests.unit.settle.world import (
    DAY,
    FUNCTION,
    MIDNIGHT_S,
    TERMS,
    Cloud,
    CrashError,
    Faults,
    Stream,
    emf,
    limits,
    receipt,
    settle,
)

LAKE = f"receipts/dt={DAY}/function={FUNCTION}/"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.settle.store._PAUSE_S", 0.0)


def rows(cloud: Cloud) -> list[dict[str, Any]]:
    packed = [body for key, body in sorted(cloud.objects.items()) if key.startswith("receipts/")]
    return [json.loads(line) for body in packed for line in gzip.decompress(body).splitlines()]


def receipt_ids(cloud: Cloud) -> list[str]:
    return [row["receipt_id"] for row in rows(cloud)]


def day_of_records() -> list[dict[str, Any]]:
    """A day in six writes: three receipts, half, 80 % and all of the quota."""
    stream = Stream()
    records = [stream.take(400, cold=True), stream.take(150, handed=receipt(1)), stream.hand_in(receipt(2, failed=2))]
    return [*records, stream.take(300), stream.hand_in(receipt(3)), stream.take(150)]


ALERTS = [f"quota/{FUNCTION}/{DAY}/{level}" for level in (50, 80, 100)]


def test_a_batch_is_one_object_three_alerts_one_closing_and_metrics() -> None:
    cloud = Cloud()
    made, said = settle(cloud)
    assert made.batch(day_of_records()) == []
    assert [key for key in cloud.objects if key.startswith("receipts/")] == [f"{LAKE}102.jsonl.gz"]
    assert receipt_ids(cloud) == ["process-1", "process-2", "process-3"]
    assert cloud.alert_ids == ALERTS
    assert cloud.puts == [str(MIDNIGHT_S)]
    by_digest, by_function = emf(said)
    assert (by_digest["Answered"], by_digest["Failed"]) == (30, 2)
    assert (by_function["QuotaUsedPercent"], by_function["UnaccountedRequests"]) == (100, 1_000 - 32)


def test_rows_have_the_lakes_columns_and_nothing_else() -> None:
    stream = Stream()
    stream.take(10)
    change = decode(stream.hand_in(receipt(1)))
    assert change
    assert list(lake.row(change)) == [column.name for column in COLUMNS]
    bare = decode(stream.hand_in(receipt(2, ok=0, failed=0)))
    assert bare
    assert set(lake.row(bare)) == {column.name for column in COLUMNS} - {"latency_ms", "score", "bytes_up_sketch"}


def test_days_and_functions_have_objects_of_their_own() -> None:
    one, other = Stream("face-match"), Stream("other-model", first=500)
    records = [one.take(10), other.take(10)]
    records += [one.hand_in(receipt(1)), other.hand_in(receipt(2)), one.take(10, day="2026-11-25", handed=receipt(3))]
    cloud = Cloud()
    made, _ = settle(cloud)
    assert made.batch(records) == []
    assert sorted(key for key in cloud.objects if key.startswith("receipts/")) == [
        "receipts/dt=2026-11-24/function=face-match/102.jsonl.gz",
        "receipts/dt=2026-11-24/function=other-model/502.jsonl.gz",
        "receipts/dt=2026-11-25/function=face-match/103.jsonl.gz",
    ]


def test_the_same_batch_twice_changes_nothing() -> None:
    cloud = Cloud()
    records = day_of_records()
    made, said = settle(cloud)
    made.batch(records)
    before, messages = dict(cloud.objects), list(cloud.messages)
    assert made.batch(records) == []
    assert (cloud.objects, cloud.messages) == (before, messages)
    assert cloud.puts == [str(MIDNIGHT_S)]
    assert len(emf(said)) == 2


def calls_of_a_day() -> list[str]:
    cloud = Cloud()
    settle(cloud)[0].batch(day_of_records())
    return cloud.faults.calls


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("at", range(len(calls_of_a_day())))
def test_a_crash_at_any_call_and_the_batch_again(at: int, behind: bool) -> None:
    # GIVEN an environment that dies at one of its calls
    cloud = Cloud()
    cloud.faults = Faults(die_at=at, behind=behind)
    said_in_all: list[str] = []
    made, said = settle(cloud)
    with pytest.raises(CrashError):
        made.batch(day_of_records())
    died_in = cloud.faults.calls[-1]
    said_in_all += said
    # WHEN AWS hands the batch over again, to a fresh one
    cloud.faults = Faults()
    made, said = settle(cloud)
    assert made.batch(day_of_records()) == []
    said_in_all += said
    # THEN each alert was sent once; twice with one id only where the process died between publishing and the mark
    counted = Counter(cloud.alert_ids)
    assert list(counted) == ALERTS
    marks = [index for index, call in enumerate(calls_of_a_day()) if call == "PutObject" and index > 1]
    published_unmarked = (died_in == "Publish" and behind) or (
        not behind and at in marks and calls_of_a_day()[at - 1] == "Publish"
    )
    assert sum(counted.values()) == len(ALERTS) + published_unmarked
    # AND the lake has no double, the gate is closed, metrics stand once
    assert receipt_ids(cloud) == ["process-1", "process-2", "process-3"]
    assert cloud.values["closed_until"] == str(MIDNIGHT_S)
    assert sum(told["Answered"] for told in emf(said_in_all) if "Answered" in told) == 30


def test_poison_is_named_and_all_around_it_is_settled_once() -> None:
    # GIVEN a poison record between two good ones
    stream = Stream()
    records = [stream.take(10), stream.hand_in(receipt(1)), stream.poison(), stream.hand_in(receipt(2))]
    cloud = Cloud()
    made, said = settle(cloud)
    # WHEN AWS retries from what was named, twice
    assert made.batch(records) == ["103"]
    assert made.batch(records[2:]) == ["103"]
    assert made.batch(records[2:]) == ["103"]
    # THEN both receipts are in the lake once, counted once, and the log names the poison once
    assert receipt_ids(cloud) == ["process-1", "process-2"]
    assert sum(told["Answered"] for told in emf(said) if "Answered" in told) == 20
    assert [json.loads(line)["poison"] for line in said if "poison" in line] == ["103"]


def test_a_damaged_receipt_does_not_hold_up_the_gates_closing() -> None:
    stream = Stream()
    stream.take(10)
    record = stream.take(990)
    record["dynamodb"]["NewImage"]["receipt"] = {"S": "{"}
    cloud = Cloud()
    made, _ = settle(cloud)
    assert made.batch([record]) == ["102"]
    assert cloud.values["closed_until"] == str(MIDNIGHT_S)
    assert cloud.alert_ids == [f"quota/{FUNCTION}/{DAY}/100"]


def test_a_topic_that_is_away_does_not_hold_up_the_gates_closing() -> None:
    cloud = Cloud()
    cloud.faults.refuse["Publish"] = ["InternalError"] * 3
    made, said = settle(cloud)
    assert made.batch(day_of_records()) == ["101"]
    assert cloud.values["closed_until"] == str(MIDNIGHT_S)
    assert emf(said) == []
    # WHEN it is back
    assert made.batch(day_of_records()) == []
    assert cloud.alert_ids == ALERTS
    assert receipt_ids(cloud) == ["process-1", "process-2", "process-3"]


def test_a_lake_that_is_away_names_its_stretch_and_counts_what_lies_before() -> None:
    stream = Stream()
    records = [stream.take(10), stream.hand_in(receipt(1)), stream.poison(), stream.hand_in(receipt(2))]
    cloud = Cloud()
    made, said = settle(cloud)
    put = cloud.put_object

    def second_is_away(**asked: Any) -> None:
        if asked["Key"].endswith("/104.jsonl.gz"):
            cloud.faults.refuse["PutObject"] = ["SlowDown"]
        put(**asked)

    cloud.put_object = second_is_away  # type: ignore[method-assign]  # a bucket of its own
    assert made.batch(records) == ["103", "104"]
    assert [told["Answered"] for told in emf(said) if "Answered" in told] == [10]
    cloud.put_object = put  # type: ignore[method-assign]  # as it was
    assert made.batch(records[2:]) == ["103"]
    assert [told["Answered"] for told in emf(said) if "Answered" in told] == [10, 10]
    assert receipt_ids(cloud) == ["process-1", "process-2"]


def test_a_store_in_conflict_six_times_is_tried_again() -> None:
    cloud = Cloud()
    cloud.faults.refuse["PutKey"] = ["ConflictException"] * 11
    made, _ = settle(cloud)
    assert made.batch(day_of_records()) == ["101"]
    assert made.batch(day_of_records()) == []
    assert cloud.values["closed_until"] == str(MIDNIGHT_S)
    assert cloud.alert_ids == ALERTS


def test_a_record_that_waited_past_midnight_closes_nothing() -> None:
    cloud = Cloud()
    made, _ = settle(cloud, now_s=MIDNIGHT_S + 1)
    assert made.batch(day_of_records()) == []
    assert cloud.values["closed_until"] == "0"


def test_a_function_the_deployment_forgot_still_fills_the_lake() -> None:
    cloud = Cloud()
    made, _ = settle(cloud, functions={})
    assert made.batch(day_of_records()) == []
    assert len(receipt_ids(cloud)) == 3 and cloud.puts == []


def test_many_poison_records_stay_within_the_log() -> None:
    stream = Stream()
    stream.take(10)
    cloud = Cloud()
    made, said = settle(cloud)
    assert len(made.batch([stream.poison() for _ in range(100)])) == 100
    assert len(said) == module.MAX_POISON_LINES + 1
    assert sum(map(len, said)) < 1_500


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Writes of one function over two days, with poison in between."""
    stream = Stream()
    stream.limits = limits(daily_quota=300, monthly_quota=500, cold_grants_daily=5, renewals_daily=10)
    records, day = [stream.take(draw(st.integers(0, 100)), cold=True)], DAY
    kinds = draw(st.lists(st.sampled_from(["take", "take+", "hand", "poison", "damage", "day"]), max_size=25))
    for number, kind in enumerate(kinds):
        if kind == "day":
            day = "2026-11-25"
        elif kind == "poison":
            records.append(stream.poison())
        elif kind == "damage":
            records.append(stream.damaged("{"))
        elif kind == "hand":
            records.append(stream.hand_in(receipt(number, ok=2)))
        else:
            handed = receipt(number, ok=3, failed=1) if kind == "take+" else None
            records.append(stream.take(draw(st.integers(0, 120)), day=day, handed=handed))
    return records


def handed_over(made: Any, batch: list[dict[str, Any]], retries: int = 2) -> None:
    """Hand a batch over as AWS does: from the lowest number named, until nothing is, or retries are used."""
    left = batch
    while left:
        answer = made().batch(left)
        if not answer:
            return
        at = next(i for i, record in enumerate(left) if record["dynamodb"]["SequenceNumber"] == answer[0])
        retries = 2 if at else retries - 1
        left = left[at:]
        if retries < 0:
            return


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_history_in_any_batches_with_crashes_and_replays(data: st.DataObject) -> None:
    records = data.draw(histories())
    cuts = sorted(data.draw(st.sets(st.integers(0, len(records)), max_size=4)))
    batches = [records[a:b] for a, b in zip([0, *cuts], [*cuts, len(records)], strict=True) if b > a]
    expected = [change.receipt for change in map(_decoded, records) if change and change.receipt]
    cloud = Cloud()
    crashes = 0
    for batch in batches:
        # WHEN it dies at some call, is handed over again, and perhaps once more when all is done
        cloud.faults = Faults(die_at=data.draw(st.none() | st.integers(0, 12)), behind=data.draw(st.booleans()))
        try:
            settle(cloud)[0].batch(batch)
        except CrashError:
            crashes += 1
        cloud.faults = Faults()
        made, _ = settle(cloud)
        handed_over(lambda made=made: made, batch)
        if data.draw(st.booleans()):
            handed_over(lambda: settle(cloud)[0], batch)
    # THEN every receipt that can be read is in the lake, once, and the sums are the receipts'
    assert sorted(receipt_ids(cloud)) == sorted(each.receipt_id for each in expected)
    assert sum(row["used"] for row in rows(cloud)) == sum(each.used for each in expected)
    # AND no alert more often than crashes explain, each with a claim that says sent
    counted = Counter(cloud.alert_ids)
    assert sum(counted.values()) - len(counted) <= crashes
    assert all(json.loads(cloud.objects[f"alerts/{each}.json"])["state"] == "sent" for each in counted)
    # AND the gate is closed as long as the history says, never shorter
    assert int(cloud.values["closed_until"]) == max([0, *_closings(records)])
    assert cloud.puts == sorted(set(cloud.puts), key=int)
    # WHEN the stream is read again from its beginning, in other batches
    before = dict(cloud.values), list(cloud.messages)
    size = data.draw(st.integers(1, 7))
    for at in range(0, len(records), size):
        handed_over(lambda: settle(cloud)[0], records[at : at + size])
    # THEN nothing is told or closed again, and what stands twice in the lake has one id and is the same row
    assert before == (cloud.values, cloud.messages)
    by_id = {row["receipt_id"]: row for row in rows(cloud)}
    assert all(by_id[row["receipt_id"]] == row for row in rows(cloud))
    assert sum(row["used"] for row in by_id.values()) == sum(each.used for each in expected)


def _decoded(record: dict[str, Any]) -> Any:
    try:
        return decode(record)
    except ValueError:
        return None


def _closings(records: list[dict[str, Any]]) -> list[int]:
    """What the item says by the plain rules of the ledger, written down once more."""
    found = []
    for record in records:
        if _decoded(record) is None:
            continue
        image = record["dynamodb"]["NewImage"]
        left = {name: int(image[f"{name}_remaining"]["N"]) for name in ("day", "month", "ms", "cold", "renewals")}
        midnight = MIDNIGHT_S + 86_400 * (image["day"]["S"] == "2026-11-25")
        if left["month"] <= 0:
            found.append(MIDNIGHT_S + 6 * 86_400)
        elif left["day"] <= 0 or left["ms"] < 40 or (left["cold"] <= 0 and left["renewals"] <= 0):
            found.append(midnight)
    return found


def test_variables_are_read_once_and_a_missing_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOPIC_ARN", "LAKE_BUCKET", "STACK", "FUNCTIONS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="TOPIC_ARN, LAKE_BUCKET, STACK, FUNCTIONS are not set"):
        module.from_environment()
    told = {name: str(getattr(TERMS, name)) for name in TERMS.__slots__}
    for name, value in {
        "TOPIC_ARN": "t",
        "LAKE_BUCKET": "b",
        "STACK": "s",
        "FUNCTIONS": json.dumps({FUNCTION: told}),
    }.items():
        monkeypatch.setenv(name, value)
    assert module.from_environment().functions == {FUNCTION: TERMS}
