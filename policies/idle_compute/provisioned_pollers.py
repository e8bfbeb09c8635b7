"""No poller is paid to look at a quiet queue."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import MAPPING
from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_CONFIG: Final = "provisionedPollerConfig"


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(MAPPING):
        # With the block AWS keeps at least one poller, whatever the block says.
        pollers = max(1, each.get(_CONFIG, "minimumPollers", default=1)) if each.get(_CONFIG) else 0
        what = f"{pollers:g} provisioned pollers"
        yield AlwaysOn(resource=each, what=what, price_id="lambda.poller.hour", count=pollers)


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="provisioned-pollers",
    what="No event source mapping of a stack with an inference endpoint has provisioned pollers, unless a dated reason "
    "and the break-even justify it.",
    why="They are billed by the hour, where Lambda's own pollers cost nothing.",
    source=f"AWS Lambda Developer Guide, Provisioned mode; {SOURCE}",
    fix=f"leave provisioned_poller_config out; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
