"""Where receipts go."""

from __future__ import annotations

import pytest

from policies.core.endpoint import BUCKET, LAMBDA, MAPPING
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.data_flow._sinks import FIREHOSE, STREAM
from policies.data_flow.one_sink import COPIES, REPLICATION, RULE
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def _with_lake(*more: str) -> Parts:
    parts = good_endpoint().put("lake", BUCKET, bucket="lake")
    return parts.changed("settle-policy", links={"policy": ("table", "dead-letters", "lake", *more)})


def test_a_good_endpoint_is_compliant() -> None:
    assert RULE.judge(good_endpoint().stack()).answer is Answer.COMPLIANT
    assert RULE.judge(_with_lake().stack()).answer is Answer.COMPLIANT


def test_a_second_reader_of_the_stream() -> None:
    parts = good_endpoint().put("copier", LAMBDA, name="copier")
    second = parts.put("second", MAPPING, {"eventSourceArn": "table", "functionName": "copier"})
    assert names(RULE, second.stack()) == ["table"]
    assert figures(RULE, second.stack()) == ["2 readers take its changes, not 1: mapping, second"]
    assert RULE.judge(second.changed("second", enabled=False).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize(("kind", "key"), sorted(COPIES.items()))
def test_other_ways_to_copy_a_table(kind: str, key: str) -> None:
    stack = good_endpoint().put("copy", kind, {key: "table"}).stack()
    assert figures(RULE, stack) == ["2 readers take its changes, not 1: copy, mapping"]


def test_replicas() -> None:
    stack = good_endpoint().changed("table", replicas=[{"regionName": "eu-west-1"}]).stack()
    assert figures(RULE, stack) == ["1 replicas take each write again"]


@pytest.mark.parametrize("kind", [BUCKET, FIREHOSE, STREAM])
def test_a_second_sink(kind: str) -> None:
    parts = good_endpoint().put("lake", BUCKET, bucket="lake").put("other", kind)
    stack = parts.changed("settle-policy", links={"policy": ("lake", "other")}).stack()
    assert names(RULE, stack) == ["other"]
    assert figures(RULE, stack) == ["2 sinks take the settle function's receipts, not 1: lake, other"]


def test_a_lake_that_is_replicated() -> None:
    stack = _with_lake().put("copy", REPLICATION, {"bucket": "lake"}).stack()
    assert names(RULE, stack) == ["copy"]


def test_a_reader_of_which_nobody_knows_whether_it_runs() -> None:
    assert RULE.judge(good_endpoint().changed("mapping", enabled=UNKNOWN).stack()).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    assert RULE.judge(Parts().put("bucket", BUCKET).stack()).answer is Answer.NOT_APPLICABLE
