"""Budgets that somebody hears of."""

from __future__ import annotations

from typing import Any

import pytest

from policies.bounded_spend.budget_notifies import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names

MAIL: dict[str, Any] = {
    "notificationType": "ACTUAL",
    "subscriberEmailAddresses": ["edge-platform@example.com"],
    "threshold": 100.0,
    "thresholdType": "PERCENTAGE",
}


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_a_mail_address_is_a_subscriber() -> None:
    stack = good_endpoint().changed("budget", {"notifications": ()}, notifications=[MAIL]).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


@pytest.mark.parametrize(
    "changes",
    [
        {"costFilters": None},
        {
            "costFilters": None,
            "filterExpression": {"tags": {"key": "edgewise:function", "values": ["face-match"]}},
        },
    ],
)
def test_other_ways_to_count_it(changes: dict[str, Any]) -> None:
    assert RULE.judge(good_endpoint().changed("budget", **changes).stack()).answer is Answer.COMPLIANT


def test_no_budget() -> None:
    stack = good_endpoint().without("budget").stack()
    assert names(RULE, stack) == ["distribution"]
    assert figures(RULE, stack)[0].startswith("0 budgets of this program count it")


@pytest.mark.parametrize(
    "changes",
    [
        {"costFilters": [{"name": "TagKeyValue", "values": ["user:edgewise:function$other"]}]},
        {"costFilters": [{"name": "Service", "values": ["Amazon Simple Storage Service"]}]},
        {"costFilters": None, "filterExpression": {"tags": {"key": "edgewise:function", "values": ["other"]}}},
        {"costFilters": None, "filterExpression": {"dimensions": {"key": "SERVICE", "values": ["AWS Lambda"]}}},
        {"budgetType": "USAGE"},
    ],
)
def test_a_budget_about_something_else(changes: dict[str, Any]) -> None:
    assert names(RULE, good_endpoint().changed("budget", **changes).stack()) == ["distribution"]


def test_a_topic_that_nobody_subscribed() -> None:
    stack = good_endpoint().without("subscription").stack()
    assert names(RULE, stack) == ["budget"]
    assert figures(RULE, stack) == ["0 of its notifications come at 100 % or earlier and have a subscriber"]


@pytest.mark.parametrize(
    "notification",
    [
        MAIL | {"subscriberEmailAddresses": []},
        MAIL | {"threshold": 1000.0},
        MAIL | {"threshold": 61.0, "thresholdType": "ABSOLUTE_VALUE"},
    ],
)
def test_a_notification_that_reaches_nobody_in_time(notification: dict[str, Any]) -> None:
    stack = good_endpoint().changed("budget", {"notifications": ()}, notifications=[notification]).stack()
    assert names(RULE, stack) == ["budget"]


def test_an_absolute_threshold_within_the_limit() -> None:
    notification = MAIL | {"threshold": 60.0, "thresholdType": "ABSOLUTE_VALUE"}
    stack = good_endpoint().changed("budget", {"notifications": ()}, notifications=[notification]).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_filters_that_are_not_known() -> None:
    stack = good_endpoint().changed("budget", costFilters=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("budget", "aws:budgets/budget:Budget", budgetType="COST").stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
