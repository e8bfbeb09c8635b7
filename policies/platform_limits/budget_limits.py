"""A budget's notifications are as many and of such kinds as AWS takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import BUDGET
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import BUDGET_ADDRESSES, BUDGET_NOTIFICATIONS, BUDGET_TOPICS

_SUBSCRIBERS: Final = {
    "subscriberSnsTopicArns": ("subscriber_sns_topic_arns", BUDGET_TOPICS),
    "subscriberEmailAddresses": ("subscriber_email_addresses", BUDGET_ADDRESSES),
}


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(BUDGET) if each.get("notifications")]


def _check(budget: Resource, _: Config) -> Iterator[Violation]:
    notifications = [budget.sure(each, "notifications") for each in budget.get("notifications")]
    if len(notifications) > BUDGET_NOTIFICATIONS:
        yield Violation(budget, f"{len(notifications)} notifications, at most {BUDGET_NOTIFICATIONS} are allowed")
    daily = budget.get("timeUnit") == "DAILY"
    for each in notifications:
        if daily and each.get("notificationType") == "FORECASTED":
            yield Violation(
                budget, "a FORECASTED notification on time_unit DAILY", "use notification_type='ACTUAL', or MONTHLY"
            )
        for key, (spelled, most) in _SUBSCRIBERS.items():
            found = each.get(key) or ()
            if isinstance(found, list) and len(found) > most:
                yield Violation(budget, f"{len(found)} {spelled} in a notification, at most {most} are allowed")


RULE: Final = Rule(
    id="budget-limits",
    what=f"A budget has at most {BUDGET_NOTIFICATIONS} notifications, each for at most {BUDGET_TOPICS} topic and "
    f"{BUDGET_ADDRESSES} addresses; a DAILY one asks for no forecast.",
    why="AWS refuses the budget after everything that costs money has been made, so nothing watches it.",
    source="AWS Cost Management User Guide, Quotas and restrictions; AWS Budgets API Reference, CreateBudget",
    fix="split the budget, or let one topic fan out to many subscribers",
    subjects=_subjects,
    check=_check,
)
