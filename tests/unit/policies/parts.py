"""Resources by hand, each linked to the others by short names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.core.resource import Resource, Stack, link


@dataclass(frozen=True, kw_only=True)
class Part:
    """One resource before it is linked: links name other parts."""

    type: str
    props: Mapping[str, Any]
    links: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A program's resources by short name; every change gives new parts."""

    parts: Mapping[str, Part] = field(default_factory=dict)

    def put(self, short: str, kind: str, links: Mapping[str, str | Iterable[str]] | None = None, **props: Any) -> Parts:
        """Add a resource, or put another in its place; a link's target is a short name or several."""
        part = Part(type=kind, props=props, links=_tuples(links or {}))
        return Parts(parts={**self.parts, short: part})

    def without(self, *shorts: str) -> Parts:
        """Take resources away, and every link to them."""
        for short in shorts:
            self.parts[short]  # a misspelt name must not pass
        kept = {short: part for short, part in self.parts.items() if short not in shorts}
        return Parts(parts={short: replace(part, links=_without(part.links, shorts)) for short, part in kept.items()})

    def changed(self, short: str, links: Mapping[str, str | Iterable[str]] | None = None, **props: Any) -> Parts:
        """Change properties of one resource: None takes one away. Links are changed by property."""
        old = self.parts[short]
        merged = {key: value for key, value in {**old.props, **props}.items() if value is not None}
        joined = {key: value for key, value in {**old.links, **_tuples(links or {})}.items() if value}
        return Parts(parts={**self.parts, short: replace(old, props=merged, links=joined)})

    def stack(self) -> Stack:
        """Link them; a part's URN ends in its short name, which is the resource's name too."""
        made = [
            Resource(urn=_urn(short, part), type=part.type, name=short, props=dict(part.props))
            for short, part in self.parts.items()
        ]
        urns = {short: _urn(short, part) for short, part in self.parts.items()}
        dependencies = {
            urns[short]: {key: [urns[each] for each in targets] for key, targets in part.links.items()}
            for short, part in self.parts.items()
        }
        return link(made, dependencies)


def resource(stack: Stack, name: str) -> Resource:
    """Return a stack's resource by its name."""
    (found,) = [each for each in stack.resources if each.name == name]
    return found


def _urn(short: str, part: Part) -> str:
    return f"urn:pulumi:test::project::{part.type}::{short}"


def _tuples(links: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    return {key: (value,) if isinstance(value, str) else tuple(value) for key, value in links.items()}


def _without(links: Mapping[str, tuple[str, ...]], gone: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    kept = {key: tuple(each for each in targets if each not in gone) for key, targets in links.items()}
    return {key: targets for key, targets in kept.items() if targets}
