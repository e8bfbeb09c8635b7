"""Telemetry that leaves its cloud."""

from __future__ import annotations

from typing import Any

import pytest

from policies.core.resource import UNKNOWN
from policies.core.rule import Answer, message
from policies.data_flow._sinks import FIREHOSE
from policies.data_flow.two_clouds import FOREIGN, LOGPUSH, RULE, TRACES, WORKERS
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names

R2 = "r2://traces/{DATE}?account-id=0&access-key-id=0"
S3 = "s3://traces/{DATE}?region=us-east-1"


def _jobs(*destinations: Any, dataset: str = TRACES) -> Parts:
    parts = Parts()
    for index, destination in enumerate(destinations):
        parts = parts.put(f"job-{index}", LOGPUSH, dataset=dataset, enabled=True, destinationConf=destination)
    return parts


def test_a_stream_into_a_bucket() -> None:
    for destination in ("extended_s3", None):
        stack = good_endpoint().put("stream", FIREHOSE, destination=destination).stack()
        assert RULE.judge(stack).answer is Answer.COMPLIANT


@pytest.mark.parametrize("destination", FOREIGN)
def test_a_stream_out_of_aws(destination: str) -> None:
    stack = good_endpoint().put("stream", FIREHOSE, destination=destination).stack()
    assert names(RULE, stack) == ["stream"]
    assert destination in figures(RULE, stack)[0]


def test_a_stream_beside_no_inference_is_not_asked() -> None:
    assert RULE.judge(Parts().put("stream", FIREHOSE, destination="splunk").stack()).answer is Answer.NOT_APPLICABLE


def test_one_dataset_in_one_cloud() -> None:
    assert RULE.judge(_jobs(R2).stack()).answer is Answer.COMPLIANT
    assert RULE.judge(_jobs(S3).stack()).answer is Answer.COMPLIANT
    assert RULE.judge(_jobs(R2, "s3://t?endpoint=0.r2.cloudflarestorage.com").stack()).answer is Answer.COMPLIANT


def test_one_dataset_in_two_clouds() -> None:
    stack = _jobs(R2, S3).stack()
    assert names(RULE, stack) == ["job-1"]
    assert figures(RULE, stack) == ["the dataset workers_trace_events goes to 2 clouds, not 1: aws, cloudflare"]


def test_credentials_of_a_destination_are_not_shown() -> None:
    stack = _jobs("https://logs.example.com?header_Authorization=hunter2", S3).stack()
    (finding,) = RULE.judge(stack).findings
    assert "hunter2" not in message(RULE, finding)
    assert "aws, https" in finding.figure


def test_a_job_that_is_switched_off() -> None:
    assert RULE.judge(_jobs(R2, S3).changed("job-1", enabled=False).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("kind", WORKERS)
def test_logs_that_the_worker_keeps_as_well(kind: str) -> None:
    parts = _jobs(S3).put("worker", kind, observability={"enabled": True})
    assert names(RULE, parts.stack()) == ["job-0"]
    off = parts.changed("worker", observability={"enabled": False})
    assert RULE.judge(off.stack()).answer is Answer.COMPLIANT


def test_a_destination_that_is_not_known() -> None:
    assert RULE.judge(_jobs(UNKNOWN).stack()).answer is Answer.CANT_TELL
