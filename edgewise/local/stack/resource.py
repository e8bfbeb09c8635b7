"""One resource of a stack's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from edgewise.local.stack.assets import reveal
from edgewise.local.stack.model import LocalEdgeError

_PROVIDERS: Final = "pulumi:providers:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """One resource of the state, its secrets in plain text."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, object]
    outputs: Mapping[str, object]

    @property
    def where(self) -> str:
        """The resource, for an error."""
        return f"{self.type} {self.name!r}"

    def text(self, key: str, default: str | None = None) -> str:
        """Return a property as text, what the provider answered before what the program asked for.

        Raises
        ------
        LocalEdgeError
            When there is none and no default.
        """
        value = self.outputs.get(key, self.inputs.get(key))
        if isinstance(value, str):
            return value
        if default is not None and value is None:
            return default
        raise LocalEdgeError(f"{self.where}: {key} is {value!r}, expected text")

    def number(self, key: str, default: int | None = None) -> int:
        """Return a property as a whole number.

        Raises
        ------
        LocalEdgeError
            When it is none, and there is no default for one that is absent.
        """
        value = self.outputs.get(key, self.inputs.get(key))
        if isinstance(value, int | float) and value == int(value):
            return int(value)
        if default is not None and value is None:
            return default
        raise LocalEdgeError(f"{self.where}: {key} is {value!r}, expected a whole number")

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a property as true or false."""
        value = self.outputs.get(key, self.inputs.get(key))
        return default if value is None else bool(value)

    def mapping(self, key: str) -> Mapping[str, object]:
        """Return an input that is an object, an empty one when it is absent.

        Raises
        ------
        LocalEdgeError
            When it is something else.
        """
        value = self.inputs.get(key) or {}
        if not isinstance(value, Mapping):
            raise LocalEdgeError(f"{self.where}: {key} is {value!r}, expected an object")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return an input that is a list of texts, an empty one when it is absent."""
        value = self.inputs.get(key) or []
        assert isinstance(value, list)
        return tuple(str(item) for item in value)


def resources(state: Mapping[str, object]) -> Iterator[Resource]:
    """Yield the custom resources of a state: no components, no providers, nothing that waits for deletion."""
    deployment = state.get("deployment")
    entries = deployment.get("resources") if isinstance(deployment, Mapping) else None
    if not isinstance(entries, list):
        raise LocalEdgeError("the state has no deployment.resources: expected what 'pulumi stack export' prints")
    for entry in entries:
        kind = str(entry.get("type", ""))
        if not entry.get("custom") or entry.get("delete") or kind.startswith(_PROVIDERS):
            continue
        inputs, outputs = reveal(entry.get("inputs") or {}), reveal(entry.get("outputs") or {})
        assert isinstance(inputs, dict)
        assert isinstance(outputs, dict)
        name = str(entry["urn"]).rsplit("::", 1)[-1]
        yield Resource(type=kind, name=name, id=str(entry.get("id", "")), inputs=inputs, outputs=outputs)


def stack_name(state: Mapping[str, object]) -> str:
    """Return the stack's name from the first URN (``urn:pulumi:<stack>::<project>::…``)."""
    deployment = state["deployment"]
    assert isinstance(deployment, Mapping)
    for entry in deployment["resources"]:
        return str(entry["urn"]).removeprefix("urn:pulumi:").split("::", 1)[0]
    return ""
