"""The ledger writes down what it grants."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.bounded_spend._around import ledgers
from policies.core.endpoint import InferenceEndpoint, endpoints
from policies.core.rule import Config, Rule, Violation

# An alert compares a counter with its last state, so the record must bring both.
VIEW: Final = "NEW_AND_OLD_IMAGES"


def _check(endpoint: InferenceEndpoint, _: Config) -> Iterator[Violation]:
    tables = ledgers(endpoint)
    if not tables:
        yield Violation(
            endpoint.distribution,
            "no DynamoDB table of this program is named in the policies of its functions' roles: it has no ledger",
            "declare a dynamodb.Table and let an iam.RolePolicy of the function's role name table.arn",
        )
    for table in tables:
        if table.get("streamEnabled") is not True:
            yield Violation(table, f"streamEnabled is {table.get('streamEnabled', default='not set')}, not true")
        elif (view := table.get("streamViewType")) != VIEW:
            yield Violation(table, f"streamViewType is {view}, not {VIEW}")


RULE: Final = Rule(
    id="ledger-stream",
    what="An inference endpoint's functions take from a table of this program, which streams old and new images.",
    why="Without the stream nobody settles: no alert at 50, 80 and 100 %, no closed gate, no receipt in the lake; "
    "refused requests go on being billed.",
    source="docs/adr/0009-spend-guard.md; Amazon DynamoDB Developer Guide, Change data capture for DynamoDB Streams",
    fix="set stream_enabled=True and stream_view_type='NEW_AND_OLD_IMAGES' on the ledger's table",
    subjects=endpoints,
    check=_check,
)
