"""The entry face-match: whether a face is one of the enrolled ones, and which."""

from __future__ import annotations

from typing import Final

from edgewise.models.catalogue.face_match import data, network
from edgewise.models.face_entry import FaceEntry

ENTRY: Final = FaceEntry(data.recipe(), network.build)
