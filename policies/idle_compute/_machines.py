"""Machines of a program: single ones, groups of them, and the nodes of a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from policies.core.resource import Resource, Stack
from policies.idle_compute._justified import AlwaysOn

_SINGLE: Final = ("aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest")
_GROUP: Final = "aws:autoscaling/group:Group"
_NODES: Final = "aws:eks/nodeGroup:NodeGroup"
_TEMPLATES: Final = ("launchTemplate", "mixedInstancesPolicy", "launchConfiguration")
_NODE_DEFAULT: Final = "t3.medium"  # Amazon EKS API Reference, CreateNodegroup, instanceTypes

# Amazon EC2, Accelerated computing: graphics, training and inference families.
_ACCELERATED: Final = re.compile(r"^(ml\.)?(gr?|p|inf|trn|dl|vt|f)\d")
UNSEEN: Final = "machine of a type that this program does not show"


def is_accelerated(instance_type: str) -> bool:
    """Tell whether a machine carries a GPU or another accelerator."""
    return bool(_ACCELERATED.match(instance_type))


def machines(stack: Stack, *, accelerated: bool) -> Iterator[AlwaysOn]:
    """Return the machines with an accelerator, or those without.

    Raises
    ------
    UnknownValueError
        When a machine's type or number is not known.
    """
    for resource, instance_type, count in _all(stack):
        if is_accelerated(instance_type) is accelerated:
            yield AlwaysOn(
                resource=resource,
                what=f"{count:g} x {instance_type}",
                price_id=f"ec2.{instance_type}",
                count=count,
            )


def _all(stack: Stack) -> Iterator[tuple[Resource, str, float]]:
    for each in stack.of(*_SINGLE):
        yield each, str(each.get("instanceType", default=UNSEEN)), 1
    for each in stack.of(_GROUP):
        yield each, _type_of_group(each), max(each.get("desiredCapacity", default=0), each.get("minSize", default=0))
    for each in stack.of(_NODES):
        types = each.get("instanceTypes", default=None) or [_NODE_DEFAULT]
        size = max(each.get("scalingConfig", key, default=0) for key in ("desiredSize", "minSize"))
        yield each, str(each.sure(types[0], "instanceTypes.0")), size


def _type_of_group(group: Resource) -> str:
    for key in _TEMPLATES:
        for template in group.linked(key):
            return str(template.get("instanceType", default=UNSEEN))
    return UNSEEN
