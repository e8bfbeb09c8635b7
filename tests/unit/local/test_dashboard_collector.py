"""The dashboard's figures, from planted metrics, counters and ledger items."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import Any

import pytest

from edgewise.local.dashboard.collector import MAX_ALERTS, Collector
from edgewise.local.dashboard.function import MAX_DIGESTS, FunctionFacts
from edgewise.local.dashboard.timeline import (
    COARSE_SPAN_S,
    COARSE_STEP_S,
    FINE_SPAN_S,
    FINE_STEP_S,
    Histogram,
    Timeline,
    summed,
)

NOON_S = 1_795_608_000.0  # 2026-11-25 12:00:00 UTC
FACTS = FunctionFacts(
    name="face-match",
    bound_usd=Decimal("39.09"),
    budget_usd=Decimal(40),
    daily_quota=20_000,
)


def collector(*facts: FunctionFacts) -> Collector:
    return Collector(stack="local", functions=facts or (FACTS,), clock=lambda: NOON_S)


def by_digest(digest: str, *, answered: int = 0, failed: int = 0, latencies: dict[float, int] | None = None) -> Any:
    """What settle prints of one digest."""
    told = latencies or {}
    names = ["Answered", "Failed", *(["LatencyMs"] if told else [])]
    return {
        "_aws": {
            "Timestamp": int(NOON_S * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Edgewise",
                    "Dimensions": [["Function", "Digest"]],
                    "Metrics": [{"Name": name} for name in names],
                }
            ],
        },
        "Function": "face-match",
        "Digest": digest,
        "Answered": answered,
        "Failed": failed,
        "LatencyMs": {"Values": list(told), "Counts": list(told.values())},
    }


def by_function(**numbers: Any) -> Any:
    return {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": "Edgewise",
                    "Dimensions": [["Function"]],
                    "Metrics": [{"Name": name} for name in numbers],
                }
            ]
        },
        "Function": "face-match",
        **numbers,
    }


def counter_item(*, day: str = "2026-11-25", terms: str = "200/1000/8000/10/20", **numbers: int) -> dict[str, Any]:
    left = {"day_remaining": 120, "month_remaining": 700}
    return {
        "day": {"S": day},
        "terms": {"S": terms},
        **{name: {"N": str(value)} for name, value in (left | numbers).items()},
    }


def only(figures: dict[str, Any]) -> dict[str, Any]:
    (function,) = figures["functions"]
    return dict(function)


def test_before_any_request_all_is_zero_or_none_and_json() -> None:
    figures = collector().figures()

    function = only(json.loads(json.dumps(figures, allow_nan=False)))
    assert (function["bound_usd"], function["budget_usd"], function["spent_usd"]) == (39.09, 40.0, None)
    assert function["totals"]["success"] is None
    assert function["quota"] == {"day": {"limit": 20_000, "left": 20_000}, "month": {"limit": None, "left": None}}
    assert function["series"]["t"] == []
    assert (figures["alarms"], figures["alerts"]) == ([], [])


def test_an_unknown_or_infinite_bound_is_none() -> None:
    facts = [FunctionFacts(name="a", bound_usd=Decimal("Infinity")), FunctionFacts(name="b", bound_usd=None)]
    assert [each["bound_usd"] for each in collector(*facts).figures()["functions"]] == [None, None]


def test_share_and_success_by_digest() -> None:
    # GIVEN a canary of a tenth that fails half its requests
    told = collector()
    told.note_metrics(NOON_S, by_digest("sha256:old", answered=897, failed=3))
    told.note_metrics(NOON_S, by_digest("sha256:new", answered=50, failed=50))

    function = only(told.figures())

    assert [(d["digest"], d["share"], d["success"]) for d in function["digests"]] == [
        ("sha256:old", 0.9, 0.996667),
        ("sha256:new", 0.1, 0.5),
    ]
    assert function["totals"]["success"] == 0.947
    assert (function["totals"]["answered"], function["totals"]["failed"]) == (947, 53)


def test_quantiles_come_from_values_and_counts() -> None:
    told = collector()
    told.note_metrics(NOON_S, by_digest("sha256:a", answered=100, latencies={10.0: 98, 900.0: 2}))

    (digest,) = only(told.figures())["digests"]

    assert digest["p50_ms"] == pytest.approx(10, rel=0.01)
    assert digest["p99_ms"] == pytest.approx(900, rel=0.01)
    assert digest["series"]["p99_ms"] == [digest["p99_ms"]]


def test_quantiles_are_within_one_percent_of_the_sorted_values() -> None:
    rng = random.Random(6)
    values = sorted(rng.lognormvariate(3, 1.5) for _ in range(2_000))
    seen = Histogram()
    for value in values:
        seen.add(value)
    for share in (0.0, 0.5, 0.9, 0.99, 1.0):
        rank = int(share * (len(values) - 1))
        assert seen.quantile(share) == pytest.approx(values[rank], rel=0.0101)


def test_gauges_are_the_last_and_counts_the_sum() -> None:
    told = collector()
    told.note_metrics(NOON_S, by_function(CommittedUsd=12.0, UnaccountedRequests=4))
    told.note_metrics(NOON_S, by_function(CommittedUsd=[13.0, 13.5]))
    assert only(told.figures())["committed_usd"] == 13.5


def test_metrics_of_others_are_passed_over() -> None:
    told = collector()
    told.note_metrics(NOON_S, {"_aws": {"CloudWatchMetrics": [{"Namespace": "Theirs", "Metrics": [{"Name": "X"}]}]}})
    told.note_metrics(NOON_S, {"message": "a plain log line"})
    assert only(told.figures())["totals"]["answered"] == 0


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"LatencyMs": {"Values": [1.0], "Counts": [1, 2]}}, "LatencyMs"),
        ({"LatencyMs": {"Values": [1.0]}}, "LatencyMs"),
        ({"Answered": "many"}, "Answered"),
    ],
)
def test_metrics_that_cannot_be_read_are_refused_and_nothing_is_counted(changed: Any, named: str) -> None:
    told = collector()
    with pytest.raises(ValueError, match=named):
        told.note_metrics(NOON_S, by_digest("sha256:a", answered=3, latencies={1.0: 3}) | changed)
    assert only(told.figures())["totals"]["answered"] == 0


def test_counters_are_added_up_over_a_gateway_that_was_started_anew() -> None:
    told = collector()

    def note(requests: int, blocked: int) -> None:
        state = {"distributions": {"face-match": {"requests": requests, "waf_blocked": blocked, "bytes_out": requests}}}
        told.note_counters(NOON_S, state)

    for requests, blocked in ((10, 2), (25, 2), (4, 1)):
        note(requests, blocked)

    totals = only(told.figures())["totals"]
    assert (totals["requests"], totals["blocked"], totals["bytes_out"]) == (29, 3, 29)
    assert only(told.figures())["series"]["requests"] == [29]


def test_a_disabled_distribution_is_told_by_its_counters() -> None:
    told = collector()
    told.note_state("face-match", closed_until_s=None, enabled=True)
    told.note_counters(NOON_S, {"distributions": {"face-match": {"requests": 9, "disabled": 4, "enabled": False}}})
    told.note_state("face-match", closed_until_s=NOON_S + 60)

    function = only(told.figures())

    assert (function["enabled"], function["totals"]["disabled"]) == (False, 4)
    assert function["series"]["refused"] == [4]


def test_refused_at_the_ledger_are_calls_that_no_lease_can_have_held() -> None:
    # GIVEN 90 calls of Lambda while 60 requests were told of and 20 are under way
    told = collector()
    told.note_ledger(NOON_S, "face-match", counter_item(granted=1_000, used=900, unspent=100))
    state = {"distributions": {"face-match": {}}, "functions": {"edgewise-local-face-match": {"invocations": 90}}}
    told.note_counters(NOON_S, state)
    told.note_ledger(NOON_S, "face-match", counter_item(granted=1_080, used=960, unspent=100, leases=9, receipts=7))

    function = only(told.figures())

    assert function["totals"]["refused_ledger"] == 10
    assert (function["unaccounted"], function["missing_receipts"]) == (20, 2)


def test_quota_left_of_day_and_month() -> None:
    told = collector()
    told.note_ledger(NOON_S, "face-match", counter_item())
    expected = {"day": {"limit": 200, "left": 120}, "month": {"limit": 1000, "left": 700}}
    assert only(told.figures())["quota"] == expected


@pytest.mark.parametrize(
    ("day", "left"), [("2026-11-25", (120, 700)), ("2026-11-24", (200, 700)), ("2026-10-31", (200, 1_000))]
)
def test_a_day_and_a_month_without_a_lease_have_all_left(day: str, left: tuple[int, int]) -> None:
    told = collector()
    told.note_ledger(NOON_S, "face-match", counter_item(day=day))
    quota = only(told.figures())["quota"]
    assert (quota["day"]["left"], quota["month"]["left"]) == left


def test_no_monthly_quota_is_none() -> None:
    told = collector()
    told.note_ledger(NOON_S, "face-match", counter_item(terms=f"200/{10**13}/8000/10/20"))
    assert only(told.figures())["quota"]["month"] == {"limit": None, "left": None}


def test_a_counter_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="terms"):
        collector().note_ledger(NOON_S, "face-match", {"day": {"S": "2026-11-25"}})


def test_closed_until_disconnected_spent() -> None:
    told = collector()
    told.note_state("face-match", closed_until_s=NOON_S + 60, enabled=False)
    told.note_spent("face-match", 12.25)

    function = only(told.figures())

    assert (function["closed_until_s"], function["enabled"], function["spent_usd"]) == (NOON_S + 60, False, 12.25)
    # THEN it is open again when the time has come
    assert only(told.figures(NOON_S + 61))["closed_until_s"] is None


def test_alarms_and_the_last_alerts_first() -> None:
    told = collector()
    told.note_alarms([{"name": "a", "state": "ALARM", "since_s": 5, "reason": "4 > 3", "extra": 1}])
    for number in range(MAX_ALERTS + 5):
        told.note_alert(NOON_S, subject=f"alert {number}", text="…", kind="quota", function="face-match")

    figures = told.figures()

    assert figures["alarms"] == [{"name": "a", "state": "ALARM", "since_s": 5, "reason": "4 > 3"}]
    assert len(figures["alerts"]) == MAX_ALERTS
    assert figures["alerts"][0]["subject"] == f"alert {MAX_ALERTS + 4}"


def test_series_lie_on_one_axis_in_the_steps_that_were_asked_for() -> None:
    told = collector()
    told.note_metrics(NOON_S - 60, by_digest("sha256:old", answered=6))
    told.note_metrics(NOON_S - 20, by_digest("sha256:new", failed=1))

    function = only(told.figures(span_s=600, step_s=30))

    assert function["series"]["t"] == [NOON_S - 60, NOON_S - 30, NOON_S]
    assert function["series"]["answered"] == [6, 0, 0]
    series = {each["digest"]: each["series"] for each in function["digests"]}
    assert series["sha256:new"]["t"] == function["series"]["t"]
    assert series["sha256:new"]["failed"] == [0, 1, 0]


def test_what_is_older_than_the_span_is_not_in_the_figures_by_digest() -> None:
    told = collector()
    told.note_metrics(NOON_S - 1_000, by_digest("sha256:old", answered=6))
    told.note_metrics(NOON_S, by_digest("sha256:new", answered=2))
    assert [each["digest"] for each in only(told.figures(span_s=900))["digests"]] == ["sha256:new"]


def test_memory_is_bounded_and_old_counts_become_coarse() -> None:
    # GIVEN a request every 5 s for 26 hours
    line = Timeline()
    for second in range(0, 26 * 3600, FINE_STEP_S):
        line.add(NOON_S + second, {"requests": 1})
    now_s = NOON_S + 26 * 3600

    assert len(line.fine) <= FINE_SPAN_S // FINE_STEP_S + 1
    assert len(line.coarse) <= (COARSE_SPAN_S - FINE_SPAN_S) // COARSE_STEP_S + 1
    # THEN a day's sum is there to the step
    told = summed(line.steps(now_s, span_s=20 * 3600, step_s=300)).counts["requests"]
    assert told == pytest.approx(20 * 720, abs=COARSE_STEP_S // FINE_STEP_S)


def test_digests_are_forgotten_from_the_one_that_was_silent_longest() -> None:
    told = collector()
    for number in range(MAX_DIGESTS + 3):
        told.note_metrics(NOON_S, by_digest("sha256:steady", answered=100))
        told.note_metrics(NOON_S, by_digest(f"sha256:{number}", answered=1))

    digests = [each["digest"] for each in only(told.figures())["digests"]]

    assert len(digests) == MAX_DIGESTS
    assert digests[0] == "sha256:steady"
    assert "sha256:0" not in digests


def test_a_clock_that_is_set_back_loses_nothing() -> None:
    told = collector()
    told.note_metrics(NOON_S, by_digest("sha256:a", answered=1))
    told.note_metrics(NOON_S - 3_600, by_digest("sha256:a", answered=1))
    assert sum(only(told.figures())["series"]["answered"]) == 2
