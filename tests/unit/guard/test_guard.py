"""What the guard does at an allowance's end, once, whatever dies in between."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.dynamodb import ConditionFailedError
from inference.guard import handler as module
from inference.guard.counts import seen
from inference.guard.handler import GuardError
from inference.telemetry import EDGE_REGIONS
from tests.unit.guard.world import ALLOWANCES, NAMES, GuardCloud, guard, passed
from tests.unit.settle.world import FUNCTION, MIDNIGHT_S, NOON_S, CrashError, Faults

DECEMBER_S = MIDNIGHT_S + 6 * 86_400
NOVEMBER_S = DECEMBER_S - 30 * 86_400
CLOSED = f"closed/{FUNCTION}/2026-11/ledger-{{}}-{{}}"
DISCONNECTED = f"disconnected/{FUNCTION}/2026-11/{{}}-{{}}-{{}}"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("inference.settle.store._PAUSE_S", 0.0)


def test_seventeen_metrics_are_read_where_they_stand() -> None:
    cloud = GuardCloud()
    cloud.sums = {(region, "calls"): 2 for region in EDGE_REGIONS}
    sums = {"blocked": 7, "blocked_by_default": 9, "executions": 50, "calls": 3, "calls_plain": 4}
    cloud.sums.update({("us-east-1", key): value for key, value in sums.items()})
    found = seen(cloud.metrics, NAMES, since_s=NOVEMBER_S, now_s=NOON_S)
    assert (found.blocked, found.executions, found.invocations, found.missing) == (9, 50, 12 * 2 + 4, ())
    first = {asked["region"]: asked for asked in cloud.asked if "NextToken" not in asked}
    assert set(first) == set(EDGE_REGIONS)
    assert sum(len(asked["MetricDataQueries"]) for asked in first.values()) == 17
    home = {query["Id"]: query["MetricStat"] for query in first["us-east-1"]["MetricDataQueries"]}
    assert home["calls"]["Metric"]["Dimensions"] == [{"Name": "FunctionName", "Value": "us-east-1.edgewise-test-fm"}]
    assert home["executions"]["Metric"]["Dimensions"][1] == {"Name": "Region", "Value": "Global"}
    assert {stat["Period"] for stat in home.values()} == {86_400}
    assert (first["sa-east-1"]["StartTime"], first["sa-east-1"]["EndTime"]) == (NOVEMBER_S, NOON_S + 1)


def test_nothing_refused_is_nothing_done() -> None:
    cloud = GuardCloud()
    passed(cloud, granted=500, used=400)
    cloud.sums = {("us-east-1", "executions"): 400, ("eu-west-1", "calls"): 400}
    guard(cloud).run()
    guard(cloud).run()
    assert cloud.messages == [] and cloud.puts == [] and cloud.enabled
    # AND the memory is written once only
    assert cloud.items[f"guard#{FUNCTION}"]["revision"] == {"N": "1"}


def test_calls_without_a_lease_close_the_gate_to_the_months_end() -> None:
    cloud = GuardCloud()
    passed(cloud, granted=500, used=400)
    cloud.sums = {("us-east-1", "executions"): 500, ("eu-west-1", "calls"): 300, ("ap-south-1", "calls"): 200}
    guard(cloud, allowances={"ledger": 100}).run()
    assert cloud.values["closed_until"] == str(DECEMBER_S)
    assert cloud.alert_ids == [CLOSED.format(1, 100)]
    assert cloud.enabled
    text = cloud.messages[0]["Message"]
    assert "100 requests called Lambda without a lease in 2026-11" in text and "2026-12-01 00:00 UTC" in text
    item = cloud.items[f"guard#{FUNCTION}"]
    assert item["closed_at"] == {"N": str(NOON_S)} and item["pending"] == {"S": "[]"}


@pytest.mark.parametrize(("gate", "metric"), [("firewall", "blocked"), ("gate", "executions")])
def test_a_flood_disables_the_distribution_and_the_alert_says_why(gate: str, metric: str) -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", metric): 10_000}
    guard(cloud).run()
    assert not cloud.enabled and cloud.updates == 1 and cloud.puts == []
    assert cloud.alert_ids == [DISCONNECTED.format(gate, 1, 100)]
    assert re.search(r"10,000 requests (blocked by the firewall|refused by the gate)", cloud.messages[0]["Message"])


def test_a_flood_that_stays_up_is_left_alone() -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 10**7, ("us-east-1", "executions"): 10**7}
    guard(cloud, allowances={"ledger": 100}).run()
    assert cloud.enabled and cloud.messages == []


def test_it_warns_once_at_80_percent() -> None:
    cloud = GuardCloud()
    for blocked in (7_999, 8_000, 9_000, 9_999):
        cloud.sums = {("us-east-1", "blocked"): blocked}
        guard(cloud).run()
    assert cloud.alert_ids == [DISCONNECTED.format("firewall", 1, 80)]
    assert "will be disabled" in cloud.messages[0]["Message"]
    assert cloud.enabled


def test_it_acts_again_only_after_another_whole_allowance() -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 12_000}
    guard(cloud).run()
    # WHEN somebody enables it again, and late metrics and new refusals come in
    cloud.enabled = True
    for blocked in (13_000, 19_000, 21_999):
        cloud.sums = {("us-east-1", "blocked"): blocked}
        guard(cloud).run()
    assert cloud.enabled
    cloud.sums = {("us-east-1", "blocked"): 22_000}
    guard(cloud).run()
    assert not cloud.enabled and cloud.updates == 2
    ids = [DISCONNECTED.format("firewall", 1, 100), DISCONNECTED.format("firewall", 2, 80)]
    assert cloud.alert_ids == [*ids, DISCONNECTED.format("firewall", 3, 100)]


def test_a_new_month_begins_anew() -> None:
    cloud = GuardCloud()
    passed(cloud, granted=500, used=400)
    cloud.sums = {("us-east-1", "blocked"): 12_000}
    guard(cloud).run()
    cloud.enabled, cloud.sums = True, {("us-east-1", "blocked"): 9_000}
    guard(cloud, now_s=DECEMBER_S + 60).run()
    assert cloud.enabled
    item = cloud.items[f"guard#{FUNCTION}"]
    assert (item["month"], item["used_base"], item["acted_firewall"]) == ({"S": "2026-12"}, {"N": "400"}, {"N": "0"})
    assert item["disconnected_at"] == {"N": str(NOON_S)}


def test_what_the_month_before_used_is_not_passed_in_this_one() -> None:
    cloud = GuardCloud()
    passed(cloud, granted=500, used=400)
    guard(cloud).run()
    # GIVEN December's first run, when nothing was granted yet, WHEN 50 calls pass and 160 come
    guard(cloud, now_s=DECEMBER_S + 60).run()
    stream_item = cloud.items[f"counter#{FUNCTION}#cloudfront"]
    stream_item |= {"day": {"S": "2026-12-01"}, "month_remaining": {"N": str(1_000_000 - 60)}, "used": {"N": "450"}}
    cloud.sums = {("us-east-1", "calls"): 149}
    guard(cloud, now_s=DECEMBER_S + 600, allowances={"ledger": 100}).run()
    assert cloud.puts == []
    cloud.sums = {("us-east-1", "calls"): 150}
    guard(cloud, now_s=DECEMBER_S + 900, allowances={"ledger": 100}).run()
    assert cloud.puts == [str(DECEMBER_S + 31 * 86_400)]


def test_a_gate_that_is_stopped_for_longer_stays_so_and_people_are_told() -> None:
    cloud = GuardCloud()
    cloud.values["closed_until"] = "253402300800"
    cloud.sums = {("us-east-1", "calls"): 100}
    guard(cloud, allowances={"ledger": 100}).run()
    assert cloud.values["closed_until"] == "253402300800"
    assert cloud.alert_ids == [CLOSED.format(1, 100)]


def test_somebody_else_who_changes_the_distribution_is_met_once() -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 10_000}
    cloud.faults.refuse["UpdateDistribution"] = ["PreconditionFailed"]
    guard(cloud).run()
    assert not cloud.enabled
    # WHEN it happens twice, THEN the run fails, and the next one does it
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 10_000}
    cloud.faults.refuse["UpdateDistribution"] = ["PreconditionFailed", "InvalidIfMatchVersion"]
    with pytest.raises(GuardError, match="disconnect \\(firewall\\)") as failed:
        guard(cloud).run()
    assert len(str(failed.value)) <= module.MAX_REASON
    assert cloud.enabled and cloud.messages == []
    guard(cloud).run()
    assert not cloud.enabled and cloud.alert_ids == [DISCONNECTED.format("firewall", 1, 100)]


def test_one_deed_that_fails_does_not_hold_up_another() -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 10_000, ("us-east-1", "calls"): 100}
    cloud.faults.refuse["Describe"] = ["AccessDeniedException"]
    with pytest.raises(GuardError, match="close \\(ledger\\)"):
        guard(cloud).run()
    assert not cloud.enabled and len(cloud.messages) == 1
    guard(cloud).run()
    assert cloud.values["closed_until"] == str(DECEMBER_S)
    assert sorted(cloud.alert_ids) == [CLOSED.format(1, 100), DISCONNECTED.format("firewall", 2, 100)]


def test_a_region_that_does_not_answer_fails_the_run_behind_what_is_due() -> None:
    cloud = GuardCloud()
    cloud.away = {"eu-west-2"}
    cloud.sums = {("us-east-1", "calls"): 100}
    with pytest.raises(GuardError, match="eu-west-2: GetMetricData: status 500"):
        guard(cloud, allowances={"ledger": 100}).run()
    assert cloud.values["closed_until"] == str(DECEMBER_S)


def test_two_runs_at_once_decide_once() -> None:
    cloud = GuardCloud()
    cloud.sums = {("us-east-1", "blocked"): 10_000}
    guard(cloud, now_s=NOON_S).run()
    item = copy.deepcopy(cloud.items[f"guard#{FUNCTION}"])
    cloud.sums = {("us-east-1", "blocked"): 20_000}
    # GIVEN another run that wrote the memory between our reading and our writing
    call = cloud.call

    def faster(operation: str, payload: dict[str, Any], *, ends_s: float) -> dict[str, Any]:
        if operation == "UpdateItem":
            cloud.items[f"guard#{FUNCTION}"]["revision"] = {"N": "77"}
        return call(operation, payload, ends_s=ends_s)

    cloud.call = faster  # type: ignore[method-assign]  # a run of its own
    with pytest.raises(ConditionFailedError):
        guard(cloud).run()
    assert {**cloud.items[f"guard#{FUNCTION}"], "revision": item["revision"]} == item and len(cloud.messages) == 1


def flooded() -> GuardCloud:
    cloud = GuardCloud()
    passed(cloud, granted=500, used=400)
    cloud.sums = {("us-east-1", "blocked"): 10_000, ("us-east-1", "calls"): 600}
    return cloud


def calls_of_a_flood() -> list[str]:
    cloud = flooded()
    guard(cloud).run()
    return cloud.faults.calls


@pytest.mark.parametrize("behind", [False, True], ids=["before", "behind"])
@pytest.mark.parametrize("at", range(len(calls_of_a_flood())))
def test_a_run_that_dies_at_any_call_is_finished_by_the_next(at: int, behind: bool) -> None:
    cloud = flooded()
    cloud.faults = Faults(die_at=at, behind=behind)
    with pytest.raises(CrashError):
        guard(cloud).run()
    calls = calls_of_a_flood()
    published = calls[at] == "Publish" and behind
    told_unmarked = published or (calls[at - 1] == "Publish" and not behind)
    cloud.faults = Faults()
    guard(cloud, now_s=NOON_S + 300).run()
    guard(cloud, now_s=NOON_S + 600).run()
    # THEN all is done once, and each alert told once, or twice with one id when the run died behind telling it
    assert not cloud.enabled and cloud.updates == 1 and cloud.puts == [str(DECEMBER_S)]
    counted = Counter(cloud.alert_ids)
    assert set(counted) == {CLOSED.format(1, 100), DISCONNECTED.format("firewall", 2, 100)}
    assert sum(counted.values()) == 2 + told_unmarked
    assert cloud.items[f"guard#{FUNCTION}"]["pending"] == {"S": "[]"}


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_any_flood_with_crashes_and_people_who_open_again(data: st.DataObject) -> None:
    # GIVEN refusals that grow, runs that die, people who enable it again
    cloud, blocked, acted, acts, crashes = GuardCloud(), 0, 0, 0, 0
    for _ in range(data.draw(st.integers(1, 12))):
        blocked += data.draw(st.integers(0, 15_000))
        cloud.sums = {("us-east-1", "blocked"): blocked}
        cloud.enabled = cloud.enabled or data.draw(st.booleans())
        cloud.faults = Faults(die_at=data.draw(st.none() | st.integers(0, 9)), behind=data.draw(st.booleans()))
        try:
            guard(cloud).run()
        except CrashError:
            crashes += 1
        cloud.faults = Faults()
        guard(cloud).run()
        # THEN it acts once a whole allowance, and it is off right after
        if blocked - acted >= ALLOWANCES["firewall"]:
            acts, acted = acts + 1, blocked
            assert not cloud.enabled
    told = Counter(each for each in cloud.alert_ids if each.endswith("-100"))
    assert len(told) == acts and sum(told.values()) <= acts + crashes
    assert cloud.updates <= acts


def test_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in module._VARIABLES:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ValueError, match="FUNCTION, TABLE"):
        module.from_environment()
    for name in module._VARIABLES:
        monkeypatch.setenv(name, "5")
    with pytest.raises(ValueError, match="expected disconnect or stay_up"):
        module.from_environment()
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("ON_FLOOD", "stay_up")
    assert module.from_environment().allowances == {"ledger": 5}
    monkeypatch.setenv("ON_FLOOD", "disconnect")
    assert module.from_environment().allowances == dict.fromkeys(ALLOWANCES, 5)
