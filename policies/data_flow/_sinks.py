"""Where receipts and telemetry can go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.endpoint import BUCKET, QUEUE, ROLE_POLICY, endpoints
from policies.core.resource import Resource, Stack

FIREHOSE: Final = "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"
STREAM: Final = "aws:kinesis/stream:Stream"
BUCKETS: Final = (BUCKET, "aws:s3/bucketV2:BucketV2")
# To be written only: what a function reads of these, it reads by a mapping.
WRITTEN_ONLY: Final = (FIREHOSE, STREAM, QUEUE)


def reached(stack: Stack, functions: tuple[Resource, ...], *kinds: str) -> list[Resource]:
    """Return what the policies of these functions' roles name."""
    found = (
        target
        for function in functions
        for role in function.linked("role", ":Role")
        for policy in policies_of(stack, role)
        for target in policy.linked("policy")
        if target.type in kinds
    )
    return list({id(each): each for each in found}.values())


def policies_of(stack: Stack, role: Resource) -> list[Resource]:
    """Return a role's policies: those that its output went into, and those that write its name."""
    name = role.known("name")
    named = [each for each in stack.of(ROLE_POLICY) if name is not None and each.known("role") == name]
    return list({id(each): each for each in (*stack.users(role, ROLE_POLICY, key="role"), *named)}.values())


def beside_endpoints(stack: Stack, *kinds: str) -> Iterator[Resource]:
    """Return the resources of these types, in a stack that has an inference endpoint."""
    if endpoints(stack):
        yield from stack.of(*kinds)
