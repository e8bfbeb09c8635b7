"""The real face network: measured importance against the weights' size, on faces of other people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import onnx

from edgewise.models.catalogue.face_match import ENTRY
from edgewise.models.prune import Criterion, prune
from edgewise.models.runtime import Model

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.unit.models.prune.nets import Array


def embeddings(model: onnx.ModelProto, images: Sequence[Array]) -> Array:
    loaded = Model(model.SerializeToString())
    return np.concatenate([loaded.run(image)[loaded.outputs[0]] for image in images]).astype(np.float64)


def test_reconstruction_keeps_embeddings_closer_than_magnitude() -> None:
    # GIVEN some calibration faces, and faces of people who aren't among them
    body = ENTRY.body(say=print)
    calibration, others = ENTRY.calibration(say=print)[::4], ENTRY.samples(say=print)[::4]
    before = embeddings(body, others)
    spread = ((before - before.mean(axis=0)) ** 2).sum()
    # WHEN the network is pruned to a half by either criterion, and repaired
    errors, sizes = [], []
    criteria: tuple[Criterion, ...] = ("reconstruction", "magnitude")
    for criterion in criteria:
        pruned = prune(body, calibration, keep=0.5, criterion=criterion)
        errors.append(((embeddings(pruned, others) - before) ** 2).sum() / spread)
        sizes.append(len(pruned.SerializeToString()))
    # THEN at the same size the embeddings moved far less
    assert abs(sizes[0] / sizes[1] - 1) < 0.02
    assert errors[0] < 0.7 * errors[1], errors
