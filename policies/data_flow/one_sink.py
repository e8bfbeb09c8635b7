"""A receipt is written down once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import MAPPING, InferenceEndpoint, endpoints
from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Violation
from policies.data_flow._sinks import BUCKETS, FIREHOSE, STREAM, reached

# What takes a table's changes beside its stream's mapping, and the property that the table goes into.
COPIES: Final = {
    "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": "tableName",
    "aws:dynamodb/tableReplica:TableReplica": "globalTableArn",
    "aws:pipes/pipe:Pipe": "source",
}
REPLICATION: Final = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    stack = endpoint.stack
    for table in endpoint.tables:
        readers = [
            each for each in stack.users(table, MAPPING, key="eventSourceArn") if each.get("enabled") is not False
        ]
        readers += [each for kind, key in COPIES.items() for each in stack.users(table, kind, key=key)]
        if len(readers) > 1:
            yield Violation(table, f"{len(readers)} readers take its changes, not 1: {_names(readers)}")
        if replicas := table.get("replicas", default=()):
            yield Violation(table, f"{len(replicas)} replicas take each write again", "take replicas away")
    sinks = reached(stack, endpoint.settlers, *BUCKETS, FIREHOSE, STREAM)
    if len(sinks) > 1:
        yield Violation(sinks[1], f"{len(sinks)} sinks take the settle function's receipts, not 1: {_names(sinks)}")
    for sink in sinks:
        for copy in stack.users(sink, REPLICATION, key="bucket"):
            yield Violation(copy, f"each receipt in {sink.name} is stored a second time", "take the replication away")


def _names(resources: list[Resource]) -> str:
    return ", ".join(sorted(each.name for each in resources))


RULE: Final = Rule(
    id="one-sink",
    what="A receipt goes one way: one reader on the ledger's stream, one sink behind it.",
    why="Each further reader or copy is paid per record, doubles the sums of whoever adds both up, and is in no bound.",
    source="docs/dashboard.md, where each figure comes from; Amazon DynamoDB Developer Guide, Change data capture",
    fix="leave one event source mapping on the stream, and let the function behind it tell whoever else must know",
    subjects=endpoints,
    check=_check,
)
