"""What settle gives up is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend import _around
from policies.core.resource import Resource
from policies.core.rule import Config, Rule, Setting, Violation

# A stream forgets a record after 24 hours (Amazon DynamoDB Developer Guide, DynamoDB Streams): a letter that lives
# shorter is gone before what it points at.
STREAM_S: Final = 86_400
# Amazon SQS API Reference, CreateQueue, MessageRetentionPeriod: the default.
DEFAULT_S: Final = 345_600


def _check(mapping: Resource, config: Config) -> Iterator[Violation]:
    queues = _around.dead_letters(mapping)
    if not queues:
        yield Violation(mapping, "destinationConfig.onFailure names no queue of this program")
    for queue in queues:
        kept = queue.get("messageRetentionSeconds", default=DEFAULT_S)
        if kept < config["shortest_s"]:
            yield Violation(
                queue,
                f"messageRetentionSeconds is {kept:.0f}, less than {config['shortest_s']:.0f}",
                f"set message_retention_seconds={config['shortest_s']:.0f} or more; SQS keeps up to 1209600",
            )


RULE: Final = Rule(
    id="dead-letters",
    what="What reads the ledger's stream hands the records that it gives up to a queue that keeps them.",
    why="A record that is dropped in silence is a receipt, an alert or a closing that nobody misses.",
    source="AWS Lambda Developer Guide, Retaining discarded records for a DynamoDB event source",
    fix="set destination_config={'on_failure': {'destination_arn': queue.arn}} on the mapping, with an sqs.Queue of "
    "this program",
    subjects=_around.mappings,
    check=_check,
    config={
        "shortest_s": Setting(
            {"type": "number", "minimum": 60}, STREAM_S, "The shortest time in seconds that the queue keeps a record."
        )
    },
)
