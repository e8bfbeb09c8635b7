"""The catalogue: what it builds, keeps, refuses, and builds again to the same byte."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgewise.models import catalogue
from edgewise.models.catalogue.face_match.data import FaceRecipe, recipe, test_photos
from edgewise.models.catalogue.recipe import RecipeError, read_recipe
from edgewise.models.evaluate import Probe, evaluate
from edgewise.models.faces import FaceFinder
from edgewise.models.runtime import Model
from edgewise.paths import PROJECT_ROOT
from inference.session import Session

BUILD = "from edgewise.models.catalogue import ensure; print(ensure('face-match', say=print).digest)"
RECIPE = PROJECT_ROOT / "edgewise/models/catalogue/face_match/recipe.yaml"

# pytest would collect the function by its name.
unseen_photos = test_photos
del test_photos


def test_the_manifest_says_what_the_file_is(face_match: catalogue.Artefact) -> None:
    manifest = face_match.manifest
    session = Session(face_match.path.read_bytes())
    assert manifest.name == "face-match"
    assert manifest.digest == face_match.digest
    assert face_match.path.name == f"{face_match.digest.removeprefix('sha256:')}.onnx"
    assert manifest.bytes == face_match.path.stat().st_size < 3_700_000
    assert manifest.input == session.input
    assert manifest.request_bytes == 67_500
    assert manifest.answer == ("match", "score", "row")
    assert tuple(session.run(bytes(67_500))) == manifest.answer
    assert manifest.recipe == recipe().version


def test_it_is_good_enough(face_match: catalogue.Artefact) -> None:
    # THEN at least 99 % balanced accuracy on unseen people, at the lower end of the interval, and less than
    # 1 % lost to int8
    accuracy = face_match.manifest.accuracy
    assert accuracy["int8_low"] >= 0.99
    assert accuracy["int8_low"] <= accuracy["int8"] <= accuracy["int8_high"]
    assert accuracy["fp32"] - accuracy["int8"] < 0.01


def test_the_manifests_figures_are_the_artefacts(face_match: catalogue.Artefact) -> None:
    # GIVEN the photos that it was not enrolled with, and strangers'
    finder = FaceFinder(say=print)
    photos = unseen_photos(say=print)
    probes = [Probe(person=photo.person, image=finder.aligned(photo.path)) for photo in photos]
    # WHEN the shipped file is judged anew
    judgement, answers = evaluate(Model(face_match.path.read_bytes()), probes)
    # THEN it is as good as its manifest says
    assert judgement.tally.decisions == 158 * 14
    assert judgement.tally.genuine == 98
    assert judgement.tally.balanced_accuracy == face_match.manifest.accuracy["int8_shipped_gallery"]
    assert answers.balanced_accuracy == face_match.manifest.accuracy["int8_shipped_answers"]


def test_an_empty_cache_gives_the_same_digest(face_match: catalogue.Artefact, tmp_path: Path) -> None:
    # GIVEN an empty cache, another folder, another order of sets
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "PYTHONHASHSEED": "12345"}
    # WHEN the model is built there, from the registries
    done = subprocess.run(
        [sys.executable, "-c", BUILD], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    # THEN it is the same file
    assert done.returncode == 0, done.stderr
    assert "building face-match" in done.stdout
    assert done.stdout.splitlines()[-1] == face_match.digest


def test_a_second_call_builds_nothing(face_match: catalogue.Artefact) -> None:
    assert catalogue.ensure("face-match", digest=face_match.digest, say=pytest.fail) == face_match


def test_another_digest_is_refused(face_match: catalogue.Artefact) -> None:
    pinned = "sha256:" + "0" * 64
    with pytest.raises(catalogue.CatalogueError) as caught:
        catalogue.ensure("face-match", digest=pinned, say=print)
    assert pinned in str(caught.value)
    assert face_match.digest in str(caught.value)
    assert "pin the new digest" in str(caught.value)


def test_a_damaged_artefact_is_not_used(
    face_match: catalogue.Artefact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # GIVEN a copy of the cache's artefacts in which one byte is missing, and a build that only counts
    folder = tmp_path / "edgewise" / "models"
    (folder / "built").mkdir(parents=True)
    for file in (face_match.path, face_match.path.with_suffix(".json")):
        (folder / file.name).write_bytes(file.read_bytes())
    for index in (face_match.path.parent / "built").glob("face-match-*"):
        (folder / "built" / index.name).write_bytes(index.read_bytes())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert catalogue.ensure("face-match", say=pytest.fail).path.parent == folder
    (folder / face_match.path.name).write_bytes(face_match.path.read_bytes()[:-1])

    def build(_: Path) -> None:
        raise RuntimeError("built again")

    monkeypatch.setattr("edgewise.models.catalogue.load", build)
    # WHEN it is wanted THEN it is built again
    with pytest.raises(RuntimeError, match="built again"):
        catalogue.ensure("face-match", say=print)


def test_unknown_names_are_told_the_known_ones() -> None:
    assert {"face-match", "face-match-small"} <= set(catalogue.names())
    with pytest.raises(catalogue.CatalogueError, match=r"'face-macth': not in the catalogue; it has .*face-match"):
        catalogue.ensure("face-macth", say=print)


def test_nobody_serves_twice() -> None:
    people = recipe().people
    groups = [set(getattr(people, name).numbers) for name in ("calibration", "threshold", "enrolled", "strangers")]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 40


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("first: 21", "first: 20", "people: .*a person stands in two groups"),
        ("last: 40", "last: 41", "people.strangers.last: .*less than or equal to 40, got 41"),
        ("{first: 35, last: 40}", "{first: 40, last: 39}", "people: .*a group is empty"),
        ("enrolment_photos: 3", "enrolment_photos: 10", "enrolment_photos: .*less than 10, got 10"),
        ("licence: MIT", "license: MIT", "licence: Field required.*; license: Extra inputs"),
        (
            "registry: pypi",
            "registry: conda",
            "sources.photos.registry: Input should be 'npm', 'pypi' or 'debian', got 'conda'",
        ),
        ("name: face-match", "name: [", "recipe.yaml: not YAML"),
    ],
)
def test_a_bad_recipe_is_refused(tmp_path: Path, before: str, after: str, message: str) -> None:
    text = RECIPE.read_text()
    assert before in text
    path = tmp_path / "recipe.yaml"
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(RecipeError, match=message):
        read_recipe(path, FaceRecipe)
