"""What watches a function under mocks: the guard on its schedule, what it may touch, alarms and AWS's own budget."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgewise.cost.bound import Allowance, Endpoint, Guard, StackShared
from inference.guard.handler import _VARIABLES as READ_BY_THE_GUARD
from inference.telemetry import FUNCTION, NAMESPACE, UNACCOUNTED_REQUESTS
from infra.bundle import HomeZip
from infra.components.alarms import CHILDREN as STACK_ALARMS
from infra.components.alarms import PERIOD_S, PERIODS, StackAlarms, StackAlarmsArgs
from infra.components.disconnect import DisconnectArgs, Watched
from infra.components.spend_guard import ALARMS, SpendGuard, SpendGuardArgs
from infra.limits import STAND_IN_ACCOUNT
from tests.unit.infra.program import Declared, Recorder, statements, under_mocks

TAGS = {"edgewise:environment": "dev", "edgewise:function": "face-match"}
NAME = "edgewise-dev-face-match"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ZIP = HomeZip(path=Path("guard.zip"), sha256="0" * 64, runtime="python3.13", handler="inference.guard.handler.handler")
WATCHED = Watched(
    function="face-match",
    stack="dev",
    table_name="edgewise-dev-ledger",
    table_arn="arn:table",
    store_arn="arn:store",
    distribution_id="E1",
    distribution_arn="arn:distribution",
    web_acl_arn="arn:acl",
    web_acl=NAME,
    gate=NAME,
    edge_function=NAME,
    edge_function_arn="arn:edge",
    topic_arn="arn:topic",
    account=STAND_IN_ACCOUNT,
)


def guard(on_flood: str = "disconnect", allowance: Allowance | None = None, counted: Guard | None = None) -> SpendGuard:
    disconnect = DisconnectArgs(
        physical_name=f"{NAME}-guard",
        schedule_role_name=f"{NAME}-clock",
        home_zip=ZIP,
        counted=counted or Guard(),
        watched=WATCHED,
        on_flood=on_flood,
        allowance=allowance or Allowance(),
        log_retention_days=14,
        tags=TAGS,
    )
    return SpendGuard(
        f"{NAME}-guard",
        SpendGuardArgs(
            physical_name=NAME, budget_usd=45, allowance=disconnect.allowance, disconnect=disconnect, tags=TAGS
        ),
    )


def stack_alarms() -> StackAlarms:
    args = StackAlarmsArgs(
        prefix="edgewise-dev",
        table="edgewise-dev-ledger",
        settle="edgewise-dev-settle",
        dead_letters="edgewise-dev-settle-dead-letters",
        topic_arn="arn:topic",
        tags=TAGS,
    )
    return StackAlarms("edgewise-dev-alarms", args)


@pytest.fixture(scope="module")
def declared() -> Recorder:
    return under_mocks(guard)


def alarms(recorder: Recorder) -> dict[str, Declared]:
    return {each.properties["name"]: each for each in recorder.all(ALARM)}


def test_the_guard_is_what_the_bound_counts_with_a_concurrency_of_its_own(declared: Recorder) -> None:
    function = declared.only("aws:lambda/function:Function").properties

    assert (function["memorySize"], function["timeout"]) == (Guard().memory_mb, Guard().timeout_s)
    assert function["name"] == f"{NAME}-guard"
    assert function["reservedConcurrentExecutions"] == 1
    assert function["handler"] == "inference.guard.handler.handler"
    log = declared.only("aws:cloudwatch/logGroup:LogGroup").properties
    assert (log["name"], log["retentionInDays"]) == (f"/aws/lambda/{NAME}-guard", 14)


def test_the_guard_is_told_what_it_reads(declared: Recorder) -> None:
    told = declared.only("aws:lambda/function:Function").properties["environment"]["variables"]

    assert set(told) == set(READ_BY_THE_GUARD)
    assert (told["FUNCTION"], told["STACK"], told["DISTRIBUTION_ID"]) == ("face-match", "dev", "E1")
    assert (told["ALLOWANCE_FIREWALL"], told["ALLOWANCE_GATE"], told["ALLOWANCE_LEDGER"]) == (
        "1000000",
        "300000",
        "5000",
    )
    assert told["ON_FLOOD"] == "disconnect"


def test_it_looks_as_often_as_the_bound_counts_and_never_again_at_once(declared: Recorder) -> None:
    schedule = declared.only("aws:scheduler/schedule:Schedule").properties
    once = declared.only("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig").properties

    assert schedule["scheduleExpression"] == "rate(5 minutes)"
    assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
    assert schedule["target"]["retryPolicy"]["maximumRetryAttempts"] == 0
    # A schedule hands the call over and Lambda would try it twice more: one attempt in all.
    assert once["maximumRetryAttempts"] == Guard().attempts - 1 == 0


def test_the_schedule_may_run_this_guard_only(declared: Recorder) -> None:
    policy = statements(declared, POLICY, f"{NAME}-guard-function-schedule-permissions")
    role = declared.only("aws:iam/role:Role", f"{NAME}-guard-function-schedule-role").properties

    assert policy["RunTheGuard"]["Action"] == "lambda:InvokeFunction"
    assert policy["RunTheGuard"]["Resource"] == f"arn:{NAME}-guard-function-lambda"
    (trust,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": STAND_IN_ACCOUNT}}


def test_the_guard_may_touch_its_own_function_only(declared: Recorder) -> None:
    policy = statements(declared, POLICY, f"{NAME}-guard-function-permissions")

    touched = {sid: statement["Resource"] for sid, statement in policy.items()}
    assert touched == {
        "ReadMetrics": "*",
        "ReadCounterAndMemory": "arn:table",
        "Remember": "arn:table",
        "CloseTheGate": "arn:store",
        "DisableTheDistribution": "arn:distribution",
        "KeepItsFunction": "arn:edge:*",
        "KeepItsFirewall": "arn:acl",
        "TellPeople": "arn:topic",
        "WriteOwnLogs": f"arn:{NAME}-guard-function-log-group:*",
    }
    keys = {sid: policy[sid]["Condition"]["ForAllValues:StringEquals"] for sid in ("ReadCounterAndMemory", "Remember")}
    assert keys["ReadCounterAndMemory"] == {
        "dynamodb:LeadingKeys": ["counter#face-match#cloudfront", "guard#face-match"]
    }
    assert keys["Remember"] == {"dynamodb:LeadingKeys": ["guard#face-match"]}


def test_every_alarm_speaks_to_the_topic_and_says_what_to_do(declared: Recorder) -> None:
    rung = alarms(declared) | alarms(under_mocks(stack_alarms))

    assert len(rung) == len(ALARMS) + len(STACK_ALARMS)
    for alarm in rung.values():
        assert alarm.properties["alarmActions"] == ["arn:topic"]
        assert "To do: " in alarm.properties["alarmDescription"]
        assert alarm.properties["treatMissingData"] == "notBreaching"
        # One metric each: an alarm is charged by its metrics.
        assert alarm.properties["metricName"]
        assert not {"metricQueries", "okActions", "insufficientDataActions"} & set(alarm.properties)


def test_the_bound_counts_the_alarms_that_are_declared(declared: Recorder) -> None:
    defaults = {name: field.default for name, field in Endpoint.__dataclass_fields__.items()}

    assert len(alarms(declared)) == defaults["alarms"]
    assert len(alarms(under_mocks(stack_alarms))) == StackShared(stack="dev").alarms
    assert defaults["alarm_period_s"] == StackShared(stack="dev").alarm_period_s == PERIOD_S
    for alarm in alarms(declared).values():
        # Both periods must be good before it can ring again, so it can't ring oftener than every second one.
        assert (alarm.properties["period"], alarm.properties["evaluationPeriods"]) == (PERIOD_S, PERIODS)
        assert PERIODS >= 2
        assert alarm.properties["datapointsToAlarm"] == 1


def test_alarms_look_at_metrics_that_exist(declared: Recorder) -> None:
    looked = {
        name.removeprefix(f"{NAME}-"): (
            each.properties["namespace"],
            each.properties["metricName"],
            each.properties["dimensions"],
        )
        for name, each in alarms(declared).items()
    }

    assert looked == {
        "blocked": ("AWS/WAFV2", "BlockedRequests", {"WebACL": NAME, "Rule": "ALL"}),
        "errors": ("AWS/CloudFront", "5xxErrorRate", {"DistributionId": "E1", "Region": "Global"}),
        "missing-receipts": (NAMESPACE, UNACCOUNTED_REQUESTS, {FUNCTION: "face-match"}),
        "guard-errors": ("AWS/Lambda", "Errors", {"FunctionName": f"{NAME}-guard"}),
    }
    assert {each.properties["region"] for each in declared.all(ALARM)} == {"us-east-1"}


@pytest.mark.parametrize(
    ("allowance", "blocked", "missing"),
    [(Allowance(), 10_000, 2_500), (Allowance(firewall=99, gate=1, ledger=1), 0, 0)],
)
def test_thresholds_follow_the_allowances(allowance: Any, blocked: int, missing: int) -> None:
    found = alarms(under_mocks(lambda: guard(allowance=allowance)))

    assert found[f"{NAME}-blocked"].properties["threshold"] == blocked
    assert found[f"{NAME}-missing-receipts"].properties["threshold"] == missing


def test_the_blocked_alarm_says_what_the_guard_will_do() -> None:
    ends = alarms(under_mocks(guard))[f"{NAME}-blocked"].properties["alarmDescription"]
    stays = alarms(under_mocks(lambda: guard("stay_up")))[f"{NAME}-blocked"].properties["alarmDescription"]

    assert "disables the distribution" in ends
    assert "lets them be blocked" in stays


def test_the_budget_counts_what_carries_the_functions_tag(declared: Recorder) -> None:
    budget = declared.only("aws:budgets/budget:Budget").properties

    assert (budget["name"], budget["limitAmount"], budget["limitUnit"]) == (f"{NAME}-budget", "45.0", "USD")
    assert (budget["budgetType"], budget["timeUnit"]) == ("COST", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:edgewise:function$face-match"]}]
    told = [(each["notificationType"], each["threshold"]) for each in budget["notifications"]]
    assert told == [("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)]
    assert {tuple(each["subscriberSnsTopicArns"]) for each in budget["notifications"]} == {("arn:topic",)}


def test_a_slower_guard_is_scheduled_slower() -> None:
    slow = under_mocks(lambda: guard(counted=replace(Guard(), interval_s=900)))

    assert slow.only("aws:scheduler/schedule:Schedule").properties["scheduleExpression"] == "rate(15 minutes)"
