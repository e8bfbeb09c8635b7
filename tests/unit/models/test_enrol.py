"""Enrolment: a gallery becomes the graph's last layers, which decide as the rule says."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray

from edgewise.models.enrol import EnrolError, Gallery, enrol, make_gallery, similarities
from edgewise.models.runtime import Model
from inference.session import Session
from tests.unit.models.graphs import identity_body


def image(*values: int) -> NDArray[np.uint8]:
    return np.asarray(values, dtype=np.uint8).reshape(2, 2, 1)


def gallery() -> Gallery:
    rows = np.asarray([[1, 0, 0, 0], [0, 1, 0, 0]], dtype=np.float32)
    return Gallery(labels=("ann", "bob"), rows=rows)


def artefact(threshold: float = 0.7) -> bytes:
    return enrol(identity_body(), gallery(), threshold=threshold, name="face-match", recipe="7")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        # the very picture of a row
        ((100, 0, 0, 0), {"match": True, "score": 1.0, "row": 0}),
        ((0, 100, 0, 0), {"match": True, "score": 1.0, "row": 1}),
        # 0.3 away from bob: exactly at the threshold of 0.7, which is a match
        ((0, 70, 0, 0), {"match": True, "score": 0.7, "row": 1}),
        # 0.31 away
        ((0, 69, 0, 0), {"match": False, "score": 0.69, "row": 1}),
        # more than 1 away from both: the score doesn't go below 0
        ((0, 0, 255, 255), {"match": False, "score": 0.0, "row": 0}),
    ],
)
def test_decisions(values: tuple[int, ...], expected: dict[str, object]) -> None:
    # WHEN the edge's own session answers
    found = Session(artefact()).run(bytes(values))
    # THEN it gives the three outputs, and no similarity to others
    assert found == pytest.approx(expected, abs=1e-7)
    assert list(found) == ["match", "score", "row"]
    assert found["match"] is expected["match"]


def test_the_graph_and_numpy_agree() -> None:
    # GIVEN random rows and pictures
    random = np.random.default_rng(3)
    rows = random.uniform(0, 1, (9, 4)).astype(np.float32).round(4)
    labels = tuple(f"p{index}" for index in range(9))
    model = Model(enrol(identity_body(), Gallery(labels=labels, rows=rows), threshold=0.5, name="x-y", recipe="1"))
    for _ in range(50):
        picture = random.integers(101, size=(2, 2, 1), dtype=np.uint8)
        # WHEN both compute the similarities
        found = model.run(picture)
        expected = similarities((picture.reshape(1, 4) / 100).astype(np.float32), rows)[0]
        # THEN they differ by no more than one step of rounding, and the answer is the best of them
        np.testing.assert_allclose(found["similarity"], expected, atol=1.1e-4)
        assert found["score"] == found["similarity"].max()
        assert found["row"] == found["similarity"].argmax()
        assert found["match"] == (found["score"] >= np.float32(0.5))


def test_similarities_carry_four_decimals() -> None:
    found = Model(artefact()).run(image(13, 57, 29, 31))["similarity"]
    np.testing.assert_allclose(found, found.round(4), atol=1e-7)


def test_metadata() -> None:
    assert Model(artefact(0.4925)).metadata == {
        "edgewise.name": "face-match",
        "edgewise.recipe": "7",
        "edgewise.answer": "match,score,row",
        "edgewise.rows": "ann,bob",
        "edgewise.threshold": "0.4925",
    }


def test_the_network_is_left_as_it_was() -> None:
    body = identity_body()
    before = body.SerializeToString()
    enrol(body, gallery(), threshold=0.5, name="face-match", recipe="1")
    assert body.SerializeToString() == before
    assert artefact() == artefact()


def test_a_row_is_the_mean_of_a_persons_photos() -> None:
    body = Model(identity_body().SerializeToString())
    made = make_gallery(body, {"ann": [image(100, 0, 0, 0), image(0, 33, 0, 0), image(1, 1, 1, 1)]})
    assert made.labels == ("ann",)
    np.testing.assert_allclose(made.rows, [[0.3367, 0.1133, 0.0033, 0.0033]], atol=1e-7)


@pytest.mark.parametrize(
    ("labels", "rows", "message"),
    [
        ((), [], "0 rows; expected 1 to 10000"),
        (("ann",), [[1, 2], [3, 4]], r"1 labels, but rows of the shape \(2, 2\)"),
        (("ann", "b,c"), [[1, 2], [3, 4]], "row 1: label 'b,c'; expected text without ','"),
        ((" ",), [[1, 2]], "row 0: label ' '"),
        (("ann", "ann"), [[1, 2], [3, 4]], "a label stands twice"),
        (("ann",), [[1, float("nan")]], r"row 0 \(ann\): not a finite number"),
    ],
)
def test_a_bad_gallery_is_refused(labels: tuple[str, ...], rows: list[list[float]], message: str) -> None:
    with pytest.raises(EnrolError, match=message):
        Gallery(labels=labels, rows=np.asarray(rows, dtype=np.float32))


def test_a_person_without_photos_is_refused() -> None:
    with pytest.raises(EnrolError, match="'ann' has no photo"):
        make_gallery(Model(identity_body().SerializeToString()), {"ann": []})


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_beyond_the_scale_is_refused(threshold: float) -> None:
    with pytest.raises(EnrolError, match="expected a similarity from 0 to 1"):
        artefact(threshold)


def test_rows_of_another_length_are_refused() -> None:
    short = Gallery(labels=("ann",), rows=np.zeros((1, 3), dtype=np.float32))
    with pytest.raises(EnrolError, match="rows of 3 numbers; the network's embedding has 4"):
        enrol(identity_body(), short, threshold=0.5, name="face-match", recipe="1")


def test_the_file_is_what_the_edge_takes() -> None:
    model = onnx.load_from_string(artefact())
    assert [entry.version for entry in model.opset_import] == [17]
    assert [output.name for output in model.graph.output] == ["match", "score", "row", "similarity"]
