"""Alarms that somebody hears."""

from __future__ import annotations

import pytest

from policies.bounded_spend.alarms_ring import COMPOSITE, RULE
from policies.core.endpoint import endpoints
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names

ENDPOINT = ("errors-alarm", "blocked-alarm")
SETTLE = ("settle-alarm", "dead-letters-alarm")


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize(
    ("gone", "resource", "part"),
    [
        (ENDPOINT, "distribution", "endpoint"),
        (SETTLE, "settle", "settle function"),
        (("throttles-alarm",), "table", "ledger"),
        (("guard-alarm",), "guard", "guard"),
    ],
)
def test_a_part_that_nobody_watches(gone: tuple[str, ...], resource: str, part: str) -> None:
    stack = good_endpoint().without(*gone).stack()
    assert names(RULE, stack) == [resource]
    assert figures(RULE, stack) == [f"0 alarms of this program watch the {part}, 1 is asked for"]


def test_an_alarm_without_an_action() -> None:
    stack = good_endpoint().changed("guard-alarm", links={"alarmActions": ()}, alarmActions=[]).stack()
    assert names(RULE, stack) == ["guard-alarm"]
    assert "alarmActions names no SNS topic" in figures(RULE, stack)[0]


def test_actions_that_are_switched_off() -> None:
    stack = good_endpoint().changed("guard-alarm", actionsEnabled=False).stack()
    assert figures(RULE, stack) == ["the alarm of the guard rings nowhere: actionsEnabled is false"]


def test_a_topic_without_a_subscription_silences_all() -> None:
    stack = good_endpoint().without("subscription").stack()
    assert set(names(RULE, stack)) >= {*ENDPOINT[:1], *SETTLE, "throttles-alarm", "guard-alarm"}
    assert figures(RULE, stack)[0].endswith("the topic topic has 0 subscriptions")


def test_a_composite_alarm_speaks_for_its_parts() -> None:
    parts = good_endpoint().changed("guard-alarm", links={"alarmActions": ()}, alarmActions=[])
    heard = parts.put("all", COMPOSITE, {"alarmRule": "guard-alarm", "alarmActions": "topic"}, alarmRule=UNKNOWN)
    assert RULE.judge(heard.stack()).answer is Answer.COMPLIANT
    silent = parts.put("all", COMPOSITE, {"alarmRule": "guard-alarm"}, alarmRule=UNKNOWN)
    assert names(RULE, silent.stack()) == ["guard-alarm"]


def test_a_dimension_written_as_a_name_counts() -> None:
    stack = good_endpoint().changed("throttles-alarm", links={"dimensions": ()}).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_an_alarm_of_another_table_does_not_count() -> None:
    stack = good_endpoint().changed("throttles-alarm", {"dimensions": ()}, dimensions={"TableName": "other"}).stack()
    assert names(RULE, stack) == ["table"]


def test_metric_mathematics_name_what_they_watch() -> None:
    queries = [{"id": "m1", "metric": {"dimensions": {"TableName": "edgewise-test-ledger"}}}]
    changed = good_endpoint().changed("throttles-alarm", {"dimensions": ()}, dimensions=None, metricQueries=queries)
    assert RULE.judge(changed.stack()).answer is Answer.COMPLIANT


def test_two_endpoints_share_a_ledger_and_its_alarm() -> None:
    stack = good_endpoint().without("throttles-alarm").stack()
    stack.memory["endpoints"] = endpoints(stack) * 2
    assert names(RULE, stack) == ["table"]


def test_an_action_of_which_nobody_knows_whether_it_is_on() -> None:
    stack = good_endpoint().changed("guard-alarm", actionsEnabled=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("alarm", "aws:cloudwatch/metricAlarm:MetricAlarm", namespace="AWS/SQS").stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
