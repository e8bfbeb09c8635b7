"""The artefact as it is shipped, built once from the real packages (or found in the cache), and a real face."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgewise.models import catalogue
from edgewise.models.catalogue.face_match.data import Subjects, photos
from edgewise.models.faces import FaceFinder


@pytest.fixture(scope="session")
def face_match() -> catalogue.Artefact:
    return catalogue.ensure("face-match", say=print)


@pytest.fixture(scope="session")
def finder() -> FaceFinder:
    return FaceFinder(say=print)


@pytest.fixture(scope="session")
def photo() -> Path:
    """One photo of s21, who is enrolled."""
    return photos(Subjects(first=21, last=21), say=print)["s21"][5].path
