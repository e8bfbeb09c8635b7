"""The entry face-match-small: face-match with a tenth of the weights and half the bytes a request."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from edgewise.models.catalogue.face_match_small import network
from edgewise.models.catalogue.recipe import read_recipe
from edgewise.models.face_entry import FaceEntry, on_the_unit_sphere
from edgewise.models.faces import ARCFACE_CHIP
from edgewise.models.people import FaceRecipe

ENTRY: Final = FaceEntry(
    read_recipe(Path(__file__).with_name("recipe.yaml"), FaceRecipe),
    network.build,
    chip=ARCFACE_CHIP,
    measure=on_the_unit_sphere,
)
