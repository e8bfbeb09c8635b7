"""Filters of an event source mapping."""

from __future__ import annotations

import json
from typing import Any

import pytest

from edgewise.local.home.patterns import passes, read_patterns
from edgewise.local.stack.model import LocalEdgeError

RECORD: dict[str, Any] = {
    "eventName": "MODIFY",
    "dynamodb": {
        "NewImage": {
            "pk": {"S": "counter#face-match"},
            "n": {"N": "5"},
            "tags": {"SS": ["a", "b"]},
            "on": {"BOOL": True},
        },
        "SizeBytes": 120,
    },
}


def image(pattern: object) -> dict[str, Any]:
    return {"dynamodb": {"NewImage": pattern}}


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ({"eventName": ["INSERT", "MODIFY"]}, True),
        ({"eventName": ["INSERT"]}, False),
        ({"eventName": ["MODIFY"], "eventSource": ["aws:s3"]}, False),
        (image({"pk": {"S": [{"prefix": "counter#"}]}}), True),
        (image({"pk": {"S": [{"prefix": "limits#"}]}}), False),
        (image({"pk": {"S": [{"suffix": "-match"}]}}), True),
        (image({"pk": {"S": [{"prefix": "limits#"}, "counter#face-match"]}}), True),
        (image({"pk": {"S": [{"equals-ignore-case": "COUNTER#FACE-MATCH"}]}}), True),
        (image({"pk": {"S": [{"anything-but": ["a", "b"]}]}}), True),
        (image({"pk": {"S": [{"anything-but": "counter#face-match"}]}}), False),
        (image({"pk": {"S": [{"anything-but": {"prefix": "counter#"}}]}}), False),
        (image({"receipt": {"S": [{"exists": True}]}}), False),
        (image({"receipt": {"S": [{"exists": False}]}}), True),
        (image({"pk": {"S": [{"exists": True}]}}), True),
        (image({"pk": [{"exists": True}]}), False),
        (image({"tags": {"SS": ["b"]}}), True),
        (image({"tags": {"SS": ["c"]}}), False),
        (image({"on": {"BOOL": [True]}}), True),
        (image({"on": {"BOOL": [1]}}), False),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 100, "<=", 120]}]}}, True),
        ({"dynamodb": {"SizeBytes": [{"numeric": [">", 120]}]}}, False),
        ({"dynamodb": {"OldImage": {"pk": {"S": [{"prefix": ""}]}}}}, False),
    ],
)
def test_a_record_fits_or_not(pattern: dict[str, Any], fits: bool) -> None:
    patterns = read_patterns([json.dumps(pattern)], where="mapping")

    assert passes(RECORD, patterns) is fits


def test_one_pattern_of_several_is_enough_and_none_lets_all_through() -> None:
    assert passes(RECORD, [{"eventName": ["INSERT"]}, {"eventName": ["MODIFY"]}])
    assert passes(RECORD, [])


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("{", "no JSON"),
        ("[]", "expected"),
        ('{"eventName": "MODIFY"}', "expected"),
        ('{"a": [{"cidr": "10.0.0.0/8"}]}', "cidr"),
        ('{"$or": [{"a": ["b"]}]}', "or"),
    ],
)
def test_what_is_not_imitated_is_refused_by_name(pattern: str, words: str) -> None:
    with pytest.raises(LocalEdgeError, match=words):
        read_patterns([pattern], where="mapping")
