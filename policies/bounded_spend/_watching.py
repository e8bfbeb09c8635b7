"""Which alarm is about which resource: by what flows into its dimensions, or by the name written there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import ALARM, DISTRIBUTION, LAMBDA, QUEUE, TABLE, WEB_ACL
from policies.core.resource import UNKNOWN, Resource, Stack

# By type: the dimension that names it, and where its name stands. A web ACL counts under its metric's name.
_DIMENSIONS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    DISTRIBUTION: ("DistributionId", ("id",)),
    LAMBDA: ("FunctionName", ("name",)),
    QUEUE: ("QueueName", ("name",)),
    TABLE: ("TableName", ("name",)),
    WEB_ACL: ("WebACL", ("visibilityConfig", "metricName")),
}
_KEYS: Final = ("dimensions", "metricQueries")


def alarms_about(stack: Stack, resource: Resource) -> list[Resource]:
    """Return the metric alarms that watch a resource."""
    linked = [alarm for key in _KEYS for alarm in stack.users(resource, ALARM, key=key)]
    dimension, path = _DIMENSIONS[resource.type]
    named = _by_dimension(stack).get((dimension, resource.known(*path)), ())
    return list({id(each): each for each in (*linked, *named)}.values())


def _by_dimension(stack: Stack) -> dict[tuple[str, str], list[Resource]]:
    """Return the alarms by each dimension that they write in plain text, found once."""
    index: dict[tuple[str, str], list[Resource]] | None = stack.memory.get("alarms by dimension")
    if index is None:
        index = stack.memory["alarms by dimension"] = {}
        for alarm in stack.of(ALARM):
            for each in _dimensions(alarm):
                for name, value in each.items():
                    if isinstance(value, str):
                        index.setdefault((name, value), []).append(alarm)
    return index


def _dimensions(alarm: Resource) -> Iterator[dict[str, Any]]:
    yield alarm.known("dimensions", default={})
    for query in alarm.known("metricQueries", default=()):
        if query is not UNKNOWN and isinstance(metric := query.get("metric"), dict):
            found = metric.get("dimensions")
            yield found if isinstance(found, dict) else {}
