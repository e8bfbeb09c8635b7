"""Enrolment: put known faces into the graph, so that an answer is a decision and no embedding leaves the edge."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from edgewise.models.metadata import ANSWER_KEY, NAME_KEY, RECIPE_KEY, THRESHOLD_KEY, describe
from edgewise.models.runtime import Image, Model, Vectors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ANSWER_KEY", "NAME_KEY", "RECIPE_KEY", "THRESHOLD_KEY", "Gallery", "enrol", "make_gallery", "similarities"]

EMBEDDING: Final = "embedding"
SIMILARITY: Final = "similarity"
ANSWER: Final = ("match", "score", "row")

ROWS_KEY: Final = "edgewise.rows"

# Decimals that are kept. Of a gallery row: CPUs differ in the last bits of a float sum, the digest must not.
# Of a similarity: so that Lambda's ONNX Runtime and the Worker's give the same answer, not nearly the same.
GALLERY_DECIMALS: Final = 4
SIMILARITY_DECIMALS: Final = 4

# The device sends one aligned face in 67,500 bytes; rows cost 512 bytes each in an artefact that every cold
# environment downloads. 10,000 rows are 5 MB, as much as the network.
MAX_ROWS: Final = 10_000


class EnrolError(ValueError):
    """A gallery that can't be enrolled; the text names the row."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Gallery:
    """The known faces.

    Attributes
    ----------
    labels : tuple of str
        One name a row. They stand in the artefact's metadata: use pseudonyms.
    rows : array
        float32 [len(labels), size of the embedding].
    """

    labels: tuple[str, ...]
    rows: Vectors

    def __post_init__(self) -> None:
        """Refuse what would make answers ambiguous or meaningless."""
        if not 1 <= len(self.labels) <= MAX_ROWS:
            raise EnrolError(f"gallery: {len(self.labels)} rows; expected 1 to {MAX_ROWS}")
        if self.rows.ndim != 2 or len(self.rows) != len(self.labels):
            raise EnrolError(f"gallery: {len(self.labels)} labels, but rows of the shape {self.rows.shape}")
        for index, label in enumerate(self.labels):
            if not label.strip() or "," in label:
                raise EnrolError(f"gallery row {index}: label {label!r}; expected text without ','")
            if not np.isfinite(self.rows[index]).all():
                raise EnrolError(f"gallery row {index} ({label}): not a finite number; enrol another photo")
        if len(set(self.labels)) != len(self.labels):
            raise EnrolError(f"gallery: a label stands twice in {list(self.labels)}; join the photos in one row")


def embed(body: Model, images: Sequence[Image]) -> Vectors:
    """Return one embedding a face, float32 [len(images), size]."""
    return np.concatenate([body.run(image)[EMBEDDING] for image in images]).astype(np.float32)


def similarities(embeddings: Vectors, rows: Vectors) -> Vectors:
    """Return what the graph computes: the similarity of each embedding to each row, see `enrol`."""
    distances = np.linalg.norm(embeddings[:, None] - rows[None], axis=2)
    return np.asarray(np.maximum(1 - distances, 0).round(SIMILARITY_DECIMALS), dtype=np.float32)


def make_gallery(body: Model, people: Mapping[str, Sequence[Image]]) -> Gallery:
    """Make one row a person: the mean of the embeddings of the person's photos.

    Parameters
    ----------
    body : Model
        The very network that will answer, quantised if that one is.
    people : mapping
        Label to aligned faces.

    Raises
    ------
    EnrolError
        When a person has no photo, or a label or row can't be used.
    """
    for label, images in people.items():
        if not len(images):
            raise EnrolError(f"gallery: {label!r} has no photo; give at least one")
    rows = [embed(body, images).mean(axis=0) for images in people.values()]
    return Gallery(labels=tuple(people), rows=np.asarray(rows, dtype=np.float32).round(GALLERY_DECIMALS))


def enrol(body: onnx.ModelProto, gallery: Gallery, *, threshold: float, name: str, recipe: str) -> bytes:
    """Append the gallery to the network as its last layers.

    The similarity of two faces is one minus their Euclidean distance, not below 0: 1 is the same picture,
    and dlib's rule "one person when less than 0.6 apart" is 0.4. The network was trained for this distance;
    the cosine parts the same people a little worse (fp32, all pairs of s1-s20: 99.62 % against 99.74 %).

    Parameters
    ----------
    body : onnx.ModelProto
        One input, the output ``embedding`` [1, size]. It is not changed.
    gallery : Gallery
        The known faces.
    threshold : float
        The smallest similarity that is a match, from 0 to 1.
    name, recipe : str
        For the metadata: the catalogue's name and the recipe's version.

    Returns
    -------
    bytes
        The artefact. Outputs ``match`` (bool), ``score`` (float32, 0..1: the best similarity), ``row``
        (int64: the row it belongs to, also when there is no match), and for evaluation only ``similarity``
        (float32, one a row).

    Raises
    ------
    EnrolError
        When the threshold is not from 0 to 1, or the rows are not as long as the embedding.
    """
    if not 0 <= threshold <= 1:
        raise EnrolError(f"threshold {threshold}: expected a similarity from 0 to 1")
    size = body.graph.output[0].type.tensor_type.shape.dim[1].dim_value
    if gallery.rows.shape[1] != size:
        raise EnrolError(f"gallery: rows of {gallery.rows.shape[1]} numbers; the network's embedding has {size}")
    artefact = onnx.ModelProto()
    artefact.CopyFrom(body)
    artefact.graph.name = name
    artefact.graph.initializer.extend(
        [
            numpy_helper.from_array(gallery.rows, "gallery.rows"),
            _scalar("gallery.one", 1),
            _scalar("gallery.zero", 0),
            _scalar("gallery.steps", 10**SIMILARITY_DECIMALS),
            _scalar("gallery.threshold", threshold),
        ]
    )
    artefact.graph.node.extend(_head())
    del artefact.graph.output[:]
    artefact.graph.output.extend(
        [
            helper.make_tensor_value_info("match", TensorProto.BOOL, []),
            helper.make_tensor_value_info("score", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("row", TensorProto.INT64, []),
            helper.make_tensor_value_info(SIMILARITY, TensorProto.FLOAT, [len(gallery.labels)]),
        ]
    )
    further = {ROWS_KEY: ",".join(gallery.labels), THRESHOLD_KEY: str(threshold)}
    describe(artefact, name=name, recipe=recipe, answer=ANSWER, further=further)
    onnx.checker.check_model(artefact, full_check=True)
    content: bytes = artefact.SerializeToString(deterministic=True)
    return content


def _head() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Sub", ["gallery.rows", EMBEDDING], ["gallery.differences"]),
        helper.make_node("ReduceL2", ["gallery.differences"], ["gallery.distances"], axes=[1], keepdims=0),
        helper.make_node("Sub", ["gallery.one", "gallery.distances"], ["gallery.closeness"]),
        helper.make_node("Max", ["gallery.closeness", "gallery.zero"], ["gallery.not_negative"]),
        helper.make_node("Mul", ["gallery.not_negative", "gallery.steps"], ["gallery.scaled"]),
        helper.make_node("Round", ["gallery.scaled"], ["gallery.whole"]),
        helper.make_node("Div", ["gallery.whole", "gallery.steps"], [SIMILARITY]),
        helper.make_node("ReduceMax", [SIMILARITY], ["score"], axes=[0], keepdims=0),
        helper.make_node("ArgMax", [SIMILARITY], ["row"], axis=0, keepdims=0),
        helper.make_node("GreaterOrEqual", ["score", "gallery.threshold"], ["match"]),
    ]


def _scalar(name: str, value: float) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(value, dtype=np.float32), name)
