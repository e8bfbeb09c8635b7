"""The entry voice-activity: whether somebody speaks in half a second of sound.

Each request is a window of its own, int16 [8256] at 16 kHz: 64 samples of context and 16 frames of 512. The network's
recurrent state starts at zero and lives inside the window, so a function needs no memory of a device and any edge can
answer. The price is the first frames' uncertainty; the mean over 16 frames bears it (see the card).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np
import onnx

from edgewise.models import threshold as thresholds
from edgewise.models.catalogue.entry import Judged
from edgewise.models.catalogue.voice_activity import data, graph, network
from edgewise.models.fetch import fetch
from edgewise.models.metadata import THRESHOLD_KEY
from edgewise.models.runtime import Model
from edgewise.models.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from edgewise.models.catalogue.entry import Split
    from edgewise.models.catalogue.voice_activity.audio import Samples
    from edgewise.models.catalogue.voice_activity.data import VoiceRecipe, Window

SAMPLES: Final = 1000


class VoiceActivity:
    """See `edgewise.models.catalogue.entry.Entry`."""

    @property
    def recipe(self) -> VoiceRecipe:
        """The checked recipe.yaml."""
        return data.recipe()

    def published(self, *, say: Callable[[str], None]) -> onnx.ModelProto:
        """Return Silero VAD as it is published: with its own Fourier transform and free sizes."""
        return onnx.load(fetch(self.recipe.sources["weights"].source(), say=say))

    def body(self, *, say: Callable[[str], None]) -> onnx.ModelProto:
        """Return the layers after the spectrum."""
        return network.build(network.read_weights(self.published(say=say)))

    def calibration(self, *, say: Callable[[str], None]) -> Sequence[NDArray[np.float32]]:
        """Return spectra of the calibration windows."""
        front = Model(graph.front().SerializeToString())
        windows = data.windows("calibration", say=say)
        return [front.run(window.samples)[network.SPECTRUM].astype(np.float32) for window in windows]

    def finish(self, body: onnx.ModelProto, *, say: Callable[[str], None]) -> bytes:
        """Choose the threshold on the choice split's windows, and put the body between samples and answer."""
        recipe = self.recipe
        windows = data.windows("choice", say=say)
        raw = Model(graph.finish(body, threshold=0.5, name=recipe.name, recipe=recipe.version))
        threshold = thresholds.choose(_scores(raw, windows), np.asarray([window.is_speech for window in windows]))
        return graph.finish(body, threshold=threshold, name=recipe.name, recipe=recipe.version)

    def judge(self, artefact: bytes, *, split: Split, say: Callable[[str], None]) -> Judged:
        """Count every window of a split."""
        windows = data.windows(split, say=say)
        model = Model(artefact)
        said = _scores(model, windows) >= np.float32(model.metadata[THRESHOLD_KEY])
        groups: defaultdict[str, Tally] = defaultdict(Tally)
        for window, was_said in zip(windows, said, strict=True):
            right = bool(window.is_speech == was_said)
            groups[window.group] += Tally.one(is_genuine=window.is_speech, right=right)
        spec = getattr(self.recipe.splits, split)
        speech = sum(window.is_speech for window in windows)
        return Judged(
            groups=dict(groups),
            data=f"{speech} windows of half a second with speech (Asterisk's prompts by {', '.join(spec.speakers)}; "
            f"every second one with noise 5 to 20 dB below it), {len(windows) - speech} without (music: "
            f"{', '.join(spec.tracks)}; seeded noise). Balanced accuracy; the interval by file, piece of music "
            "and noise. Other voices and other music calibrated it and set its threshold.",
        )

    def samples(self, *, say: Callable[[str], None]) -> Sequence[Samples]:
        """Return test windows, evenly spread over speech, music and noise."""
        windows = data.windows("test", say=say)
        return [windows[index * len(windows) // SAMPLES].samples for index in range(SAMPLES)]

    def splits(self, *, say: Callable[[str], None]) -> Mapping[str, frozenset[str]]:
        """Return the voices, tracks and noises by split, and each file and piece by its name."""
        return {
            split: frozenset(window.group for window in data.windows(split, say=say))
            | frozenset((*getattr(self.recipe.splits, split).speakers, *getattr(self.recipe.splits, split).tracks))
            for split in data.Splits.model_fields
        }


def _scores(model: Model, windows: Sequence[Window]) -> NDArray[np.float32]:
    return np.asarray([model.run(window.samples)["score"] for window in windows], dtype=np.float32)


ENTRY: Final = VoiceActivity()
