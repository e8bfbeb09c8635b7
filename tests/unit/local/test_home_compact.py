"""The journal of requests stays short: past hours of metrics are summed up, all else is left as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from edgewise.local.cloud.compact import HOUR_S, MIN_LINES, compact
from edgewise.local.cloud.requests import Request, RequestJournal
from edgewise.local.home.metrics import Datum, Series, requests_of
from edgewise.local.stack.homemodel import Metric

BEGAN_S = 1_790_000_000 // HOUR_S * HOUR_S
OBJECT = Request(service="s3", method="PUT", uri="/lake/a", headers={"A": "b"}, body=b"\x1f\x8b")
METRIC = Metric(namespace="N", name="m", dimensions={"F": "x"}, statistic="Sum", period_s=60)


def put(time_s: float, *values: float) -> Request:
    datum = Datum(
        namespace="N", name="m", dimensions={"F": "x"}, time_s=time_s, values=[(value, 1) for value in values]
    )
    (request,) = requests_of([datum])
    headers = {"X-AMZ-TARGET": "GraniteServiceVersion20100801.PutMetricData", "X-EDGEWISE-ONCE": str(time_s)}
    return Request(service="monitoring", method="POST", uri="/", headers=headers, body=json.dumps(request).encode())


def write(path: Path, *requests: Request) -> None:
    journal = RequestJournal(path)
    for request in requests:
        journal.append(request)
    journal.close()


def statistics(path: Path, start_s: float, end_s: float) -> dict[str, Any]:
    series = Series()
    series.load(path)
    names = ("Sum", "Minimum", "Maximum", "SampleCount")
    metrics = {name: Metric(**{**_fields(METRIC), "statistic": name}) for name in names}
    return {name: series.statistic(metric, start_s, end_s) for name, metric in metrics.items()}


def _fields(metric: Metric) -> dict[str, Any]:
    return {name: getattr(metric, name) for name in ("namespace", "name", "dimensions", "period_s")}


def test_past_hours_are_summed_up_and_the_last_is_kept(tmp_path: Path) -> None:
    # GIVEN two hours of a metric each minute's tenth, an object between, and a young metric
    path = tmp_path / "journal"
    old = [put(BEGAN_S + 6 * n, float(n % 7), 1.0) for n in range(2 * HOUR_S // 6)]
    young = put(BEGAN_S + 4 * HOUR_S, 3.0)
    write(path, *old[:100], OBJECT, *old[100:], young)
    before = [statistics(path, BEGAN_S + hour * HOUR_S, BEGAN_S + (hour + 1) * HOUR_S) for hour in range(5)]

    compact(path)

    # THEN each hour says the same, in one line; all else is as it was
    after = [statistics(path, BEGAN_S + hour * HOUR_S, BEGAN_S + (hour + 1) * HOUR_S) for hour in range(5)]
    assert after == before
    lines = list(RequestJournal.read(path))
    assert lines[1:] == [OBJECT, young]
    assert len(json.loads(lines[0].body)["MetricData"]) == 2
    assert path.stat().st_mode & 0o077 == 0

    # WHEN it is done again THEN nothing changes
    compact(path)
    assert list(RequestJournal.read(path)) == lines


def test_few_lines_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    write(path, *(put(BEGAN_S + n, 1.0) for n in range(MIN_LINES - 1)), put(BEGAN_S + 2 * HOUR_S, 1.0))
    before = path.read_bytes()

    compact(path)

    assert path.read_bytes() == before


def test_without_a_journal_there_is_nothing_to_do(tmp_path: Path) -> None:
    compact(tmp_path / "none")

    assert list(tmp_path.iterdir()) == []
