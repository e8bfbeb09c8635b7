"""No load balancer stands behind an inference function."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_TYPES: Final = (
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:alb/loadBalancer:LoadBalancer",
    "aws:elb/loadBalancer:LoadBalancer",
)


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(*_TYPES):
        kind = each.get("loadBalancerType", default="application")
        yield AlwaysOn(resource=each, what=f"a load balancer ({kind})", price_id="load_balancer.hour")


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="load-balancer",
    what="No load balancer stands in a stack with an inference endpoint, unless a dated reason and the break-even "
    "justify it.",
    why="It is billed every hour before it balances anything, and what it balances usually is, too.",
    source=f"Elastic Load Balancing pricing; {SOURCE}",
    fix=f"the distribution already spreads requests over the edges; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
