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
    return [alarm for alarm in stack.of(ALARM) if _is_about(alarm, resource)]


def _is_about(alarm: Resource, resource: Resource) -> bool:
    if any(resource in alarm.links.get(key, ()) for key in _KEYS):
        return True
    dimension, path = _DIMENSIONS[resource.type]
    name = resource.known(*path)
    return name is not None and any(each.get(dimension) == name for each in _dimensions(alarm))


def _dimensions(alarm: Resource) -> Iterator[dict[str, Any]]:
    yield alarm.known("dimensions", default={})
    for query in alarm.known("metricQueries", default=()):
        if query is not UNKNOWN and isinstance(metric := query.get("metric"), dict):
            found = metric.get("dimensions")
            yield found if isinstance(found, dict) else {}
