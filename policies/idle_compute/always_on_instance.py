"""No machine waits behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, Beside, beside_inference, check
from policies.idle_compute._machines import machines


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, machines(stack, accelerated=False))


RULE: Final = Rule(
    id="always-on-instance",
    what="No machine is always on in a stack with an inference endpoint, unless a dated reason and the break-even "
    "justify it.",
    why="A c7g.large costs 53 USD a month at no request at all; below its break-even the function alone is cheaper.",
    source=SOURCE,
    fix=FIX,
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
