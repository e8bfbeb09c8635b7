"""A day's quota, used up on a deployed stack, whatever dies meanwhile; and what the lake then says."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlglot

from edgewise.cost.audit import QUERIES, Counted, Lake, compare
from edgewise.local.files import RunFiles
from inference.contract import device_key
from inference.lake import PARTITIONS, PREFIX, Column
from tests.live.system import FUNCTION, eventually
from tests.spend.conftest import Deploy
from tests.spend.days import OK, SETTLE, WITHIN_S, Days
from tests.spend.rows import by_key, check_type

QUOTA = 120
LEVELS = ["50", "80", "100"]
# More than settle's six attempts, so that it stays in the midst of a batch until somebody lets it go.
WITHOUT_END = 1_000


@pytest.fixture(scope="module")
def stack(deploy: Deploy) -> Days:
    days = Days(system=deploy(daily_quota=QUOTA))
    days.begin()
    return days


@pytest.fixture
def days(stack: Days) -> Iterator[Days]:
    """Give the stack a second after a midnight; what a test broke is whole again afterwards."""
    stack.wait_until_settled()
    stack.next_day()
    yield stack
    stack.system.admin.set_home_faults(stream_paused=False)
    stack.system.admin.set_stores_conflicts(0)


@pytest.fixture
def settled(days: Days) -> Days:
    """Give the stack with a day that is used up and settled: today, unless another test left one."""
    if QUOTA not in days.granted_by_day().values():
        use_up(days)
    days.wait_until_settled()
    return days


def use_up(days: Days) -> None:
    """Ask until the gate is closed."""
    with days.load():
        days.wait_until_closed()


def use_up_unsettled(days: Days) -> None:
    """Ask until the ledger grants nothing more, while settle sees nothing of it."""
    days.system.admin.set_home_faults(stream_paused=True)
    with days.load():
        eventually(lambda: days.outcomes(days.day)["quota"] > 0, what="a 429", within_s=WITHIN_S)


def stop_in_mid_batch(days: Days) -> None:
    """Let settle hand in what waits, and return while it tries to close the gate: lake and alerts are done."""
    days.system.admin.set_stores_conflicts(WITHOUT_END)
    days.system.admin.set_home_faults(stream_paused=False)
    eventually(lambda: days.has_sent(days.day, 100), what="the last alert to be sent", within_s=WITHIN_S)


def check_the_day(days: Days, day: str) -> None:
    """The quota is used up and no more, each alert came once, the lake has what the ledger counted."""
    assert days.granted_by_day()[day] == QUOTA
    assert 0 < days.outcomes(day)[OK] <= QUOTA
    days.wait_until_settled()
    assert days.levels(day) == LEVELS
    ids = [message["attributes"].get("id") for message in days.alerts()]
    assert len(ids) == len(set(ids))
    audited = days.audit()
    assert audited.equal, audited
    assert days.stream()["discarded"] == 0


def test_a_quota_under_load_ends_in_429_an_alert_and_a_closed_gate_and_the_new_day_opens_it(days: Days) -> None:
    # GIVEN an open function WHEN devices ask for more than the day's quota
    today = days.day
    assert days.ask().outcome == OK
    with days.load():
        days.wait_until_closed()
        closed_s = time.time() - days.last_grant_s(today)
        calls_then = days.system.invocations()
        eventually(lambda: days.outcomes(today)["closed"] > 0, what="the gate to know", within_s=WITHIN_S)
    calls, refused = days.system.invocations(), days.outcomes(today)["closed"]
    with days.load():
        eventually(lambda: days.outcomes(today)["closed"] > refused + 100, what="refusals", within_s=WITHIN_S)
    # THEN the gate refuses all, and no call reaches Lambda any more
    refused = days.outcomes(today)["closed"] - refused
    assert days.system.invocations() == calls

    # ... devices heard answers, 429 and the gate's 503; beside that no more than what a slow machine did not get done
    heard = {(answer.status, answer.outcome) for answer in days.answers if answer.day == today}
    expected = {(200, OK), (429, "quota"), (503, "closed")}
    assert heard >= expected
    assert all(status > 500 for status, _ in heard - expected), heard
    # ... and the subscriber was told, at each level once
    check_the_day(days, today)
    (last,) = [message for message in days.alerts(today) if message["attributes"]["level"] == "100"]
    assert f"{QUOTA} of {QUOTA}" in last["text"]
    print(f"closed {closed_s:.2f} s after the last grant; calls after that: {calls - calls_then}, then 0 of {refused}")
    print(last["subject"], last["text"], sep="\n")

    # WHEN the day's last second comes THEN it is closed WHEN the next day's first one comes THEN it is open
    days.set_now(days.midnight_s - 5)
    assert days.ask().outcome == "closed"
    tomorrow = days.next_day()
    assert days.ask().outcome == OK
    assert days.counters()[-1]["day"] == tomorrow
    granted = days.granted_by_day()
    assert granted[today] == QUOTA
    assert 0 < granted[tomorrow] <= QUOTA


def test_a_replayed_stream_changes_nothing(days: Days) -> None:
    # GIVEN a day that is over, and settled
    today = days.day
    use_up(days)
    check_the_day(days, today)
    told, rows, replays = days.system.admin.inbox(), days.rows(), days.stream()["replays"]

    # WHEN all that the stream ever held is handed over again
    days.system.admin.replay()
    eventually(lambda: days.stream()["replays"] == replays + 1, what="the replay to begin", within_s=WITHIN_S)
    check_the_day(days, today)

    # THEN nobody is told again, a row that stands twice is the same and known by its key, the gate stays closed
    assert days.system.admin.inbox() == told
    assert by_key(days.rows()) == by_key(rows)
    assert len(days.rows()) - len(by_key(rows)) == days.audit().doubles
    assert days.closed_until_s() == days.midnight_s

    # WHEN it comes once more on the next day THEN the gate stays open
    days.next_day()
    days.system.admin.replay()
    eventually(lambda: days.stream()["replays"] == replays + 2, what="the replay to begin", within_s=WITHIN_S)
    days.wait_until_settled()
    assert days.ask().outcome == OK
    assert days.system.admin.inbox() == told


def test_a_settle_crash_in_mid_batch_changes_nothing(days: Days) -> None:
    # GIVEN a settle function in the midst of the batch that ends the day
    today, before = days.day, days.settle()["outcomes"]["crash"]
    use_up_unsettled(days)
    stop_in_mid_batch(days)

    # WHEN its environment is killed
    days.kill_settle_at_work()
    eventually(lambda: days.settle()["outcomes"]["crash"] == before + 1, what="the crash", within_s=WITHIN_S)
    days.system.admin.set_stores_conflicts(0)

    # THEN the next one closes the gate, and nothing is told or written twice
    days.wait_until_closed()
    check_the_day(days, today)
    assert days.ask().outcome == "closed"


def test_a_store_that_answers_409_five_times_is_closed_in_the_same_run(days: Days) -> None:
    # GIVEN records of a whole day that wait
    today, before = days.day, days.stream()
    use_up_unsettled(days)

    # WHEN they are handed over while others write the store
    days.system.admin.set_stores_conflicts(5)
    days.system.admin.set_home_faults(stream_paused=False)
    days.wait_until_closed()

    # THEN all five were met, and no batch came twice for it
    check_the_day(days, today)
    assert days.write_closed_until(days.midnight_s) == 200
    assert days.stream()["retries"] == before["retries"]
    assert days.ask().outcome == "closed"


def test_moto_killed_while_it_grants_and_while_settle_works_changes_nothing(days: Days) -> None:
    # GIVEN a day that begins, whose records wait for settle
    today = days.day
    days.system.admin.set_home_faults(stream_paused=True)
    with days.load():
        eventually(lambda: days.outcomes(today)[OK] > QUOTA // 8, what="some answers", within_s=WITHIN_S)
        # WHEN moto dies in the midst of leases
        before = days.kill_cloud()
    days.wait_until_back(before)
    with days.load():
        eventually(lambda: days.outcomes(today)["quota"] > 0, what="a 429", within_s=WITHIN_S)
    # ... and once more in the midst of settling
    stop_in_mid_batch(days)
    before = days.kill_cloud()
    days.system.admin.set_stores_conflicts(0)
    days.wait_until_back(before)

    # THEN the day ends as any other
    days.wait_until_closed()
    check_the_day(days, today)
    assert days.ask().outcome == "closed"


def test_the_lake_is_read_by_the_glue_tables_columns_and_its_sums_are_the_ledgers(
    settled: Days, tmp_path: Path
) -> None:
    # GIVEN a settled day and the table as the stack declares it
    (table,) = settled.declared("aws:glue/catalogTable:CatalogTable")
    columns = [Column(each["name"], each["type"]) for each in table["storageDescriptor"]["columns"]]

    # THEN the files have its columns, in its order and of its types, and all of them
    rows = settled.rows()
    names = [column.name for column in columns]
    assert {name for row in rows for name in row} == set(names)
    for row in rows:
        assert list(row) == [name for name in names if name in row]
        for column in columns:
            check_type(row.get(column.name), column)
    # ... and their keys are its partitions, and are where it says
    assert [key["name"] for key in table["partitionKeys"]] == list(PARTITIONS)
    assert table["storageDescriptor"]["location"] == f"s3://{settled.lake_bucket}/{PREFIX}/"
    template = table["parameters"]["storage.location.template"].removeprefix(f"s3://{settled.lake_bucket}/")
    keys = [key for key in settled.lake_objects() if key.startswith(f"{PREFIX}/")]
    days_of = {f"dt={day}" for day in settled.granted_by_day()}
    assert template == f"{PREFIX}/dt=${{dt}}/function=${{function}}/"
    assert {tuple(key.split("/")[1:3]) for key in keys} <= {(day, f"function={FUNCTION}") for day in days_of}

    # WHEN DuckDB reads them by these columns THEN the sums are the ledger's
    settled.download_lake(tmp_path)
    lake = Lake.open(tmp_path, columns=columns, partitions=[key["name"] for key in table["partitionKeys"]])
    counter = settled.counters()[-1]
    counted = Counted(**{name: int(counter[name]) for name in ("granted", "receipts", "used", "unspent")})
    (compared,) = compare(lake, {FUNCTION: counted})
    assert compared.equal, compared.to_json()
    assert compared.lake.receipts == len(by_key(rows))
    # ... which is what the verb says
    said = json.loads(settled.system.edgewise("audit", FUNCTION, "--json").stdout)
    assert said["comparison"] == [compared.to_json()]
    print(f"lake and ledger: {compared.to_json()}")


def test_athena_takes_the_queries_that_the_stack_declares(settled: Days, tmp_path: Path) -> None:
    # GIVEN the stack's named queries
    settled.download_lake(tmp_path)
    (table,) = settled.declared("aws:glue/catalogTable:CatalogTable")
    columns = [Column(each["name"], each["type"]) for each in table["storageDescriptor"]["columns"]]
    lake = Lake.open(tmp_path, columns=columns, partitions=PARTITIONS)
    declared = {each["name"]: each["query"] for each in settled.declared("aws:athena/namedQuery:NamedQuery")}
    assert set(declared) == set(QUERIES)

    for name, sql in declared.items():
        # THEN each is Athena's own SQL
        parsed = sqlglot.parse_one(sql, read="athena")
        assert sqlglot.parse_one(parsed.sql(dialect="athena"), read="athena") == parsed
        # ... and asks what the audit asks of the same rows
        answer = lake.connection.execute(parsed.sql(dialect="duckdb"))
        found = [dict(zip([each[0] for each in answer.description], row, strict=True)) for row in answer.fetchall()]
        assert found == lake.ask(name)
        assert found or name in ("doubles", "refused")


def test_no_signing_key_or_fetch_token_is_in_logs_inbox_lake_or_settles_environment(settled: Days) -> None:
    # GIVEN a day with answers, refusals, alerts
    (settle,) = settled.settle()["pids"]
    (function,) = [each for each in settled.declared("aws:lambda/function:Function") if each["name"] == SETTLE]
    run_dir = settled.system.run_dir
    own = RunFiles(run_dir).admin_token
    files = [path for path in run_dir.rglob("*") if path.is_file() and path != own]
    places = {
        **{str(path.relative_to(run_dir)): path.read_bytes() for path in files},
        **settled.lake_objects(),
        "settle's environment": Path(f"/proc/{settle}/environ").read_bytes(),
        "settle's declared environment": str(function["environment"]).encode(),
    }
    key = settled.system.master_key
    secrets = {"signing key": key, "device's key": device_key(key, "cam-0"), "fetch token": settled.system.fetch_token}

    # THEN none of them is anywhere
    assert all(len(secret) >= 32 for secret in secrets.values())
    found = [(name, place) for name, secret in secrets.items() for place in places if secret.encode() in places[place]]
    assert found == []
    # ... although one has looked where such things would be
    for name in (f"logs/{SETTLE}.log", "inbox.jsonl", "requests-journal.jsonl", "settle's environment"):
        assert FUNCTION.encode() in places[name], name
    assert FUNCTION.encode() in places["settle's declared environment"]
    assert "logs/edgewise-local-face-match.log" in places
    assert any(b"receipt_id" in text for name, text in places.items() if name.startswith(f"{PREFIX}/"))
