"""A workgroup's cut-off is one that Athena takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import QUERY_CUTOFF_BYTES

_PATH: Final = ("configuration", "bytesScannedCutoffPerQuery")


def _subjects(stack: Stack) -> list[Resource]:
    found = stack.of("aws:athena/workgroup:Workgroup")
    return [each for each in found if each.props.get("configuration") and each.get(*_PATH) is not None]


def _check(workgroup: Resource, _: Config) -> Iterator[Violation]:
    cutoff = workgroup.get(*_PATH)
    if cutoff < QUERY_CUTOFF_BYTES:
        yield Violation(
            workgroup, f"bytes_scanned_cutoff_per_query is {cutoff:.0f}, the least allowed is {QUERY_CUTOFF_BYTES}"
        )


RULE: Final = Rule(
    id="query-cutoff",
    what=f"A workgroup's scan cut-off is at least {QUERY_CUTOFF_BYTES} bytes.",
    why="The provider refuses a smaller one, and someone in a hurry then takes the cut-off out.",
    source="pulumi_aws athena.Workgroup, bytes_scanned_cutoff_per_query; Amazon Athena User Guide, data usage controls",
    fix=f"set bytes_scanned_cutoff_per_query={QUERY_CUTOFF_BYTES} or more",
    subjects=_subjects,
    check=_check,
)
