"""What is run again, and how often."""

from __future__ import annotations

from policies.bounded_spend.event_retries import RULE
from policies.core.endpoint import MAPPING
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_a_batch_that_is_retried_until_its_records_expire() -> None:
    stack = good_endpoint().changed("mapping", maximumRetryAttempts=None).stack()
    assert names(RULE, stack) == ["mapping"]
    assert figures(RULE, stack) == [
        "maximumRetryAttempts is not set: until the record expires; 0 to 2 is asked for",
    ]


def test_a_batch_that_is_retried_often() -> None:
    stack = good_endpoint().changed("mapping", maximumRetryAttempts=100.0).stack()
    assert figures(RULE, stack) == ["maximumRetryAttempts is 100; 0 to 2 is asked for"]
    assert RULE.judge(stack, {"most_retries": 100}).answer is Answer.COMPLIANT


def test_a_batch_that_is_split() -> None:
    stack = good_endpoint().changed("mapping", bisectBatchOnFunctionError=True).stack()
    assert figures(RULE, stack)[0].startswith("bisectBatchOnFunctionError is true")


def test_dead_letters_that_come_back() -> None:
    parts = good_endpoint().put(
        "again", MAPPING, {"eventSourceArn": "dead-letters", "functionName": "settle"}, functionName=UNKNOWN
    )
    assert names(RULE, parts.stack()) == ["again"]
    elsewhere = parts.changed("again", links={"functionName": "guard"})
    assert RULE.judge(elsewhere.stack()).answer is Answer.COMPLIANT


def test_a_schedule_with_its_default_retries() -> None:
    target = {"arn": UNKNOWN, "roleArn": UNKNOWN}
    stack = good_endpoint().changed("schedule", target=target).stack()
    assert names(RULE, stack) == ["schedule"]
    assert figures(RULE, stack) == ["target.retryPolicy.maximumRetryAttempts is 185, more than 0"]


def test_a_guard_that_lambda_runs_again() -> None:
    assert figures(RULE, good_endpoint().without("guard-once").stack()) == [
        "Lambda repeats a failed run 2 times, more than 0"
    ]
    stack = good_endpoint().changed("guard-once", maximumRetryAttempts=1.0).stack()
    assert names(RULE, stack) == ["guard"]


def test_a_limit_that_names_the_guard_in_plain() -> None:
    stack = good_endpoint().changed("guard-once", links={"functionName": ()}).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT


def test_retries_that_are_not_known() -> None:
    stack = good_endpoint().changed("mapping", maximumRetryAttempts=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_queue_worker_is_not_asked() -> None:
    stack = Parts().put("jobs", "aws:sqs/queue:Queue").put("mapping", MAPPING, {"eventSourceArn": "jobs"}).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
