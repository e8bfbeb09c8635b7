"""An event source mapping at work: order, retries, what is given up, and what a restart knows."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from edgewise.local.cloud.journal import Journal
from edgewise.local.functions.environments import Outcome, Result
from edgewise.local.home.batches import first_failed
from edgewise.local.home.memory import Memory
from edgewise.local.home.poller import Poller
from edgewise.local.home.stream import Place, Record
from edgewise.local.home.tunables import Tunables
from edgewise.local.stack.homemodel import FOREVER, EventSource

TABLE = "ledger"
STREAM_ARN = f"arn:aws:dynamodb:us-east-1:000000000000:table/{TABLE}/stream/x"
FIRST = 100_000_000_000_000_000_000
OK = Result(outcome=Outcome.OK, body=b'{"batchItemFailures": []}')
Answer = Callable[[list[int]], Result]
SOURCE = EventSource(
    name="settle",
    stream_arn=STREAM_ARN,
    function_arn="arn:aws:lambda:us-east-1:000000000000:function:settle",
    starting_position="TRIM_HORIZON",
    enabled=True,
    batch_size=4,
    window_s=0,
    filters=(json.dumps({"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "counter#"}]}}}}),),
    report_item_failures=True,
    retries=2,
    record_age_s=FOREVER,
    bisect=False,
    parallel=1,
    on_failure_arn="arn:aws:sqs:us-east-1:000000000000:dead-letters",
)


def record(number: int, *, key: str = "counter#a", table: str = TABLE) -> dict[str, Any]:
    return {
        "eventSourceARN": table,
        "eventName": "MODIFY",
        "dynamodb": {
            "SequenceNumber": str(FIRST + number),
            "NewImage": {"pk": {"S": key}},
            "ApproximateCreationDateTime": 1.0,
        },
    }


def report(*numbers: int) -> Result:
    listed = [{"itemIdentifier": str(FIRST + number)} for number in numbers]
    return Result(outcome=Outcome.OK, body=json.dumps({"batchItemFailures": listed}).encode())


@dataclass
class World:
    """A journal, a function that answers as told, and what became of the records."""

    folder: Path
    source: EventSource = SOURCE
    answer: Answer = lambda numbers: OK
    calls: list[list[int]] = field(default_factory=list)
    letters: dict[str, dict[str, Any]] = field(default_factory=dict)
    ages: list[float] = field(default_factory=list)
    tunables: Tunables = field(default_factory=Tunables)

    @property
    def path(self) -> Path:
        return self.folder / "journal"

    def write(self, *lines: list[dict[str, Any]], written_s: float | None = None) -> None:
        """Write lines of records, as the emulator does."""
        journal = Journal(self.path)
        for records in lines:
            journal.append("PutItem", b"{}", written_s=written_s or time.time(), records=records)
        journal.close()

    def poller(self) -> Poller:
        """Make the poller of a new process."""
        return Poller(
            source=self.source,
            journal=self.path,
            memory=Memory(self.folder / "memory"),
            invoke=self._invoke,
            give_up=self._give_up,
            on_age=self.ages.append,
            tunables=self.tunables,
        )

    async def _invoke(self, event: bytes) -> Result:
        records = json.loads(event)["Records"]
        assert all(entry["eventSourceARN"] == STREAM_ARN for entry in records)
        numbers = [int(entry["dynamodb"]["SequenceNumber"]) - FIRST for entry in records]
        self.calls.append(numbers)
        return self.answer(numbers)

    async def _give_up(self, once: str, document: dict[str, Any]) -> None:
        self.letters[once] = document


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr("edgewise.local.home.poller._FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr("edgewise.local.home.poller._POLL_S", 0.005)
    return World(tmp_path)


@asynccontextmanager
async def running(poller: Poller) -> AsyncIterator[Poller]:
    task = asyncio.create_task(poller.run())
    try:
        yield poller
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.005)


async def settle(world: World, place: int) -> Poller:
    """Run a new process until it has come to a place."""
    async with running(world.poller()) as poller:
        await until(lambda: poller.place.number == place)
    return poller


async def test_batches_are_full_in_order_and_filtered(world: World) -> None:
    # GIVEN ten records, of which the filter leaves out one, and one is of another table
    records = [record(n) for n in range(10)]
    records[2], records[5] = record(2, key="limits#a"), record(5, table="other")
    world.write(records[:6], *([entry] for entry in records[6:]))

    poller = await settle(world, 9)

    assert world.calls == [[0, 1, 3, 4], [6, 7, 8, 9]]
    assert poller.to_json()["waiting"] == 0
    assert len(world.ages) == 2


async def test_a_restart_goes_on_where_the_last_one_stopped(world: World) -> None:
    # GIVEN a line of three records and a batch of two
    world.source = replace(SOURCE, batch_size=2)
    world.write([record(0), record(1), record(2)])
    await settle(world, 2)

    # WHEN another process starts THEN it knows
    world.write([record(3)])
    await settle(world, 3)

    assert world.calls == [[0, 1], [2], [3]]


async def test_only_the_failed_and_what_follows_come_again(world: World) -> None:
    answers = iter([report(2), OK])
    world.answer = lambda numbers: next(answers)
    world.write([record(n) for n in range(4)])

    await settle(world, 3)

    assert world.calls == [[0, 1, 2, 3], [2, 3]]


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.TIMEOUT, Outcome.CRASH, Outcome.INIT_ERROR])
async def test_a_function_that_fails_gets_the_batch_again_until_it_is_given_up(world: World, outcome: Outcome) -> None:
    # GIVEN a function that fails with two records, and then none
    world.answer = lambda numbers: Result(outcome=outcome) if 1 in numbers else OK
    world.write([record(0), record(1)])
    await settle(world, 1)
    world.write([record(2)])
    await settle(world, 2)

    # THEN they were handed over three times, and named in a document
    assert world.calls == [[0, 1], [0, 1], [0, 1], [2]]
    (letter,) = world.letters.values()
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert letter["requestContext"]["approximateInvokeCount"] == 3
    assert letter["DDBStreamBatchInfo"]["startSequenceNumber"] == str(FIRST)
    assert letter["DDBStreamBatchInfo"]["endSequenceNumber"] == str(FIRST + 1)
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 2
    assert letter["DDBStreamBatchInfo"]["streamArn"] == STREAM_ARN


async def test_getting_further_begins_a_new_count(world: World) -> None:
    # GIVEN a function that gets one record further with every second call
    progress = iter([report(0), report(1), report(1), report(2), OK])
    world.answer = lambda numbers: next(progress)
    world.write([record(n) for n in range(3)])

    await settle(world, 2)

    assert world.calls == [[0, 1, 2], [0, 1, 2], [1, 2], [1, 2], [2]]
    assert world.letters == {}


async def test_the_retries_of_a_killed_process_count_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # GIVEN a process that died in the pause after the first failure
    world.answer = lambda numbers: Result(outcome=Outcome.CRASH) if 0 in numbers else OK
    world.write([record(0)])
    with monkeypatch.context() as slow:
        slow.setattr("edgewise.local.home.poller._FIRST_PAUSE_S", 60)
        async with running(world.poller()) as poller:
            await until(lambda: poller.attempts == 1)

    # WHEN more came, and another process starts
    world.write([record(1)])
    await settle(world, 1)

    # THEN the same batch comes again, no larger, for the rest of its retries
    assert world.calls == [[0], [0], [0], [1]]
    assert len(world.letters) == 1


async def test_halves_are_split_until_the_bad_one_is_alone(world: World) -> None:
    world.source = replace(SOURCE, bisect=True, retries=0, report_item_failures=False)
    world.answer = lambda numbers: Result(outcome=Outcome.ERROR) if 2 in numbers else OK
    world.write([record(n) for n in range(4)])

    await settle(world, 3)

    assert world.calls == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [3]]
    (letter,) = world.letters.values()
    assert letter["DDBStreamBatchInfo"]["batchSize"] == 1


async def test_records_that_are_too_old_are_given_up_without_a_call(world: World) -> None:
    world.source = replace(SOURCE, record_age_s=60)
    world.write([record(0)], written_s=time.time() - 3600)
    world.write([record(1)])

    await settle(world, 1)

    assert world.calls == [[1]]
    (letter,) = world.letters.values()
    assert letter["requestContext"]["condition"] == "RecordAgeExceeded"
    assert "responseContext" not in letter


async def test_a_replay_hands_over_again(world: World) -> None:
    # GIVEN old and new records that were settled
    world.write([record(0)], written_s=time.time() - 3600)
    world.write([record(1)])
    async with running(world.poller()) as poller:
        await until(lambda: poller.place.number == 1)
        before = len(world.calls)

        # WHEN those of the last minute are asked for THEN they come, and with all the others too
        poller.rewind(time.time() - 60)
        await until(lambda: world.calls[before:] == [[1]])
        poller.rewind(None)
        await until(lambda: [0, 1] in world.calls[before:])


async def test_a_replayed_batch_is_given_up_under_another_name(world: World) -> None:
    world.answer = lambda numbers: Result(outcome=Outcome.CRASH)
    world.write([record(0)])
    async with running(world.poller()) as poller:
        await until(lambda: len(world.letters) == 1)
        poller.rewind(None)
        await until(lambda: len(world.letters) == 2)


async def test_latest_begins_with_what_comes_next(world: World) -> None:
    world.source = replace(SOURCE, starting_position="LATEST")
    world.write([record(0)])
    first = world.poller()
    world.write([record(1)])

    assert first.place == Place(line=0, number=0)
    await settle(world, 1)
    assert world.calls == [[1]]


async def test_records_wait_while_the_stream_is_paused(world: World) -> None:
    world.tunables.stream_paused = True
    world.write([record(0)], written_s=time.time() - 5)
    async with running(world.poller()) as poller:
        await asyncio.sleep(0.05)
        assert world.calls == []
        assert poller.to_json()["age_s"] >= 5
        world.tunables.stream_paused = False
        await until(lambda: world.calls == [[0]])


async def test_a_window_gathers_more(world: World) -> None:
    # GIVEN a window WHEN a record comes, and the rest of a batch after it
    world.source = replace(SOURCE, window_s=60)
    world.write([record(0)])
    async with running(world.poller()):
        await asyncio.sleep(0.05)
        assert world.calls == []
        world.write([record(n) for n in (1, 2, 3)])
        await until(lambda: world.calls == [[0, 1, 2, 3]])


BATCH = [Record(content=record(n), written_s=0.0, place=Place(number=n)) for n in range(3)]


@pytest.mark.parametrize(
    ("body", "failed"),
    [
        (b"", None),
        (b"null", None),
        (b'"done"', None),
        (b"{}", None),
        (b'{"batchItemFailures": null}', None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": "100000000000000000001"}]}', 1),
        (
            b'{"batchItemFailures": [{"itemIdentifier": "100000000000000000002"},'
            b' {"itemIdentifier": "100000000000000000001"}]}',
            1,
        ),
        (b'{"batchItemFailures": [{"itemIdentifier": "of another batch"}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        (b'{"batchItemFailures": [{"wrong": "1"}]}', 0),
        (b'{"batchItemFailures": "1"}', 0),
        (b"{", 0),
    ],
)
def test_what_an_answer_means(body: bytes, failed: int | None) -> None:
    result = Result(outcome=Outcome.OK, body=body)

    assert first_failed(result, BATCH, report_item_failures=True) == failed
    assert first_failed(result, BATCH, report_item_failures=False) is None
