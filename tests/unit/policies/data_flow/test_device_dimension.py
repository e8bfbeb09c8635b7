"""Figures a device."""

from __future__ import annotations

import json
from typing import Any

import pytest

from policies.core.endpoint import ALARM
from policies.core.resource import UNKNOWN
from policies.core.rule import Answer
from policies.data_flow._sinks import FIREHOSE
from policies.data_flow.device_dimension import CATALOG, FILTER, INSIGHTS, RULE
from tests.unit.policies.build import Parts, good_endpoint
from tests.unit.policies.security.judged import figures, names


def _insights(*keys: str) -> str:
    return json.dumps({"Schema": {"Name": "CloudWatchLogRule", "Version": 1}, "Contribution": {"Keys": list(keys)}})


DIMENSIONS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        FILTER,
        {"metricTransformation": {"name": "used", "dimensions": {"Function": "$.function"}}},
        {"metricTransformation": {"name": "used", "dimensions": {"Source": "$.device_id"}}},
    ),
    (ALARM, {"dimensions": {"Function": "face-match"}}, {"dimensions": {"DeviceId": "cam-1"}}),
    (INSIGHTS, {"ruleDefinition": _insights("$.outcome")}, {"ruleDefinition": _insights("$.serialNumber")}),
    (CATALOG, {"partitionKeys": [{"name": "dt"}]}, {"partitionKeys": [{"name": "dt"}, {"name": "device"}]}),
    (
        FIREHOSE,
        {"extendedS3Configuration": {"prefix": "receipts/!{timestamp:yyyy}/"}},
        {"extendedS3Configuration": {"prefix": "receipts/!{partitionKeyFromQuery:device_id}/"}},
    ),
]


@pytest.mark.parametrize(("kind", "props", "_"), DIMENSIONS)
def test_figures_a_function(kind: str, props: dict[str, Any], _: Any) -> None:
    assert RULE.judge(good_endpoint().put("figure", kind, **props).stack()).answer is Answer.COMPLIANT


@pytest.mark.parametrize(("kind", "_", "props"), DIMENSIONS)
def test_figures_a_device(kind: str, _: Any, props: dict[str, Any]) -> None:
    stack = good_endpoint().put("figure", kind, **props).stack()
    assert names(RULE, stack) == ["figure"]
    assert figures(RULE, stack)[0].endswith("one series a device, not one a function")


def test_what_names_a_device_is_a_setting() -> None:
    stack = good_endpoint().put("figure", ALARM, dimensions={"Camera": "1"}).stack()
    assert RULE.judge(stack).answer is Answer.COMPLIANT
    assert RULE.judge(stack, {"pattern": "camera"}).answer is Answer.VIOLATION


def test_keys_that_are_not_known() -> None:
    stack = good_endpoint().put("figure", CATALOG, partitionKeys=UNKNOWN).stack()
    assert RULE.judge(stack).answer is Answer.CANT_TELL


def test_a_program_without_inference() -> None:
    stack = Parts().put("figure", ALARM, dimensions={"DeviceId": "1"}).stack()
    assert RULE.judge(stack).answer is Answer.NOT_APPLICABLE
