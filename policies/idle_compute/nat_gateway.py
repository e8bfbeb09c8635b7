"""No gateway is paid by the hour so that a function reaches AWS."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import Stack
from policies.core.rule import Rule
from policies.idle_compute._justified import FIX, SETTINGS, SOURCE, AlwaysOn, Beside, beside_inference, check

_GATEWAY: Final = "aws:ec2/natGateway:NatGateway"
_ENDPOINT: Final = "aws:ec2/vpcEndpoint:VpcEndpoint"
_FREE: Final = "Gateway"


def _found(stack: Stack) -> Iterator[AlwaysOn]:
    for each in stack.of(_GATEWAY):
        yield AlwaysOn(resource=each, what="a NAT gateway", price_id="nat_gateway.hour")
    for each in stack.of(_ENDPOINT):
        kind = each.get("vpcEndpointType", default=_FREE)
        count = 0 if kind == _FREE else 1
        yield AlwaysOn(resource=each, what=f"a VPC endpoint ({kind})", price_id="vpc_endpoint.hour", count=count)


def _subjects(stack: Stack) -> Iterator[Beside]:
    return beside_inference(stack, _found(stack))


RULE: Final = Rule(
    id="nat-gateway",
    what="No NAT gateway or interface endpoint stands in a stack with an inference endpoint, unless a dated reason and "
    "the break-even justify it.",
    why="A NAT gateway alone costs more a month than a small endpoint's whole budget, and its bytes cost again.",
    source=f"Amazon VPC User Guide, NAT gateways, Pricing; {SOURCE}",
    fix=f"keep the function out of a VPC, or use a Gateway endpoint for S3 and DynamoDB, which is free; {FIX}",
    subjects=_subjects,
    check=check,
    config=SETTINGS,
)
