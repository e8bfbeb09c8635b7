"""A budget that somebody hears of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.bounded_spend._around import is_heard
from policies.core.endpoint import BUDGET, InferenceEndpoint, endpoints
from policies.core.resource import UNKNOWN, Resource
from policies.core.rule import Config, Rule, Violation

_FULL_PERCENT: Final = 100


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    budgets = [each for each in endpoint.stack.of(BUDGET) if _covers(each, endpoint)]
    if not budgets:
        yield Violation(
            endpoint.distribution,
            "0 budgets of this program count it: none is without filters, and none filters by one of its tags",
            "add budgets.Budget(budget_type='COST', cost_filters=[{'name': 'TagKeyValue', 'values': "
            "['user:edgewise:function$<function>']}], notifications=[…]) with a tag of the distribution",
        )
    elif not any(_tells(endpoint, each) for each in budgets):
        yield Violation(budgets[0], "0 of its notifications come at 100 % or earlier and have a subscriber")


def _covers(budget: Resource, endpoint: InferenceEndpoint) -> bool:
    if budget.get("filterExpression"):
        tags = budget.get("filterExpression", "tags", default={})
        return endpoint.tags.get(tags.get("key")) in tags.get("values", ())
    if str(budget.get("budgetType", default="COST")) != "COST":
        return False
    ours = {f"user:{key}${value}" for key, value in endpoint.tags.items()}
    return all(
        each.get("name") == "TagKeyValue" and ours & set(each.get("values", ()))
        for each in budget.get("costFilters", default=())
    )


def _tells(endpoint: InferenceEndpoint, budget: Resource) -> bool:
    topics = budget.linked("notifications", ":Topic")
    heard = any(is_heard(endpoint.stack, topic) for topic in topics)
    limit = float(budget.get("limitAmount", default=0))
    return any(_subscribed(each, heard) and _in_time(each, limit) for each in budget.get("notifications", default=()))


def _subscribed(notification: Mapping[str, Any], heard: bool) -> bool:
    if notification is UNKNOWN:
        return False
    return bool(notification.get("subscriberEmailAddresses")) or (
        heard and bool(notification.get("subscriberSnsTopicArns"))
    )


def _in_time(notification: Mapping[str, Any], limit: float) -> bool:
    asked = notification.get("threshold", 0)
    full = limit if notification.get("thresholdType") == "ABSOLUTE_VALUE" else _FULL_PERCENT
    return bool(asked is not UNKNOWN and asked <= full)


RULE: Final = Rule(
    id="budget-notifies",
    what="A cost budget counts the inference endpoint and tells a subscriber at 100 % or earlier.",
    why="AWS's own budget is the backstop, a day late: it sees what no control here counts. Without a subscriber it "
    "tells nobody.",
    source="AWS Cost Management User Guide, Best practices for AWS Budgets; docs/adr/0009-spend-guard.md",
    fix="give the budget a notification with threshold=100, threshold_type='PERCENTAGE' and "
    "subscriber_email_addresses, or subscriber_sns_topic_arns=[topic.arn] with an sns.TopicSubscription on the topic",
    subjects=endpoints,
    check=_check,
)
