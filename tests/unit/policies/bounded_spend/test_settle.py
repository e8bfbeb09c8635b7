"""What reads the ledger's stream."""

from __future__ import annotations

from policies.bounded_spend.settle import RULE
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


def test_nobody_reads() -> None:
    stack = good_endpoint().without("mapping").stack()
    assert names(RULE, stack) == ["table"]
    assert figures(RULE, stack) == ["0 event source mappings read its stream, 1 is asked for"]


def test_a_mapping_that_is_switched_off() -> None:
    stack = good_endpoint().changed("mapping", enabled=False).stack()
    assert names(RULE, stack) == ["mapping"]


def test_a_mapping_into_a_function_that_is_not_here() -> None:
    stack = good_endpoint().changed("mapping", links={"functionName": ()}, functionName="elsewhere").stack()
    assert figures(RULE, stack) == ["functionName names no Lambda function of this program"]


def test_a_mapping_on_another_tables_stream_does_not_count() -> None:
    stack = (
        good_endpoint()
        .put("other", "aws:dynamodb/table:Table", name="other")
        .changed("mapping", links={"eventSourceArn": "other"})
        .stack()
    )
    assert names(RULE, stack) == ["table"]


def test_a_mapping_of_which_nobody_knows_whether_it_runs() -> None:
    stack = good_endpoint().changed("mapping", enabled=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("table", "aws:dynamodb/table:Table", name="queue", streamEnabled=True).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
