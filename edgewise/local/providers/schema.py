"""What a type's properties are called and what they hold, as harvested from Pulumi's SDK (`data/<package>.json`)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgewise.local.providers.wire import UNKNOWN, Json, Secret, is_blob, is_hidden_key

DATA = Path(__file__).parent / "data"
SCALARS: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
WORDS = {"str": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A refused input.

    Parameters
    ----------
    path
        The property, as `orderedCacheBehaviors[0].pathPattern`.
    reason
        Value, limit and what to do.
    """

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class TypeSchema:
    """Inputs (name to form; a required one ends in `!`) and further outputs of one resource type."""

    inputs: Mapping[str, str]
    outputs: tuple[str, ...]

    @property
    def regional(self) -> bool:
        """Tell whether the type has a region of its own."""
        return "region" in self.inputs

    @property
    def taggable(self) -> bool:
        """Tell whether the type takes tags."""
        return "tags" in self.inputs


class Schema:
    """All types of one package."""

    def __init__(self, package: str) -> None:
        data: dict[str, Any] = json.loads((DATA / f"{package}.json").read_text())
        self.version: str = data["version"]
        self.types = {
            token: TypeSchema(inputs=body["inputs"], outputs=tuple(body["outputs"]))
            for token, body in data["resources"].items()
        }
        self._objects: dict[str, dict[str, str]] = data["objects"]

    def failures(self, token: str, inputs: Mapping[str, Json]) -> Iterator[Failure]:
        """Refuse unknown names, missing required properties and wrong types, at any depth."""
        yield from self._object_failures(self.types[token].inputs, inputs, prefix="")

    def object_at(self, form: str) -> Mapping[str, str] | None:
        """Return the properties of the object type that a form names (`@x`), or None for any other form."""
        bare = form.rstrip("!")
        return self._objects[bare[1:]] if bare.startswith("@") else None

    def _object_failures(
        self, properties: Mapping[str, str], found: Mapping[str, Json], *, prefix: str
    ) -> Iterator[Failure]:
        for name, value in found.items():
            if is_hidden_key(name):
                continue
            if name not in properties:
                known = ", ".join(sorted(properties))
                yield Failure(path=prefix + name, reason=f"no such property; the type has: {known}")
            elif value is not None:
                yield from self._value_failures(properties[name].rstrip("!"), value, path=prefix + name)
        for name, form in properties.items():
            if form.endswith("!") and found.get(name) is None:
                yield Failure(path=prefix + name, reason="missing required property; give it a value")

    def _value_failures(self, form: str, value: Json, *, path: str) -> Iterator[Failure]:
        if isinstance(value, Secret):
            yield from self._value_failures(form, value.value, path=path)
        elif value in (UNKNOWN, None) or form == "any":
            return
        elif form.startswith("[") and isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._value_failures(form[1:-1], item, path=f"{path}[{index}]")
        elif form.startswith("{") and isinstance(value, Mapping) and not is_blob(value):
            for key, item in value.items():
                if not is_hidden_key(key):
                    yield from self._value_failures(form[1:-1], item, path=f"{path}.{key}")
        elif form.startswith("@") and isinstance(value, Mapping) and not is_blob(value):
            yield from self._object_failures(self._objects[form[1:]], value, prefix=f"{path}.")
        elif not _holds(form, value):
            yield Failure(path=path, reason=f"expected {_words(form)}, got a {type(value).__name__}")


def _holds(form: str, value: Json) -> bool:
    if form in ("asset", "archive"):
        return is_blob(value)
    if form not in SCALARS or (isinstance(value, bool) and form != "bool"):
        return False
    return isinstance(value, SCALARS[form])


def _words(form: str) -> str:
    if form in ("asset", "archive"):
        return f"an {form}"
    return WORDS.get(form, "a list" if form.startswith("[") else "an object")
