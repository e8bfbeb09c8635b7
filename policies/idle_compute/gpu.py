"""No GPU waits behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, Beside, beside_inference, check
from policies.idle_compute._machines import machines


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, machines(stack, accelerated=True))


RULE: Final = Rule(
    id="gpu",
    what="No machine with a GPU or another accelerator is always on in a stack with an inference endpoint, unless a "
    "dated reason and the break-even justify it.",
    why="The smallest, a g4dn.xlarge, costs 384 USD a month, busy or not; a model that a function runs in "
    "milliseconds rarely has the traffic that pays for it.",
    source=SOURCE,
    fix=FIX,
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
