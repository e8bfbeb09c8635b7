"""Ask every shipped artefact 1,000 inputs in both runtimes, and print how far they differ.

Run it by hand: ``python -m tests.models_web.thousand [NAME ..]``; WebAssembly takes minutes. Where the test split has
fewer inputs, the rest are the same ones with a little seeded noise: runtimes are compared, not labels.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from edgewise.models import catalogue
from edgewise.models.metadata import THRESHOLD_KEY
from edgewise.models.runtime import Model
from tests.models_web.web import compare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

COUNT = 1000
NOISE = 4  # steps of a pixel


def thousand(samples: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
    draw = np.random.default_rng(0)
    inputs = list(samples[:COUNT])
    while len(inputs) < COUNT:
        pixels = samples[len(inputs) % len(samples)]
        assert pixels.dtype == np.uint8, "only pictures are few"
        noise = draw.integers(-NOISE, NOISE + 1, size=pixels.shape)
        inputs.append(np.clip(pixels + noise, 0, 255).astype(np.uint8))
    return inputs


def main() -> None:
    for name in sys.argv[1:] or catalogue.names():
        artefact = catalogue.ensure(name, say=lambda _: None).path.read_bytes()
        samples = catalogue.load(catalogue.folder_of(name)).samples(say=lambda _: None)
        both = compare(artefact, thousand(samples))
        decision = Model(artefact).metadata["edgewise.answer"].split(",")[0]
        told = {
            "name": name,
            "inputs": COUNT,
            "of_the_test_split": min(COUNT, len(samples)),
            "largest_score_difference": both.largest_difference("score"),
            "scores_differing": both.differing("score"),
            "decisions_differing": both.differing(decision),
            "threshold": float(Model(artefact).metadata[THRESHOLD_KEY]),
            "web_p50_ms": round(both.web_p50_ms, 3),
        }
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
