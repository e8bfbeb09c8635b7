"""The entry face-match: whether a face is one of the enrolled ones, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgewise.models import enrol
from edgewise.models.catalogue.build import Built
from edgewise.models.catalogue.face_match import data, network
from edgewise.models.evaluate import Probe, choose_threshold, evaluate, evaluate_enrolments
from edgewise.models.faces import FaceFinder
from edgewise.models.fetch import fetch
from edgewise.models.quantise import quantise
from edgewise.models.runtime import Image, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx

    from edgewise.models.runtime import Vectors
    from edgewise.models.tally import Judgement, Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class _Faces:
    """Aligned faces by person, for each use."""

    calibration: Mapping[str, Sequence[Image]]
    threshold: Mapping[str, Sequence[Image]]
    enrolled: Mapping[str, Sequence[Image]]
    strangers: Mapping[str, Sequence[Image]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Finished:
    """A network with threshold and gallery, and what it was judged by."""

    artefact: bytes
    enrolments: Judgement
    shipped: Judgement
    answers: Tally


def build(*, say: Callable[[str], None]) -> Built:
    """Build and judge the artefact.

    Parameters
    ----------
    say : callable
        Takes progress lines.
    """
    recipe = data.recipe()
    manifest, shard = (fetch(recipe.sources[name].source(), say=say) for name in ("weights_manifest", "weights"))
    body = network.build(network.read_weights(manifest, shard))
    faces = _align(recipe, say)
    say("quantising to int8")
    small = quantise(body, [image for images in faces.calibration.values() for image in images])
    say("choosing the threshold, enrolling, measuring")
    fp32 = _finish(body, recipe, faces)
    int8 = _finish(small, recipe, faces)
    return Built(
        model=int8.artefact,
        accuracy={
            "fp32": fp32.enrolments.tally.balanced_accuracy,
            "int8": int8.enrolments.tally.balanced_accuracy,
            "int8_low": int8.enrolments.low,
            "int8_high": int8.enrolments.high,
            "int8_shipped_gallery": int8.shipped.tally.balanced_accuracy,
            "int8_shipped_answers": int8.answers.balanced_accuracy,
        },
        data=_describe(recipe, int8),
    )


def _align(recipe: data.FaceRecipe, say: Callable[[str], None]) -> _Faces:
    photos = {group: data.photos(getattr(recipe.people, group), say=say) for group in data.People.model_fields}
    finder = FaceFinder(say=say)
    say("finding and aligning the faces")
    return _Faces(
        **{
            group: {person: [finder.aligned(photo.path) for photo in of_person] for person, of_person in people.items()}
            for group, people in photos.items()
        }
    )


def _finish(body: onnx.ModelProto, recipe: data.FaceRecipe, faces: _Faces) -> _Finished:
    """Choose the threshold for this very network, enrol, and judge what would be shipped."""
    model = Model(body.SerializeToString())
    count = recipe.enrolment_photos
    threshold = choose_threshold(_embeddings(model, faces.threshold), photos=count)
    gallery = enrol.make_gallery(model, {person: images[:count] for person, images in faces.enrolled.items()})
    artefact = enrol.enrol(body, gallery, threshold=threshold, name=recipe.name, recipe=recipe.version)
    unseen = {person: images[count:] for person, images in faces.enrolled.items()} | dict(faces.strangers)
    probes = [Probe(person=person, image=image) for person, images in unseen.items() for image in images]
    shipped, answers = evaluate(Model(artefact), probes)
    everybody = _embeddings(model, {**faces.enrolled, **faces.strangers})
    enrolments = evaluate_enrolments(everybody, photos=count, threshold=threshold)
    return _Finished(artefact=artefact, enrolments=enrolments, shipped=shipped, answers=answers)


def _embeddings(model: Model, faces: Mapping[str, Sequence[Image]]) -> Vectors:
    return np.stack([enrol.embed(model, images) for images in faces.values()])


def _describe(recipe: data.FaceRecipe, result: _Finished) -> str:
    photos, people, count = recipe.sources["photos"], recipe.people, recipe.enrolment_photos
    everyone, shipped, answers = result.enrolments.tally, result.shipped.tally, result.answers
    return (
        f"ORL faces ({photos.package} {photos.version}). fp32, int8: balanced accuracy over "
        f"{everyone.decisions} pairs of a photo and a gallery row ({everyone.genuine} genuine), people "
        f"s{people.enrolled.first}-s{people.strangers.last}, each enrolled with every run of {count} photos; low and "
        f"high: 95 %, the wider of Wilson's interval and a bootstrap over people. Shipped gallery: "
        f"{shipped.decisions} pairs ({shipped.genuine} genuine); shipped answers: {answers.decisions} photos "
        f"({answers.genuine} of enrolled people). Calibrated on s{people.calibration.first}-"
        f"s{people.calibration.last}, thresholds from s{people.threshold.first}-s{people.threshold.last}."
    )
