"""The artefact as it is shipped, built once from the real packages (or found in the cache)."""

from __future__ import annotations

import pytest

from edgewise.models import catalogue


@pytest.fixture(scope="session")
def face_match() -> catalogue.Artefact:
    return catalogue.ensure("face-match", say=print)
