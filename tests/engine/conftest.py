"""One deployed copy of the project for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgewise.cli.artefacts import ensure_models
from tests.project import Project, copy_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Give a copy whose program is this copy's, not the installed checkout's."""
    copy = copy_project(tmp_path_factory.mktemp("copy"))
    ensure_models("local", say=print, root=copy.root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(copy.root))
        yield copy


@pytest.fixture(scope="module")
def deployed(project: Project) -> Project:
    """Give the copy with the local stack up."""
    project.up()
    return project
