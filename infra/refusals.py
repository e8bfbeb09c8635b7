"""What a refused setting is told: its key, its value, the limit and the limit's source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

Location = tuple[int | str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyNames:
    """How the fields of a settings model are written in a stack's YAML.

    Attributes
    ----------
    by_field : mapping
        Top-level field name to configuration key.
    model_at : mapping
        Depth-insensitive lookup of the model that holds a field: a tuple of the location's fixed parts, with
        ``*`` for a name that the owner chose, to the model.
    """

    by_field: Mapping[str, str]
    model_at: Mapping[tuple[str, ...], type[BaseModel]]

    def key(self, loc: Location) -> str:
        """Return the key as the owner wrote it."""
        head, *rest = (part for part in loc if part != "[key]")
        return ".".join([self.by_field.get(str(head), str(head)), *map(str, rest)])

    def holder(self, loc: Location) -> type[BaseModel]:
        """Return the model that has, or lacks, the last part of a location."""
        parents = tuple(str(part) for part in loc[:-1])
        for pattern, model in self.model_at.items():
            if len(pattern) == len(parents) and all(p in ("*", q) for p, q in zip(pattern, parents, strict=True)):
                return model
        return self.model_at[()]

    def source(self, loc: Location) -> str:
        """Return the source of the limit on a field, or an empty text."""
        field = self.holder(loc).model_fields.get(str(loc[-1]))
        extra = field.json_schema_extra if field else None
        return str(extra["source"]) if isinstance(extra, dict) and "source" in extra else ""


def refusals(error: ValidationError, names: KeyNames) -> Iterable[str]:
    """Put each of a validation's errors in one line."""
    for item in error.errors(include_url=False):
        loc, message = item["loc"], item["msg"].removeprefix("Value error, ")
        key = names.key(loc) if loc else ""
        source = names.source(loc) if loc else ""
        match item["type"]:
            case "value_error":
                yield f"{key}: {message}" if key else message
            case "extra_forbidden":
                known = ", ".join(sorted(names.holder(loc).model_fields))
                yield f"{key}: unknown key with value {item['input']!r}; known keys: {known}"
            case "missing":
                yield f"{key}: is missing and has no default" + (f" ({source})" if source else "")
            case _:
                limit = f"{message[0].lower()}{message[1:]}" + (f" ({source})" if source else "")
                yield f"{key}: {item['input']!r} is refused: {limit}"
