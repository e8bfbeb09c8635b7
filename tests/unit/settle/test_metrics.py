from __future__ import annotations

import json
import random

from inference import telemetry
from inference.receipt import MAX_BYTES, Receipt
from inference.settle import metrics
from inference.settle.decode import Change, decode
from tests.unit.settle.world import DIGEST, FUNCTION, NOON_S, TERMS, Stream, receipt

OTHER = "sha256:" + "cd" * 32
# Lambda's START, END and REPORT of a run, and the 26 bytes that CloudWatch Logs adds to every event.
PLATFORM_LINES = 90 + 60 + 220
PER_EVENT = 26
LOG_BYTES = 2_048


def changes(*receipts: Receipt) -> list[Change]:
    stream = Stream()
    found = [decode(stream.take(500, cold=True)), *(decode(stream.hand_in(each)) for each in receipts)]
    return [change for change in found if change]


def told(*receipts: Receipt) -> list[dict[str, object]]:
    return [json.loads(line) for line in metrics.lines(changes(*receipts), {FUNCTION: TERMS}, now_s=NOON_S)]


def test_the_format_is_cloudwatchs() -> None:
    by_digest, by_function = told(receipt(1, ok=3, failed=1))
    assert by_digest["_aws"] == {
        "Timestamp": NOON_S * 1000,
        "CloudWatchMetrics": [
            {
                "Namespace": telemetry.NAMESPACE,
                "Dimensions": [[telemetry.FUNCTION, telemetry.DIGEST]],
                "Metrics": [
                    {"Name": "Answered", "Unit": "Count"},
                    {"Name": "Failed", "Unit": "Count"},
                    {"Name": "LatencyMs", "Unit": "Milliseconds"},
                ],
            }
        ],
    }
    assert (by_digest["Function"], by_digest["Digest"]) == (FUNCTION, DIGEST)
    assert (by_digest["Answered"], by_digest["Failed"]) == (3, 1)
    assert by_digest["LatencyMs"]["Counts"] == [1, 1, 1, 1]  # type: ignore[index]  # an object
    assert {"QuotaUsedPercent": 50, "UnaccountedRequests": 496}.items() <= by_function.items()
    names = [metric["Name"] for metric in by_function["_aws"]["CloudWatchMetrics"][0]["Metrics"]]  # type: ignore[index]  # an object
    assert tuple(names) == telemetry.BY_FUNCTION


def test_receipts_merge_by_digest() -> None:
    lines = told(receipt(1), receipt(2, digest=OTHER, failed=4), receipt(3))
    assert [(line.get("Digest"), line.get("Answered"), line.get("Failed")) for line in lines] == [
        (DIGEST, 20, 0),
        (OTHER, 10, 4),
        (None, None, None),
    ]


def test_latency_keeps_its_quantiles() -> None:
    full = Receipt(digest=DIGEST, receipt_id="a-1")
    draw = random.Random(7)
    values = sorted(draw.lognormvariate(3, 0.3) for _ in range(2_000))
    for value in values:
        full.sketches["latency_ms"].add(value)
    full.outcomes["ok"] = 2_000
    by_digest, _ = told(full)
    latency = by_digest["LatencyMs"]
    spread = [v for v, n in zip(latency["Values"], latency["Counts"], strict=True) for _ in range(n)]  # type: ignore[index]  # an object
    assert len(spread) == 2_000
    for share in (0.5, 0.99):
        at = int(share * 1_999)
        assert abs(spread[at] / values[at] - 1) < 0.1


def test_one_record_fits_the_log_that_the_bound_pays() -> None:
    # GIVEN a receipt as large as one gets, of a function with the longest name
    large = Receipt(digest=DIGEST, receipt_id="f" * 12 + "-1000000")
    draw = random.Random(1)
    for _ in range(500):
        large.note(
            "ok", now_s=NOON_S, latency_ms=draw.lognormvariate(4, 3), bytes_up=draw.randrange(10**6), bytes_down=9
        )
    assert len(large.to_text()) > MAX_BYTES - 200
    stream = Stream("f" * 32)
    stream.take(500)
    change = decode(stream.hand_in(large))
    assert change
    lines = metrics.lines([change], {"f" * 32: TERMS}, now_s=NOON_S)
    assert len(lines) == 2
    assert sum(len(line) + 1 + PER_EVENT for line in lines) + PLATFORM_LINES + 3 * PER_EVENT <= LOG_BYTES
    assert sum(json.loads(lines[0])["LatencyMs"]["Counts"]) == 500


def test_nothing_measured_is_no_latency() -> None:
    only_refused = Receipt(digest=DIGEST, receipt_id="a-1", refused={"quota": 3})
    by_digest, _ = told(only_refused)
    assert "LatencyMs" not in by_digest
    assert (by_digest["Answered"], by_digest["Failed"]) == (0, 0)


def test_a_function_the_deployment_forgot_has_no_committed_spend() -> None:
    (line,) = metrics.lines(changes(), {}, now_s=NOON_S)
    assert "CommittedUsd" not in json.loads(line)
