"""What the demonstration asks face-match: photos of enrolled people that it has not seen, and of strangers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from edgewise.device.demo import HTTP_PROBES, Exam, Question, choose
from edgewise.models.catalogue.face_match.data import test_photos
from edgewise.models.enrol import ROWS_KEY
from edgewise.models.faces import FaceFinder
from edgewise.models.runtime import Model

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgewise.models.catalogue import Artefact


def exam(artefact: Artefact, *, count: int = HTTP_PROBES, say: Callable[[str], None]) -> Exam:
    """Find and align the faces of some photos, half of them strangers'.

    A known face is answered rightly by a match with its own row, a stranger by none.

    Parameters
    ----------
    artefact : Artefact
        Its gallery says who is enrolled.
    count : int
        How many photos.
    say : callable
        Takes progress lines.
    """
    rows = Model(artefact.path.read_bytes()).metadata[ROWS_KEY].split(",")
    photos = test_photos(say=say)
    chosen = [photos[index] for index in choose([photo.person in rows for photo in photos], count)]
    finder = FaceFinder(say=say)
    say(f"aligning {len(chosen)} photos of {len({photo.person for photo in chosen})} people")
    questions: list[Question] = []
    align_ms: list[float] = []
    for photo in chosen:
        began = time.perf_counter()
        face = finder.aligned(photo.path)
        align_ms.append((time.perf_counter() - began) * 1000)
        known = photo.person in rows
        questions.append(
            Question(
                name=f"{photo.person}/{photo.path.name}",
                group=photo.person,
                tensor=face,
                wanted={"match": True, "row": rows.index(photo.person)} if known else {"match": False},
                is_positive=known,
            )
        )
    return Exam(about="photos", questions=questions, figures={"align_p50_ms": float(np.quantile(align_ms, 0.5))})
