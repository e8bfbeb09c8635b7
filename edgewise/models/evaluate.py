"""Judge a face model: which pairs of a photo and a gallery row it decides rightly."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from edgewise.models.enrol import ROWS_KEY, SIMILARITY, THRESHOLD_KEY, similarities
from edgewise.models.tally import Judgement, Tally, judge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edgewise.models.runtime import Image, Model, Vectors

# The threshold is a multiple of 1/200 or halfway between two: far finer than the gap between two people, and
# coarse enough that the last bits of a float sum don't move it.
_THRESHOLD_STEPS: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """An aligned face and whose it is."""

    person: str
    image: Image


def evaluate(model: Model, probes: Sequence[Probe]) -> tuple[Judgement, Tally]:
    """Run every probe through an artefact that `edgewise.models.enrol.enrol` made.

    Returns
    -------
    Judgement
        Of each probe against each row.
    Tally
        Of each probe once, as a device gets it, see `tally_answer`.

    Raises
    ------
    ValueError
        When no probe's person is enrolled.
    """
    rows = model.metadata[ROWS_KEY].split(",")
    threshold = np.float32(model.metadata[THRESHOLD_KEY])
    by_person: defaultdict[str, Tally] = defaultdict(Tally)
    answers = Tally()
    for probe in probes:
        found = model.run(probe.image)
        own = np.asarray([row == probe.person for row in rows])
        by_person[probe.person] += _tally(found[SIMILARITY] >= threshold, own)
        answers += tally_answer(match=bool(found["match"]), row=rows[int(found["row"])], person=probe.person, rows=rows)
    return judge(list(by_person.values())), answers


def tally_answer(*, match: bool, row: str, person: str, rows: Sequence[str]) -> Tally:
    """Count one answer: a known face is right when it matched its own row, a stranger when it didn't match."""
    known = person in rows
    return Tally.one(is_genuine=known, right=match and row == person if known else not match)


def evaluate_enrolments(embeddings: Vectors, *, photos: int, threshold: float) -> Judgement:
    """Judge network, way of enrolment and threshold, beyond the one gallery that is shipped; see `tally_enrolments`."""
    return judge(tally_enrolments(embeddings, photos=photos, threshold=threshold))


def tally_enrolments(embeddings: Vectors, *, photos: int, threshold: float) -> list[Tally]:
    """Count the decisions about each person's photos, over all enrolments.

    Everybody is enrolled with every run of ``photos`` photos in turn; every other photo of everybody is
    compared with every row. Same parameters as `choose_threshold`, other people.
    """
    people = len(embeddings)
    tallies = [Tally()] * people
    for found, whose in _enrolments(embeddings, photos):
        accepted = found >= np.float32(threshold)
        for person in range(people):
            mine = accepted[whose == person]
            own = np.broadcast_to(np.arange(people) == person, mine.shape)
            tallies[person] += _tally(mine, own)
    return tallies


def choose_threshold(embeddings: Vectors, *, photos: int) -> float:
    """Choose the similarity that separates people best, on people kept for this alone.

    Parameters
    ----------
    embeddings : array
        [people, photos of each, size].
    photos : int
        How many photos make a gallery row.

    Returns
    -------
    float
        The middle of the thresholds with the best balanced accuracy over all enrolments, see
        `evaluate_enrolments`.
    """
    own: list[NDArray[np.float32]] = []
    others: list[NDArray[np.float32]] = []
    for found, whose in _enrolments(embeddings, photos):
        same = whose[:, None] == np.arange(len(embeddings))
        own.append(found[same])
        others.append(found[~same])
    steps = np.arange(_THRESHOLD_STEPS + 1, dtype=np.float32) / np.float32(_THRESHOLD_STEPS)
    balanced = _share_at_least(own, steps) + 1 - _share_at_least(others, steps)
    best = steps[balanced >= balanced.max()]
    return round(float(best[0] + best[-1]) / 2, 4)


def _enrolments(embeddings: Vectors, photos: int) -> Iterator[tuple[Vectors, NDArray[np.int64]]]:
    """Yield, for each run of photos: similarities [probes, people], and whose each probe is."""
    people, each, size = embeddings.shape
    whose = np.repeat(np.arange(people), each - photos)
    for first in range(each):
        turned = np.roll(embeddings, -first, axis=1)
        rows = turned[:, :photos].mean(axis=1)
        yield similarities(turned[:, photos:].reshape(-1, size), rows), whose


def _tally(accepted: NDArray[np.bool_], own: NDArray[np.bool_]) -> Tally:
    return Tally(
        genuine=int(own.sum()),
        accepted=int((accepted & own).sum()),
        impostors=int((~own).sum()),
        refused=int((~accepted & ~own).sum()),
    )


def _share_at_least(values: Sequence[NDArray[np.float32]], steps: NDArray[np.float32]) -> NDArray[np.float64]:
    ordered = np.sort(np.concatenate(values))
    return 1 - np.searchsorted(ordered, steps, side="left") / len(ordered)
