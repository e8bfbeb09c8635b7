"""Records that settle gives up."""

from __future__ import annotations

from policies.bounded_spend.dead_letters import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_sqs_keeps_four_days_where_nothing_is_said() -> None:
    stack = good_endpoint().changed("dead-letters", messageRetentionSeconds=None).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_a_mapping_without_a_destination() -> None:
    stack = good_endpoint().changed("mapping", links={"destinationConfig": ()}, destinationConfig=None).stack()
    assert names(RULE, stack) == ["mapping"]
    assert figures(RULE, stack) == ["destinationConfig.onFailure names no queue of this program"]


def test_a_destination_that_is_no_queue() -> None:
    stack = good_endpoint().changed("mapping", links={"destinationConfig": "topic"}).stack()
    assert names(RULE, stack) == ["mapping"]


def test_a_queue_that_forgets_within_an_hour() -> None:
    stack = good_endpoint().changed("dead-letters", messageRetentionSeconds=3600.0).stack()
    assert names(RULE, stack) == ["dead-letters"]
    assert figures(RULE, stack) == ["messageRetentionSeconds is 3600, less than 86400"]
    assert RULE.judge(stack, {"shortest_s": 3600}).answer is Answer.COMPLIANT


def test_a_retention_that_is_not_known() -> None:
    stack = good_endpoint().changed("dead-letters", messageRetentionSeconds=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_queue_worker_is_not_asked() -> None:
    stack = (
        Parts()
        .put("jobs", "aws:sqs/queue:Queue", name="jobs")
        .put("worker", "aws:lambda/function:Function", name="worker")
        .put(
            "mapping",
            "aws:lambda/eventSourceMapping:EventSourceMapping",
            {"eventSourceArn": "jobs", "functionName": "worker"},
        )
        .stack()
    )
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
