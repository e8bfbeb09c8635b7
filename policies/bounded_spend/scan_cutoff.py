"""No query scans for more than a few cents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import endpoints
from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Setting, Violation

WORKGROUP: Final = "aws:athena/workgroup:Workgroup"
GLUE_TABLE: Final = "aws:glue/catalogTable:CatalogTable"


def _subjects(stack: Stack) -> Iterator[Resource]:
    if not endpoints(stack):
        return
    workgroups = list(stack.of(WORKGROUP))
    yield from workgroups or stack.of(GLUE_TABLE)


def _check(resource: Resource, config: Config) -> Iterator[Violation]:
    if resource.type == GLUE_TABLE:
        yield Violation(
            resource,
            "0 Athena workgroups in this program: the table is queried in the workgroup primary, without a cut-off",
            "declare an athena.Workgroup with bytes_scanned_cutoff_per_query and query there",
        )
        return
    cutoff = resource.get("configuration", "bytesScannedCutoffPerQuery")
    if not cutoff:
        yield Violation(
            resource, f"bytesScannedCutoffPerQuery is not set, at most {config['most_bytes']:.0f} is asked for"
        )
    elif cutoff > config["most_bytes"]:
        yield Violation(resource, f"bytesScannedCutoffPerQuery is {cutoff:.0f}, more than {config['most_bytes']:.0f}")
    if resource.get("configuration", "enforceWorkgroupConfiguration", default=True) is False:
        yield Violation(
            resource,
            "enforceWorkgroupConfiguration is false: a client's own settings get around the cut-off",
            "set enforce_workgroup_configuration=True",
        )


RULE: Final = Rule(
    id="scan-cutoff",
    what="Each Athena workgroup beside an inference endpoint cuts a query off after a stated number of bytes.",
    why="Athena bills 5 USD a TB scanned: one query without a partition filter, run by a dashboard every minute, costs "
    "more than the endpoint.",
    source="Amazon Athena User Guide, Configure per-query and per-workgroup data usage controls; "
    "edgewise/cost/prices.yaml",
    fix="set configuration={'bytes_scanned_cutoff_per_query': 1000000000, 'enforce_workgroup_configuration': True, …}",
    subjects=_subjects,
    check=_check,
    config={
        "most_bytes": Setting(
            {"type": "number", "minimum": 10_485_760},
            10_000_000_000,
            "The most bytes that a query may scan; the provider takes no cut-off below 10485760.",
        )
    },
)
