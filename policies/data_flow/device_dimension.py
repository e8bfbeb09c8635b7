"""No metric per device."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from policies.core.endpoint import ALARM
from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation
from policies.data_flow._sinks import FIREHOSE, beside_endpoints

FILTER: Final = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
INSIGHTS: Final = "aws:cloudwatch/contributorInsightRule:ContributorInsightRule"
CATALOG: Final = "aws:glue/catalogTable:CatalogTable"
KINDS: Final = (FILTER, ALARM, INSIGHTS, CATALOG, FIREHOSE)


def _subjects(stack: Stack) -> Iterator[Resource]:
    yield from beside_endpoints(stack, *KINDS)


def _check(resource: Resource, config: Config) -> Iterator[Violation]:
    pattern = re.compile(config["pattern"], re.IGNORECASE)
    for where, name in _dimensions(resource):
        if pattern.search(name):
            yield Violation(resource, f"{where} holds {name}: one series a device, not one a function")


def _dimensions(resource: Resource) -> Iterator[tuple[str, str]]:
    """Return by what a resource splits its figures, with the property that says so."""
    match resource.type:
        case kind if kind == FILTER:
            found: dict[str, Any] = resource.get("metricTransformation", "dimensions", default={})
            yield from (("dimensions", f"{key}={value}") for key, value in found.items())
        case kind if kind == ALARM:
            yield from (("dimensions", key) for key in resource.get("dimensions", default={}))
        case kind if kind == INSIGHTS:
            keys = resource.document("ruleDefinition").get("Contribution", {}).get("Keys", ())
            yield from (("ruleDefinition.Contribution.Keys", str(key)) for key in keys)
        case kind if kind == CATALOG:
            keys = resource.get("partitionKeys", default=())
            yield from (("partitionKeys", str(key.get("name"))) for key in keys if key is not UNKNOWN)
        case _:
            yield "prefix", str(resource.known("extendedS3Configuration", "prefix", default=""))


RULE: Final = Rule(
    id="device-dimension",
    what="No metric, partition or contributor list is split by device.",
    why="Each value of a dimension is a custom metric at 0.30 USD a month: 10,000 devices are 3,000 USD. A partition a "
    "device makes as many small files, each a request to read.",
    source="edgewise/cost/prices.yaml, cloudwatch.metric; Amazon CloudWatch User Guide, Dimensions. Metrics that a "
    "function's code writes can't be seen here",
    fix="split by function and outcome, and keep the device in the record, where a query finds it",
    subjects=_subjects,
    check=_check,
    config={
        "pattern": Setting(
            {"type": "string"}, r"device|serial|imei|client[-_.]?id", "What names a device, as a pattern."
        )
    },
)
