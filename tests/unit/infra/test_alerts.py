"""The one topic that everything of a stack speaks to, under mocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.components.alerts import Alerts, AlertsArgs
from infra.components.component import CustomizeError
from infra.limits import STAND_IN_ACCOUNT
from tests.unit.infra.program import statements, under_mocks

TAGS = {"edgewise:environment": "dev"}


def alerts(**changes: Any) -> Alerts:
    args = AlertsArgs(
        topic_name="edgewise-dev-alerts",
        alarm_prefix="edgewise-dev-",
        emails=["a@example.com", "b@example.com"],
        tags=TAGS,
    )
    return Alerts("edgewise-dev-alerts", replace(args, **changes))


def test_everybody_on_the_list_is_subscribed_to_the_one_topic() -> None:
    program = under_mocks(alerts)

    topic = program.only("aws:sns/topic:Topic").properties
    assert topic["name"] == "edgewise-dev-alerts"
    # The AWS-managed key would shut out alarms and budgets.
    assert "kmsMasterKeyId" not in topic
    told = [each.properties for each in program.all("aws:sns/topicSubscription:TopicSubscription")]
    assert {each["endpoint"] for each in told} == {"a@example.com", "b@example.com"}
    assert {(each["protocol"], each["topic"]) for each in told} == {("email", "arn:edgewise-dev-alerts-topic")}


def test_alarms_and_budgets_of_this_account_may_publish_and_nothing_else() -> None:
    policy = statements(under_mocks(alerts), "aws:sns/topicPolicy:TopicPolicy")

    services = {statement["Principal"]["Service"] for statement in policy.values()}
    assert services == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    for statement in policy.values():
        assert statement["Action"] == "sns:Publish"
        assert statement["Resource"] == "arn:edgewise-dev-alerts-topic"
        assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": STAND_IN_ACCOUNT}
    sources = {sid: statement["Condition"]["ArnLike"]["aws:SourceArn"] for sid, statement in policy.items()}
    assert sources == {
        "AlarmsPublish": f"arn:aws:cloudwatch:us-east-1:{STAND_IN_ACCOUNT}:alarm:edgewise-dev-*",
        "BudgetsPublish": f"arn:aws:budgets::{STAND_IN_ACCOUNT}:*",
    }


def test_a_child_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CustomizeError, match=r"customize names nonsense; .* has the children"):
        under_mocks(lambda: alerts(customize={"nonsense": {}}))
