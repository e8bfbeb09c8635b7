"""Counting, intervals and the choice of a threshold."""

from __future__ import annotations

import numpy as np
import pytest

from edgewise.models.enrol import Gallery, enrol
from edgewise.models.evaluate import Probe, choose_threshold, evaluate, evaluate_enrolments, tally_answer
from edgewise.models.runtime import Model, Vectors
from edgewise.models.tally import Tally, judge
from tests.unit.models.graphs import identity_body


def test_balanced_accuracy_weighs_both_classes_alike() -> None:
    tally = Tally(genuine=10, accepted=9, impostors=1000, refused=1000)
    assert tally.balanced_accuracy == pytest.approx(0.95)
    assert tally.decisions == 1010


@pytest.mark.parametrize("tally", [Tally(genuine=3, accepted=3), Tally(impostors=3, refused=3), Tally()])
def test_one_class_has_no_balanced_accuracy(tally: Tally) -> None:
    with pytest.raises(ValueError, match="both classes are needed"):
        _ = tally.balanced_accuracy
    with pytest.raises(ValueError, match="both classes are needed"):
        judge([tally])


def test_no_error_is_not_certainty() -> None:
    # GIVEN 98 of 98 and 2,114 of 2,114 right
    judgement = judge([Tally(genuine=98, accepted=98, impostors=2114, refused=2114)])
    # THEN the lower end is half of what Wilson's interval leaves open: 1.96^2 / (98 + 1.96^2) / 2
    assert judgement.low == pytest.approx(1 - 3.8415 / 101.8415 / 2, abs=2e-4)
    assert judgement.high == 1.0


def test_errors_of_one_person_widen_the_interval() -> None:
    # GIVEN 20 errors among 1,000 genuine pairs: spread over all people, or all of one person
    spread = [Tally(genuine=50, accepted=49, impostors=50, refused=50)] * 20
    one = [Tally(genuine=50, accepted=30, impostors=50, refused=50)] + [
        Tally(genuine=50, accepted=50, impostors=50, refused=50)
    ] * 19
    # THEN the middle is the same, but one person's errors say less about the next person
    assert judge(spread).tally == judge(one).tally
    assert judge(one).low < judge(spread).low - 0.005


def test_the_interval_is_reproducible() -> None:
    tallies = [Tally(genuine=9, accepted=8, impostors=90, refused=89), Tally(genuine=9, accepted=9)]
    assert judge(tallies) == judge(tallies)


@pytest.mark.parametrize(
    ("match", "row", "person", "right"),
    [
        (True, "ann", "ann", True),
        (False, "ann", "ann", False),
        (True, "bob", "ann", False),  # matched, but somebody else
        (False, "ann", "eve", True),
        (True, "ann", "eve", False),
    ],
)
def test_answers(*, match: bool, row: str, person: str, right: bool) -> None:
    tally = tally_answer(match=match, row=row, person=person, rows=["ann", "bob"])
    assert tally.accepted + tally.refused == int(right)
    assert tally.decisions == 1


def test_evaluate_counts_pairs_and_answers() -> None:
    # GIVEN a gallery of two, and a threshold of 0.7
    rows = np.asarray([[1, 0, 0, 0], [0, 1, 0, 0]], dtype=np.float32)
    model = Model(
        enrol(identity_body(), Gallery(labels=("ann", "bob"), rows=rows), threshold=0.7, name="x-y", recipe="1")
    )
    # WHEN ann comes twice, the second time unrecognisable, and two strangers, one of whom looks like bob
    probes = [
        Probe(person=person, image=np.asarray(values, dtype=np.uint8).reshape(2, 2, 1))
        for person, values in (
            ("ann", [95, 0, 0, 0]),
            ("ann", [0, 0, 95, 0]),
            ("eve", [0, 0, 0, 99]),
            ("mal", [0, 98, 0, 0]),
        )
    ]
    judgement, answers = evaluate(model, probes)
    # THEN each probe made a pair with each row, and one answer
    assert judgement.tally == Tally(genuine=2, accepted=1, impostors=6, refused=5)
    assert answers == Tally(genuine=2, accepted=1, impostors=2, refused=1)


def clusters(people: int, *, apart: float) -> Vectors:
    """Ten embeddings a person: 0.02 around points that lie ``apart`` from each other on a line."""
    random = np.random.default_rng(4)
    found = random.uniform(-0.02, 0.02, (people, 10, 4))
    found[:, :, 0] += apart * np.arange(people)[:, None]
    return found.astype(np.float32)


def test_the_threshold_lies_amid_those_that_part_people_best() -> None:
    # GIVEN people who are 0.5 apart and photos that are at most 0.08 apart
    embeddings = clusters(5, apart=0.5)
    threshold = choose_threshold(embeddings, photos=3)
    # THEN the threshold is about the middle of the similarities 0.5 and 0.97
    assert threshold == pytest.approx(0.74, abs=0.03)
    assert threshold * 400 == pytest.approx(round(threshold * 400))
    # THEN on such people no pair is decided wrongly, over all ten enrolments
    judgement = evaluate_enrolments(embeddings, photos=3, threshold=threshold)
    assert judgement.tally == Tally(genuine=350, accepted=350, impostors=1400, refused=1400)


def test_a_wrong_threshold_shows() -> None:
    # WHEN everybody matches everybody, or nobody anybody, THEN one class is all wrong
    embeddings = clusters(4, apart=0.1)
    for threshold in (0.0, 1.0):
        judgement = evaluate_enrolments(embeddings, photos=3, threshold=threshold)
        assert judgement.tally.balanced_accuracy == pytest.approx(0.5)
