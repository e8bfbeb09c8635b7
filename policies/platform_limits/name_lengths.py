"""A name is short enough for the service, an automatic one too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.core.resource import UNKNOWN, Resource, Stack
from policies.core.rule import Config, Rule, Violation
from policies.platform_limits._limits import NAME_LENGTHS


def _subjects(stack: Stack) -> Iterator[Resource]:
    return stack.of(*NAME_LENGTHS)


def _check(resource: Resource, _: Config) -> Iterator[Violation]:
    key, longest = NAME_LENGTHS[resource.type]
    name = resource.props.get(key)
    # A name that is drawn or comes from elsewhere is not known yet: it is measured at the next preview.
    if name is not UNKNOWN and isinstance(name, str) and len(name) > longest:
        yield Violation(resource, f"{key} {name} has {len(name)} characters, at most {longest} are allowed")


RULE: Final = Rule(
    id="name-lengths",
    what="A resource's name is no longer than its service allows.",
    why="Pulumi makes names of up to 255 characters from long logical names; the service then refuses the resource in "
    "the middle of an update.",
    source="the services' API references, by type in policies/platform_limits/_limits.py; pulumi-aws autonaming.go",
    fix="give the resource a shorter logical name, or write its name yourself",
    subjects=_subjects,
    check=_check,
)
