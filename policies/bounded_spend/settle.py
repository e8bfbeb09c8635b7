"""Somebody reads what the ledger writes down."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._around import ledgers
from policies.core.endpoint import MAPPING, InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    for table in ledgers(endpoint):
        readers = endpoint.stack.users(table, MAPPING, key="eventSourceArn")
        running = [each for each in readers if each.get("enabled", default=True) is not False]
        if not readers:
            yield Violation(table, "0 event source mappings read its stream, 1 is asked for")
        elif not running:
            yield Violation(
                readers[0], "enabled is false: the mapping reads nothing", "set enabled=True on the mapping"
            )
        elif not any(each.linked("functionName", ":Function") for each in running):
            yield Violation(running[0], "functionName names no Lambda function of this program")


RULE: Final = Rule(
    id="settle",
    what="The stream of an inference endpoint's ledger is read by a Lambda function of this program.",
    why="The gate closes and people are told only by what reads the stream; unread, a used-up quota goes on costing an "
    "edge call for every refused request, and each receipt is lost after a day.",
    source="docs/adr/0009-spend-guard.md; AWS Lambda Developer Guide, Using AWS Lambda with Amazon DynamoDB",
    fix="add lambda_.EventSourceMapping(event_source_arn=table.stream_arn, function_name=settle.arn, "
    "starting_position='TRIM_HORIZON', …)",
    subjects=endpoints,
    check=_check,
)
