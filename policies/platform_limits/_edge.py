"""What runs at the edge: behaviours with their associations, and the Lambda functions that flow into them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.core.endpoint import DISTRIBUTION, LAMBDA
from policies.core.resource import Behaviour, Resource, Stack, UnknownValueError, behaviours

KEYS: Final = ("orderedCacheBehaviors", "defaultCacheBehavior")
LAMBDAS: Final = "lambdaFunctionAssociations"
FUNCTIONS: Final = "functionAssociations"
_NAME_IN_ARN: Final = re.compile(r":function:([^:]+)")


def all_behaviours(stack: Stack) -> Iterator[Behaviour]:
    """Return every behaviour of every distribution.

    Raises
    ------
    UnknownValueError
    """
    for distribution in stack.of(DISTRIBUTION):
        yield from behaviours(distribution)


def setting(behaviour: Behaviour, key: str) -> Any:
    """Return one of a behaviour's settings, or None.

    Raises
    ------
    UnknownValueError
        When it is not known.
    """
    return behaviour.distribution.sure(behaviour.settings.get(key), f"{behaviour.key} {behaviour.path} {key}")


def associations(behaviour: Behaviour, key: str = LAMBDAS) -> list[Mapping[str, Any]]:
    """Return what a behaviour runs; an ARN in it may be `UNKNOWN`.

    Raises
    ------
    UnknownValueError
        When the list or a whole entry is not known.
    """
    where = f"{behaviour.key} {behaviour.path} {key}"
    return [behaviour.distribution.sure(each, where) for each in setting(behaviour, key) or ()]


def edge_behaviours(stack: Stack) -> list[Behaviour]:
    """Return the behaviours that run a Lambda function.

    Raises
    ------
    UnknownValueError
    """
    return [each for each in all_behaviours(stack) if associations(each)]


def edge_functions(stack: Stack) -> tuple[Resource, ...]:
    """Return the program's Lambda functions that a distribution runs, by what flows there or by the name in the ARN.

    Raises
    ------
    UnknownValueError
        When a distribution's behaviours are not known.
    """
    found: dict[int, Resource] | None = stack.memory.get("edge_functions")
    if found is None:
        named = {name: each for each in stack.of(LAMBDA) if isinstance(name := each.known("name"), str)}
        found = stack.memory["edge_functions"] = {}
        for behaviour in edge_behaviours(stack):
            for each in _functions(behaviour, named):
                found[id(each)] = each
    return tuple(found.values())


def region_of(resource: Resource) -> str:
    """Return a resource's Region; the provider fills it in where the program does not.

    Raises
    ------
    UnknownValueError
        When there is none to be seen.
    """
    region = resource.get("region")
    if not region:
        raise UnknownValueError(resource, "region")
    return str(region)


def _functions(behaviour: Behaviour, named: Mapping[str, Resource]) -> Iterator[Resource]:
    yield from (each for each in behaviour.distribution.links.get(behaviour.key, ()) if each.type == LAMBDA)
    for each in associations(behaviour):
        match = _NAME_IN_ARN.search(str(each.get("lambdaArn")))
        if match and match[1] in named:
            yield named[match[1]]
