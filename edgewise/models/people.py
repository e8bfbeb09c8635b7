"""The people behind the face entries: whose photos calibrate, set the threshold, are enrolled, are strange."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import Field, model_validator

from edgewise.models.catalogue.recipe import Recipe, Strict
from edgewise.models.fetch import fetch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PHOTOS_EACH: Final = 10
PEOPLE: Final = 40


class Subjects(Strict):
    """A run of the data's people, both ends included."""

    first: Annotated[int, Field(ge=1, le=PEOPLE)]
    last: Annotated[int, Field(ge=1, le=PEOPLE)]

    @property
    def numbers(self) -> range:
        """Return the people's numbers in the data set."""
        return range(self.first, self.last + 1)

    @property
    def names(self) -> frozenset[str]:
        """Return the people's names in the data set, such as "s1"."""
        return frozenset(f"s{number}" for number in self.numbers)


class People(Strict):
    """Who serves for what."""

    calibration: Subjects
    threshold: Subjects
    enrolled: Subjects
    strangers: Subjects

    @model_validator(mode="after")
    def _nobody_twice(self) -> People:
        groups = [self.calibration, self.threshold, self.enrolled, self.strangers]
        numbers = [number for group in groups for number in group.numbers]
        if not all(group.numbers for group in groups):
            raise ValueError("a group is empty: `last` must not be below `first`")
        if len(set(numbers)) != len(numbers):
            raise ValueError("a person stands in two groups; split the data by people")
        return self


class FaceRecipe(Recipe):
    """A face entry's recipe; see face_match/recipe.yaml for why it is as it is."""

    people: People
    enrolment_photos: Annotated[int, Field(ge=1, lt=PHOTOS_EACH)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Photo:
    """One photo and whose it is, "s1" to "s40"."""

    path: Path
    person: str


def photos(recipe: FaceRecipe, group: Subjects, *, say: Callable[[str], None]) -> dict[str, list[Photo]]:
    """Return a group's photos by person, in the data's order."""
    folder = fetch(recipe.sources["photos"].source(), say=say)
    return {
        f"s{number}": [
            Photo(path=folder / f"s{number}" / f"{index}.pgm", person=f"s{number}")
            for index in range(1, PHOTOS_EACH + 1)
        ]
        for number in group.numbers
    }


def unseen_photos(recipe: FaceRecipe, *, say: Callable[[str], None]) -> list[Photo]:
    """Return what the shipped artefact is tested with: photos that it was not enrolled with, and strangers'."""
    known = photos(recipe, recipe.people.enrolled, say=say)
    strange = photos(recipe, recipe.people.strangers, say=say)
    return [
        photo
        for person, all_of_them in (known | strange).items()
        for photo in all_of_them[recipe.enrolment_photos if person in known else 0 :]
    ]
