"""What the face entries share: aligned faces, a gallery at the end of the graph, and how it is judged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from edgewise.models import enrol
from edgewise.models.catalogue.entry import Judged, Split
from edgewise.models.evaluate import Probe, choose_threshold, evaluate, tally_enrolments
from edgewise.models.faces import DLIB_CHIP, Chip, FaceFinder
from edgewise.models.fetch import fetch
from edgewise.models.people import FaceRecipe, photos
from edgewise.models.runtime import Image, Model
from edgewise.models.tfjs import read_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgewise.models.runtime import Vectors
    from edgewise.models.tally import Judgement, Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Faces:
    """Aligned faces by person, for each use; no person is in two of them."""

    calibration: Mapping[str, Sequence[Image]]
    threshold: Mapping[str, Sequence[Image]]
    enrolled: Mapping[str, Sequence[Image]]
    strangers: Mapping[str, Sequence[Image]]


class FaceEntry:
    """An entry (see `edgewise.models.catalogue.entry.Entry`) that tells whether a face is one of the enrolled ones.

    Parameters
    ----------
    recipe : FaceRecipe
        Its sources hold "weights" and "weights_manifest".
    convert : callable
        Makes the network of the two fetched files: one face in, the output ``embedding`` out.
    chip : Chip
        How the network wants a face to lie.
    measure : callable, optional
        Appends to a copy of the network what turns its embeddings into such that the Euclidean distance of two
        faces is from 0 to about 1.
    """

    def __init__(
        self,
        recipe: FaceRecipe,
        convert: Callable[[Mapping[str, NDArray[np.float32]]], onnx.ModelProto],
        *,
        chip: Chip = DLIB_CHIP,
        measure: Callable[[onnx.ModelProto], onnx.ModelProto] | None = None,
    ) -> None:
        self.recipe = recipe
        self._convert = convert
        self._chip = chip
        self._measure = measure
        self._faces: Faces | None = None

    def body(self, *, say: Callable[[str], None]) -> onnx.ModelProto:
        """Return the float32 network; its input is one aligned face."""
        manifest, shard = (
            fetch(self.recipe.sources[name].source(), say=say) for name in ("weights_manifest", "weights")
        )
        return self._convert(read_weights(manifest, shard))

    def calibration(self, *, say: Callable[[str], None]) -> Sequence[NDArray[Any]]:
        """Return every photo of the calibration people."""
        return [image for images in self._aligned(say).calibration.values() for image in images]

    def finish(self, body: onnx.ModelProto, *, say: Callable[[str], None]) -> bytes:
        """Choose the threshold for this very network and enrol the recipe's people."""
        faces = self._aligned(say)
        measured = self._measure(body) if self._measure else body
        model = Model(measured.SerializeToString())
        count = self.recipe.enrolment_photos
        threshold = choose_threshold(_embeddings(model, faces.threshold), photos=count)
        gallery = enrol.make_gallery(model, {person: images[:count] for person, images in faces.enrolled.items()})
        return enrol.enrol(measured, gallery, threshold=threshold, name=self.recipe.name, recipe=self.recipe.version)

    def judge(self, artefact: bytes, *, split: Split, say: Callable[[str], None]) -> Judged:
        """Judge network, way of enrolment and threshold over every enrolment, and the shipped gallery on its own.

        Everybody of the split is enrolled with every run of `enrolment_photos` photos, see
        `edgewise.models.evaluate.tally_enrolments`.
        """
        faces = self._aligned(say)
        model = Model(_with_embedding(artefact))
        threshold = float(model.metadata[enrol.THRESHOLD_KEY])
        people = faces.threshold if split == "choice" else {**faces.enrolled, **faces.strangers}
        tallies = tally_enrolments(_embeddings(model, people), photos=self.recipe.enrolment_photos, threshold=threshold)
        groups = dict(zip(people, tallies, strict=True))
        if split == "choice":
            return Judged(groups=groups, data="the people that the threshold was chosen on")
        shipped, answers = evaluate(model, self._probes(faces))
        return Judged(
            groups=groups,
            data=self._describe(groups, shipped, answers),
            figures={
                "shipped_gallery": shipped.tally.balanced_accuracy,
                "shipped_answers": answers.balanced_accuracy,
            },
        )

    def samples(self, *, say: Callable[[str], None]) -> Sequence[NDArray[Any]]:
        """Return the test people's faces that nobody was enrolled with."""
        return [probe.image for probe in self._probes(self._aligned(say))]

    def splits(self, *, say: Callable[[str], None]) -> Mapping[str, frozenset[str]]:  # noqa: ARG002  # the protocol's
        """Return the people of each split."""
        people = self.recipe.people
        return {
            "calibration": people.calibration.names,
            "choice": people.threshold.names,
            "test": people.enrolled.names | people.strangers.names,
        }

    def _aligned(self, say: Callable[[str], None]) -> Faces:
        """Align everybody, once a process."""
        if self._faces is None:
            people = self.recipe.people
            groups = {name: photos(self.recipe, getattr(people, name), say=say) for name in type(people).model_fields}
            finder = FaceFinder(say=say)
            say("finding and aligning the faces")
            self._faces = Faces(
                **{
                    name: {
                        person: [finder.aligned(photo.path, self._chip) for photo in of_person]
                        for person, of_person in group.items()
                    }
                    for name, group in groups.items()
                }
            )
        return self._faces

    def _probes(self, faces: Faces) -> list[Probe]:
        """Return whom the shipped gallery has not seen: the enrolled people's other photos, and strangers."""
        count = self.recipe.enrolment_photos
        unseen = {person: images[count:] for person, images in faces.enrolled.items()} | dict(faces.strangers)
        return [Probe(person=person, image=image) for person, images in unseen.items() for image in images]

    def _describe(self, groups: Mapping[str, Tally], shipped: Judgement, answers: Tally) -> str:
        source, people, count = self.recipe.sources["photos"], self.recipe.people, self.recipe.enrolment_photos
        decisions, genuine = (sum(getattr(tally, key) for tally in groups.values()) for key in ("decisions", "genuine"))
        return (
            f"ORL faces ({source.package} {source.version}). fp32, int8: balanced accuracy over "
            f"{decisions} pairs of a photo and a gallery row ({genuine} genuine), people "
            f"s{people.enrolled.first}-s{people.strangers.last}, each enrolled with every run of {count} photos; low "
            f"and high: 95 %, the wider of Wilson's interval and a bootstrap over people. Shipped gallery: "
            f"{shipped.tally.decisions} pairs ({shipped.tally.genuine} genuine); shipped answers: {answers.decisions} "
            f"photos ({answers.genuine} of enrolled people). Calibrated on s{people.calibration.first}-"
            f"s{people.calibration.last}, cut and threshold chosen on s{people.threshold.first}-"
            f"s{people.threshold.last}."
        )


def on_the_unit_sphere(body: onnx.ModelProto) -> onnx.ModelProto:
    """Return a copy whose embedding has the length 1/2: for a network of which only the direction counts.

    Two of them are at most 1 apart, so the similarity of `edgewise.models.enrol.enrol` stays from 0 to 1.
    """
    measured = onnx.ModelProto()
    measured.CopyFrom(body)
    for node in measured.graph.node:
        node.output[:] = ["unit_sphere.raw" if name == enrol.EMBEDDING else name for name in node.output]
    half = helper.make_tensor("unit_sphere.half", TensorProto.FLOAT, [], [0.5])
    measured.graph.initializer.append(half)
    measured.graph.node.extend(
        [
            helper.make_node(
                "LpNormalization", ["unit_sphere.raw"], ["unit_sphere.unit"], name="unit_sphere.normalise", axis=1, p=2
            ),
            helper.make_node(
                "Mul", ["unit_sphere.unit", "unit_sphere.half"], [enrol.EMBEDDING], name="unit_sphere.scale"
            ),
        ]
    )
    return measured


def _with_embedding(artefact: bytes) -> bytes:
    """Let an artefact answer its embedding too, which no edge gives away."""
    model = onnx.load_from_string(artefact)
    model.graph.output.append(helper.make_tensor_value_info(enrol.EMBEDDING, TensorProto.FLOAT, None))
    content: bytes = model.SerializeToString()
    return content


def _embeddings(model: Model, faces: Mapping[str, Sequence[Image]]) -> Vectors:
    return np.stack([enrol.embed(model, images) for images in faces.values()])
