"""The face-match recipe and its people's photos, for the device, the fleet and the tests."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from edgewise.models import people
from edgewise.models.catalogue.recipe import read_recipe
from edgewise.models.people import FaceRecipe, People, Photo, Subjects

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FaceRecipe", "People", "Photo", "Subjects", "photos", "recipe", "test_photos"]


@cache
def recipe() -> FaceRecipe:
    """Return the checked recipe."""
    return read_recipe(Path(__file__).with_name("recipe.yaml"), FaceRecipe)


def photos(group: Subjects, *, say: Callable[[str], None]) -> dict[str, list[Photo]]:
    """Return a group's photos by person, in the data's order."""
    return people.photos(recipe(), group, say=say)


def test_photos(*, say: Callable[[str], None]) -> list[Photo]:
    """Return what the shipped artefact is tested with: photos that it was not enrolled with, and strangers'."""
    return people.unseen_photos(recipe(), say=say)
