"""What every component shares: child names, tags and the escape hatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import pulumi

ResourceT = TypeVar("ResourceT", bound=pulumi.CustomResource)

Customize = Mapping[str, Mapping[str, Any]]


class CustomizeError(ValueError):
    """An override names a child or a property that does not exist."""


class Component(pulumi.ComponentResource):
    """A component whose children are named ``<component>-<child>`` and can be overridden one by one.

    Parameters
    ----------
    kind : str
        The component's type in the stack's state, ``edgewise:<module>:<Class>``.
    name : str
        The component's logical name; unique in the stack.
    children : tuple of str
        The names that an override may use.
    customize : mapping
        Properties laid over a child's own, by the child's name.
    opts : pulumi.ResourceOptions, optional

    Raises
    ------
    CustomizeError
        When ``customize`` names a child that is not in ``children``.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        *,
        children: tuple[str, ...],
        customize: Customize | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        self._name = name
        self._children = children
        self._customize = customize or {}
        unknown = sorted(set(self._customize) - set(children))
        if unknown:
            raise CustomizeError(
                f"{name}: customize names {', '.join(unknown)}; {kind} has the children {', '.join(children)}"
            )
        super().__init__(kind, name, None, opts)

    def child(
        self,
        resource: type[ResourceT],
        child: str,
        *,
        suffix: str = "",
        opts: pulumi.ResourceOptions | None = None,
        **properties: Any,
    ) -> ResourceT:
        """Declare a child resource.

        Parameters
        ----------
        resource : type
            The resource's class.
        child : str
            The child's name, one of the component's ``children``.
        suffix : str
            Tells children of one name apart, a Region for instance.
        opts : pulumi.ResourceOptions, optional
            Merged with "is a child of this component".
        **properties
            The resource's own properties; an override wins.

        Raises
        ------
        CustomizeError
            When an override sets a property that the resource does not have.
        """
        if child not in self._children:
            raise LookupError(f"{self._name}: {child} is missing in the component's children")
        name = "-".join(part for part in (self._name, child, suffix) if part)
        merged = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(parent=self), opts)
        try:
            return resource(name, opts=merged, **(properties | dict(self._customize.get(child, {}))))
        except TypeError as error:
            if child not in self._customize:
                raise
            raise CustomizeError(f"{name}: customize.{child}: {error}") from error
