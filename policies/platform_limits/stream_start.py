"""What reads a table's stream says where it begins, and there is a stream."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import MAPPING
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import STREAM_POSITIONS


def _subjects(stack: Stack) -> list[Resource]:
    return [each for each in stack.of(MAPPING) if _tables(each) or _names_a_table(each)]


def _tables(mapping: Resource) -> tuple[Resource, ...]:
    return tuple(each for each in mapping.linked("eventSourceArn", ":Table") if each.type.startswith("aws:dynamodb/"))


def _names_a_table(mapping: Resource) -> bool:
    return str(mapping.known("eventSourceArn", default="")).startswith("arn:aws:dynamodb:")


def _check(mapping: Resource, _: Config) -> Iterator[Violation]:
    position = mapping.get("startingPosition", default="missing")
    if position not in STREAM_POSITIONS:
        yield Violation(mapping, f"starting_position is {position}, not {' or '.join(STREAM_POSITIONS)}")
    for table in _tables(mapping):
        if table.get("streamEnabled") is not True or not table.get("streamViewType"):
            yield Violation(
                table,
                f"{mapping.name} reads its stream: stream_enabled is {table.get('streamEnabled', default=False)}, "
                f"stream_view_type {table.get('streamViewType', default='missing')}",
                "set stream_enabled=True and stream_view_type='NEW_AND_OLD_IMAGES' on the table",
            )


RULE: Final = Rule(
    id="stream-start",
    what="A mapping of a table's stream begins at TRIM_HORIZON or LATEST, and the table has a stream.",
    why="Lambda refuses the mapping; without settle no receipt is taken in and no gate closed.",
    source="AWS Lambda API Reference, CreateEventSourceMapping, StartingPosition",
    fix="set starting_position='TRIM_HORIZON': a new mapping takes minutes to begin, and LATEST loses what comes then",
    subjects=_subjects,
    check=_check,
)
