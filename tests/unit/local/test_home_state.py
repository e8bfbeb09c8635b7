"""Reading a stack's home Region out of its state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgewise.local.stack.homemodel import AlarmQuery, EventSource, Metric, Schedule
from edgewise.local.stack.model import LocalEdgeError, LocalStack
from edgewise.local.stack.state import parse_state
from tests.edge import handmade as by_hand
from tests.edge.handmade import HandmadeStack
from tests.unit.local import home_resources as home

Read = Callable[..., LocalStack]


@pytest.fixture
def read(handmade: HandmadeStack, tmp_path: Path) -> Read:
    def make(*extra: dict[str, Any]) -> LocalStack:
        handmade.extra = list(extra)
        state = handmade.state()
        home.table_with_stream(state)
        return parse_state(state, project=tmp_path)

    return make


def test_reads_a_whole_home_region(read: Read, tmp_path: Path) -> None:
    # GIVEN one of each WHEN the state is read
    stack = read(*home.everything(tmp_path))

    # THEN the home function is none of the edge's, with its variables and its own retries
    assert list(stack.functions) == [by_hand.LAMBDA_ARN]
    settle = stack.home_functions[home.SETTLE_ARN]
    assert (settle.arn, settle.region, settle.version) == (home.SETTLE_ARN, home.REGION, "$LATEST")
    assert settle.environment == {"TOPIC_ARN": home.TOPIC_ARN}
    assert (settle.reserved_concurrency, settle.async_retries, settle.async_age_s) == (2, 0, 60)
    assert (settle.memory_mb, settle.timeout_s) == (128, 10)

    # AND the rest is there
    assert stack.tables[0].stream_arn == home.STREAM_ARN
    assert stack.home.event_sources == (
        EventSource(
            name="settle",
            stream_arn=home.STREAM_ARN,
            function_arn=home.SETTLE_ARN,
            starting_position="TRIM_HORIZON",
            enabled=True,
            batch_size=25,
            window_s=1,
            filters=(home.PATTERN,),
            report_item_failures=True,
            retries=2,
            record_age_s=3600,
            bisect=True,
            parallel=1,
            on_failure_arn=home.QUEUE_ARN,
        ),
    )
    assert stack.home.schedules == (
        Schedule(
            name="guard",
            arn=f"arn:aws:scheduler:{home.REGION}:{by_hand.ACCOUNT}:schedule/default/guard",
            every_minutes=5,
            target_arn=home.SETTLE_ARN,
            input="{}",
            enabled=True,
            retries=0,
            max_age_s=86_400,
        ),
    )
    assert stack.home.topics[0].arn == home.TOPIC_ARN
    assert (stack.home.subscriptions[0].protocol, stack.home.subscriptions[0].endpoint) == ("email", "ops@example.org")
    assert stack.home.queues[0].attributes == {"MessageRetentionPeriod": "1209600"}
    assert (stack.home.dashboards[0].name, stack.home.dashboards[0].body) == ("edgewise-local", '{"widgets": []}')
    budget = stack.home.budgets[0]
    assert (budget.limit, budget.notifications[0].kind, budget.notifications[0].threshold) == ("45.0", "FORECASTED", 80)


def test_an_alarm_of_one_metric_is_one_query(read: Read, tmp_path: Path) -> None:
    (alarm,) = read(*home.everything(tmp_path)).home.alarms

    assert alarm.queries == (
        AlarmQuery(
            id="m1",
            metric=Metric(
                namespace="AWS/SQS",
                name="ApproximateNumberOfMessagesVisible",
                dimensions={"QueueName": "letters"},
                statistic="Maximum",
                period_s=60,
            ),
            expression="",
            returns=True,
        ),
    )
    assert (alarm.threshold, alarm.evaluation_periods, alarm.datapoints_to_alarm) == (0, 3, 3)
    assert (alarm.missing_data, alarm.alarm_actions) == ("notBreaching", (home.TOPIC_ARN,))


def test_an_alarm_of_queries(read: Read) -> None:
    metric = {"metricName": "Requests", "namespace": "AWS/CloudFront", "period": 60, "stat": "Sum"}
    queries = [{"id": "e1", "expression": "m1 * 2", "returnData": True}, {"id": "m1", "metric": metric}]

    (alarm,) = read(home.topic(), home.alarm(metricQueries=queries)).home.alarms

    assert [(query.id, query.returns, query.expression) for query in alarm.queries] == [
        ("e1", True, "m1 * 2"),
        ("m1", False, ""),
    ]
    assert alarm.queries[1].metric is not None
    assert alarm.queries[1].metric.statistic == "Sum"


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ([home.schedule(scheduleExpression="cron(0 0 * * ? *)")], "cron"),
        ([home.schedule(flexibleTimeWindow={"mode": "FLEXIBLE", "maximumWindowInMinutes": 5})], "FLEXIBLE"),
        ([home.schedule()], f"function {home.SETTLE_ARN} is not in the stack"),
        ([home.mapping()], f"function {home.SETTLE_ARN} is not in the stack"),
        ([home.subscription()], f"topic {home.TOPIC_ARN} is not in the stack"),
        ([home.alarm(metricName="a", period=60, statistic="Sum")], f"action {home.TOPIC_ARN} is not in the stack"),
        ([home.topic(), home.alarm(metricQueries=[{"id": "e1", "expression": "1"}])], "returnData"),
        ([home.budget()], f"topic {home.TOPIC_ARN} is not in the stack"),
        ([home.queue() | {"inputs": {"name": "q", "fifoQueue": True}}], "fifoQueue"),
    ],
)
def test_refuses_by_name(read: Read, extra: list[dict[str, Any]], named: str) -> None:
    with pytest.raises(LocalEdgeError, match=named.replace("(", r"\(").replace("$", r"\$")):
        read(*extra)


def test_a_home_function_takes_no_layers(read: Read, tmp_path: Path) -> None:
    settle = home.settle(tmp_path)
    settle["inputs"]["layers"] = ["arn:aws:lambda:x"]

    with pytest.raises(LocalEdgeError, match="layers is not imitated"):
        read(settle)


def test_addresses_and_variables_stay_out_of_representations(read: Read, tmp_path: Path) -> None:
    shown = repr(read(*home.everything(tmp_path)))

    assert "ops@example.org" not in shown
    assert "TOPIC_ARN" not in shown
