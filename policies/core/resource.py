"""A program's resources as plain data, linked by what flows from one into another."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

UNKNOWN: Final = object()
"""Stands for a value that is known only after the update."""


class UnknownValueError(Exception):
    """A rule asked for what is not known yet; the rule's answer is then CAN'T TELL.

    Attributes
    ----------
    resource : Resource
    path : str
        Such as ``origins.0.domainName``.
    """

    def __init__(self, resource: Resource, path: str) -> None:
        super().__init__(f"{resource.label}: {path} is not known before the update")
        self.resource = resource
        self.path = path


@dataclass(eq=False, slots=True, kw_only=True)
class Resource:
    """One registered resource.

    Attributes
    ----------
    urn, type, name : str
        Pulumi's; the type is a token such as ``aws:cloudfront/distribution:Distribution``.
    props : mapping
        Inputs with camelCase keys, as the engine has them; `UNKNOWN` stands where a value is not known.
    links : mapping of str to tuple of Resource
        By top-level property: the resources whose outputs went into it. It holds at the first preview too.
    parent : Resource or None
    """

    urn: str
    type: str
    name: str
    props: Mapping[str, Any] = field(default_factory=dict)
    links: dict[str, tuple[Resource, ...]] = field(default_factory=dict)
    parent: Resource | None = None

    @property
    def label(self) -> str:
        """Type and name, for messages."""
        return f"{self.type} {self.name}"

    def get(self, *path: str | int, default: Any = None) -> Any:
        """Return a value of the properties.

        Parameters
        ----------
        *path : str or int
            Keys and positions from the top.
        default : Any
            What an absent value counts as.

        Raises
        ------
        UnknownValueError
            When the value, or what holds it, is not known before the update.
        """
        value: Any = self.props
        for depth, key in enumerate(path):
            value = _inside(value, key)
            if value is UNKNOWN:
                raise UnknownValueError(self, ".".join(map(str, path[: depth + 1])))
            if value is None:
                return default
        return value

    def sure(self, value: Any, path: str) -> Any:
        """Return a value taken out of a list or mapping of `get`; refuse it when it is not known.

        Raises
        ------
        UnknownValueError
        """
        if value is UNKNOWN:
            raise UnknownValueError(self, path)
        return value

    def known(self, *path: str | int, default: Any = None) -> Any:
        """Return a value, or the default where it is absent or not known."""
        try:
            return self.get(*path, default=default)
        except UnknownValueError:
            return default

    def document(self, *path: str | int) -> dict[str, Any]:
        """Return a property that is a JSON document, as the object in it; an absent one is empty.

        Raises
        ------
        UnknownValueError
            When it is not known, or no JSON object: then nobody can tell what it says.
        """
        value = self.get(*path, default={})
        try:
            found = json.loads(value) if isinstance(value, str) else value
        except json.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise UnknownValueError(self, f"{'.'.join(map(str, path))} (no JSON object)")
        return found

    def linked(self, key: str, type_suffix: str = "") -> tuple[Resource, ...]:
        """Return the resources that a top-level property comes from.

        Parameters
        ----------
        key : str
        type_suffix : str
            Only those whose type ends with it, such as ``:Table``.
        """
        return tuple(each for each in self.links.get(key, ()) if each.type.endswith(type_suffix))


def _inside(value: Any, key: str | int) -> Any:
    if value is UNKNOWN:
        return UNKNOWN
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int):
        return value[key] if -len(value) <= key < len(value) else None
    return None


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One cache behaviour of a distribution; `path` is ``*`` for the default one.

    Attributes
    ----------
    settings : mapping
        The behaviour's own keys, camelCase.
    key : str
        The distribution's property that it stands in: links are by that.
    """

    distribution: Resource
    path: str
    settings: Mapping[str, Any]
    key: str


@dataclass(slots=True)
class Stack:
    """All resources of a program."""

    resources: tuple[Resource, ...]
    by_type: dict[str, list[Resource]] = field(init=False, default_factory=dict)
    _users: dict[int, list[tuple[Resource, str]]] = field(init=False, default_factory=dict)
    memory: dict[str, Any] = field(init=False, default_factory=dict)
    """What rules have worked out of these resources, by the worker's own name: see `remembered`."""

    def __post_init__(self) -> None:
        """Index by type and by use."""
        for resource in self.resources:
            self.by_type.setdefault(resource.type, []).append(resource)
            for key, sources in resource.links.items():
                for source in sources:
                    self._users.setdefault(id(source), []).append((resource, key))

    def of(self, *types: str) -> Iterator[Resource]:
        """Return the resources of these types, in the program's order."""
        for each in types:
            yield from self.by_type.get(each, ())

    def having(self, kind: str, key: str, value: Any) -> list[Resource]:
        """Return the resources of a type whose top-level property is this very text.

        Looked up, not searched for: a stack of thousands asks it of each resource.
        """
        name = f"having {kind} {key}"
        index: dict[str, list[Resource]] | None = self.memory.get(name)
        if index is None:
            index = self.memory[name] = {}
            for each in self.of(kind):
                if isinstance(text := each.known(key), str):
                    index.setdefault(text, []).append(each)
        return index.get(value, []) if isinstance(value, str) else []

    def users(self, resource: Resource, *types: str, key: str | None = None) -> list[Resource]:
        """Return what an output of this resource went into.

        Parameters
        ----------
        resource : Resource
        *types : str
            Only users of these types; all when left out.
        key : str, optional
            Only where it went into this top-level property.
        """
        found: dict[int, Resource] = {}
        for user, where in self._users.get(id(resource), ()):
            if (not types or user.type in types) and key in {None, where}:
                found[id(user)] = user
        return list(found.values())


def behaviours(distribution: Resource) -> list[Behaviour]:
    """Return a distribution's behaviours in the order in which CloudFront tries them, the default one last.

    Raises
    ------
    UnknownValueError
    """
    ordered = distribution.get("orderedCacheBehaviors", default=())
    found = [
        _behaviour(distribution, each, "orderedCacheBehaviors", f"orderedCacheBehaviors.{index}")
        for index, each in enumerate(ordered)
    ]
    default = distribution.get("defaultCacheBehavior", default={})
    return [*found, _behaviour(distribution, {**default, "pathPattern": "*"}, "defaultCacheBehavior")]


# What decides who runs on which requests: nobody can tell anything of a behaviour of which these are not known.
_DECIDES: Final = ("allowedMethods", "functionAssociations", "lambdaFunctionAssociations")


def _behaviour(distribution: Resource, settings: Any, key: str, path: str = "") -> Behaviour:
    where = path or key
    distribution.sure(settings, where)
    for name in _DECIDES:
        for index, each in enumerate(distribution.sure(settings.get(name), f"{where}.{name}") or ()):
            distribution.sure(each, f"{where}.{name}.{index}")
    pattern = distribution.sure(settings.get("pathPattern"), f"{where}.pathPattern")
    return Behaviour(distribution, str(pattern), settings, key)


def link(resources: Iterable[Resource], dependencies: Mapping[str, Mapping[str, Sequence[str]]]) -> Stack:
    """Build a stack from resources and, by URN and property, the URNs that went into them."""
    kept = tuple(resources)
    by_urn = {each.urn: each for each in kept}
    for each in kept:
        each.links = {
            key: tuple(by_urn[urn] for urn in urns if urn in by_urn)
            for key, urns in dependencies.get(each.urn, {}).items()
        }
    return Stack(kept)
