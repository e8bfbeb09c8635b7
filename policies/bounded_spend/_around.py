"""What stands around an endpoint, found once for the rules about it."""

from __future__ import annotations

from policies.core.endpoint import MAPPING, QUEUE, SUBSCRIPTION, InferenceEndpoint, endpoints
from policies.core.resource import Resource, Stack


def ledgers(endpoint: InferenceEndpoint) -> tuple[Resource, ...]:
    """Return the tables that the endpoint's functions may write and that hold items of the program, else all of them.

    A function may write more tables than its ledger; an item of the program tells which is which.
    """
    linked = {id(table) for item in endpoint.items for table in item.linked("tableName", ":Table")}
    named = {item.known("tableName") for item in endpoint.items} - {None}
    holding = tuple(each for each in endpoint.tables if id(each) in linked or each.known("name") in named)
    return holding or endpoint.tables


def mappings(stack: Stack) -> list[Resource]:
    """Return what reads the streams of the endpoints' ledgers."""
    found = (
        mapping
        for endpoint in endpoints(stack)
        for table in ledgers(endpoint)
        for mapping in stack.users(table, MAPPING, key="eventSourceArn")
    )
    return list({id(each): each for each in found}.values())


def dead_letters(mapping: Resource) -> tuple[Resource, ...]:
    """Return the queues of this program that a mapping hands its failures to."""
    return tuple(each for each in mapping.linked("destinationConfig") if each.type == QUEUE)


def is_heard(stack: Stack, topic: Resource) -> bool:
    """Tell whether a topic has a subscription in this program."""
    return bool(stack.users(topic, SUBSCRIPTION, key="topic"))
