"""Requests' contents in logs and stores."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.core.endpoint import BUCKET, QUEUE, ROLE_POLICY
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.data_flow import raw_payload_logged, raw_payload_stored
from policies.data_flow._sinks import FIREHOSE, STREAM
from policies.data_flow.raw_payload_logged import API, BEDROCK, LOGS_EVENT, REALTIME, WAF_LOG
from policies.data_flow.raw_payload_stored import CAPTURE
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names

LOGGED, STORED = raw_payload_logged.RULE, raw_payload_stored.RULE
REDACTED = [{"method": {}}, {"singleHeader": {"name": "Authorization"}}]


@pytest.mark.parametrize("rule", [LOGGED, STORED])
def test_a_good_endpoint_is_compliant(rule: Any) -> None:
    assert rule.judge(good_endpoint().stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize("rule", [LOGGED, STORED])
def test_a_program_without_inference(rule: Any) -> None:
    assert rule.judge(Parts().put("log", WAF_LOG).put("api", API).stack()).answer is Answer.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("kind", "props"),
    [
        (WAF_LOG, {"redactedFields": REDACTED}),
        (REALTIME, {"fields": ["timestamp", "cs-uri-stem"]}),
        (API, {"settings": {"dataTraceEnabled": False, "loggingLevel": "INFO"}}),
        (BEDROCK, {}),
        (
            BEDROCK,
            {
                "loggingConfig": {
                    "textDataDeliveryEnabled": False,
                    "imageDataDeliveryEnabled": False,
                    "videoDataDeliveryEnabled": False,
                }
            },
        ),
    ],
)
def test_logs_without_contents(kind: str, props: dict[str, Any]) -> None:
    assert LOGGED.judge(good_endpoint().put("log", kind, **props).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize(
    ("kind", "props", "figure"),
    [
        (WAF_LOG, {}, "redactedFields leaves the header authorization in the log"),
        (WAF_LOG, {"redactedFields": [{"singleHeader": {"name": "cookie"}}]}, "authorization"),
        (REALTIME, {"fields": ["timestamp", "cs-headers"]}, "fields holds cs-headers"),
        (API, {"settings": {"dataTraceEnabled": True}}, "settings.dataTraceEnabled is true"),
        (BEDROCK, {"loggingConfig": {"textDataDeliveryEnabled": False}}, "imageDataDeliveryEnabled"),
    ],
)
def test_logs_with_contents(kind: str, props: dict[str, Any], figure: str) -> None:
    stack = good_endpoint().put("log", kind, **props).stack()
    assert names(LOGGED, stack) == ["log"]
    assert figure in figures(LOGGED, stack)[0]


def test_a_model_of_bedrock_is_asked_everywhere() -> None:
    stack = Parts().put("log", BEDROCK, loggingConfig={"embeddingDataDeliveryEnabled": False}).stack()
    assert names(LOGGED, stack) == ["log"]


@pytest.mark.parametrize(("value", "answer"), [("true", Answer.VIOLATION), ("0", Answer.COMPLIANT)])
def test_a_function_that_logs_its_events(value: str, answer: Answer) -> None:
    stack = good_endpoint().changed("settle", environment={"variables": {LOGS_EVENT: value}}).stack()
    assert LOGGED.judge(stack).answer is answer


def test_what_is_redacted_is_not_known() -> None:
    assert LOGGED.judge(good_endpoint().put("log", WAF_LOG, redactedFields=UNKNOWN).stack()).answer is Answer.CANT_TELL


@pytest.mark.parametrize("kind", [FIREHOSE, STREAM, QUEUE])
def test_an_edge_function_that_may_write_elsewhere(kind: str) -> None:
    stack = good_endpoint().put("copy", kind).changed("policy", links={"policy": ("table", "copy")}).stack()
    assert names(STORED, stack) == ["policy"]
    assert figures(STORED, stack) == [f"the edge function may write to {kind.rpartition(':')[2]}"]


@pytest.mark.parametrize("action", ["s3:PutObject", ["s3:GetObject", "s3:Put*"], "*", "S3:putobject"])
def test_an_edge_function_that_may_write_to_a_bucket(action: Any) -> None:
    statement = {"Effect": "Allow", "Action": action, "Resource": "arn:aws:s3:::copies/*"}
    stack = good_endpoint().changed("policy", policy=json.dumps({"Statement": statement})).stack()
    assert names(STORED, stack) == ["policy"]
    assert "s3:PutObject" in figures(STORED, stack)[0]


def test_a_policy_that_writes_the_roles_name() -> None:
    stack = (
        good_endpoint()
        .changed("role", name="edge")
        .put("copy", FIREHOSE)
        .put("aside", ROLE_POLICY, {"policy": "copy"}, role="edge", policy=UNKNOWN)
        .stack()
    )
    assert names(STORED, stack) == ["aside"]


def test_an_edge_function_that_reads_a_bucket() -> None:
    statements = [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::models/*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"},
    ]
    parts = good_endpoint().put("models", BUCKET).changed("policy", links={"policy": ("table", "models")})
    assert STORED.judge(parts.stack()).answer is Answer.COMPLIANT
    known = parts.changed("policy", policy=json.dumps({"Statement": statements}))
    assert STORED.judge(known.stack()).answer is Answer.COMPLIANT


def test_a_hosted_model_that_keeps_what_it_is_asked() -> None:
    captured = Parts().put("config", CAPTURE, dataCaptureConfig={"enableCapture": True})
    assert names(STORED, captured.stack()) == ["config"]
    assert STORED.judge(Parts().put("config", CAPTURE).stack()).answer is Answer.COMPLIANT


def test_whether_it_keeps_them_is_not_known() -> None:
    stack = Parts().put("config", CAPTURE, dataCaptureConfig={"enableCapture": UNKNOWN}).stack()
    assert STORED.judge(stack).answer is Answer.CANT_TELL


def test_a_document_that_is_no_json() -> None:
    assert STORED.judge(good_endpoint().changed("policy", policy="all").stack()).answer is Answer.CANT_TELL
