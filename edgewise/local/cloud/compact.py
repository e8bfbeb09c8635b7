"""Keep the journal of requests short: metrics of past hours are summed up, an hour and metric each.

Functions print metrics with each batch, and a replay takes moto some 4 ms a line. Sums, least, greatest and counts
stay as they were; what is lost is the minute.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from edgewise.local.cloud.requests import Request, RequestJournal
from edgewise.local.cloud.seed import CLOUDWATCH, credential

if TYPE_CHECKING:
    from pathlib import Path

HOUR_S: Final = 3600
# Fewer are replayed in a second or two.
MIN_LINES: Final = 300
_AT_A_TIME: Final = 500
_TARGET: Final = f"{CLOUDWATCH}.PutMetricData"
_HEADERS: Final = {
    "X-AMZ-TARGET": _TARGET,
    "AUTHORIZATION": credential("monitoring"),
    "Content-Type": "application/x-amz-json-1.0",
}
Key = tuple[str, str, str, str, int]


def compact(path: Path) -> None:
    """Rewrite a journal that nobody writes on; one with few old metrics is left alone.

    Parameters
    ----------
    path : Path
        Of the journal; the old one stays whole until the new one takes its place.
    """
    requests = list(RequestJournal.read(path))
    told = {id(request): _told(request) for request in requests}
    newest_s = max((entry["Timestamp"] for content in told.values() for entry in _data(content)), default=0.0)
    old = [request for request in requests if _is_old(told[id(request)], newest_s - HOUR_S)]
    if len(old) < MIN_LINES:
        return
    sums: dict[Key, dict[str, float]] = {}
    for request in old:
        content = told[id(request)]
        for entry in _data(content):
            _add(sums, str(content["Namespace"]), entry)
    gone = {id(request) for request in old}
    scratch = path.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    fresh = RequestJournal(scratch)
    for request in (*_summed(sums), *(request for request in requests if id(request) not in gone)):
        fresh.append(request)
    fresh.close()
    scratch.replace(path)


def _told(request: Request) -> dict[str, Any]:
    """Return what a request puts; empty for another request, and for metrics in another protocol."""
    if request.headers.get("X-AMZ-TARGET") != _TARGET:
        return {}
    try:
        content = json.loads(request.body)
    except ValueError:
        return {}
    whole = all("Timestamp" in entry and "Values" not in entry for entry in _data(content))
    return content if whole else {}


def _data(content: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = content.get("MetricData", [])
    return found


def _is_old(content: dict[str, Any], before_s: float) -> bool:
    return bool(content) and all(entry["Timestamp"] < before_s for entry in _data(content))


def _add(sums: dict[Key, dict[str, float]], namespace: str, entry: dict[str, Any]) -> None:
    value = float(entry.get("Value", 0))
    alone = {"SampleCount": 1.0, "Sum": value, "Minimum": value, "Maximum": value}
    added = {name: float(number) for name, number in entry.get("StatisticValues", alone).items()}
    hour_s = int(entry["Timestamp"] // HOUR_S * HOUR_S)
    dimensions = json.dumps(entry.get("Dimensions", []), sort_keys=True)
    key = (namespace, str(entry["MetricName"]), dimensions, str(entry.get("Unit", "None")), hour_s)
    before = sums.get(key)
    if before is None:
        sums[key] = added
        return
    sums[key] = {
        "SampleCount": before["SampleCount"] + added["SampleCount"],
        "Sum": before["Sum"] + added["Sum"],
        "Minimum": min(before["Minimum"], added["Minimum"]),
        "Maximum": max(before["Maximum"], added["Maximum"]),
    }


def _summed(sums: dict[Key, dict[str, float]]) -> Iterator[Request]:
    for namespace in sorted({key[0] for key in sums}):
        entries = (
            {
                "MetricName": name,
                "Dimensions": json.loads(dimensions),
                "Unit": unit,
                "Timestamp": float(hour_s),
                "StatisticValues": statistics,
            }
            for (owner, name, dimensions, unit, hour_s), statistics in sums.items()
            if owner == namespace
        )
        for some in _chunks(entries):
            body = json.dumps({"Namespace": namespace, "MetricData": some}).encode()
            yield Request(service="monitoring", method="POST", uri="/", headers=dict(_HEADERS), body=body)


def _chunks(entries: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    rest = iter(entries)
    while some := list(islice(rest, _AT_A_TIME)):
        yield some
