"""The entry anomaly: whether nine sensor readings of one moment are unusual."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

import numpy as np

from edgewise.models import threshold as thresholds
from edgewise.models.catalogue.anomaly import data, network, training
from edgewise.models.catalogue.entry import Judged
from edgewise.models.metadata import THRESHOLD_KEY
from edgewise.models.runtime import Model
from edgewise.models.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import onnx
    from numpy.typing import NDArray

    from edgewise.models.catalogue.anomaly.data import AnomalyRecipe, Rows
    from edgewise.models.catalogue.entry import Split

CALIBRATION_ROWS: Final = 1000
SAMPLES: Final = 1000
# Rows that stand together in the file were measured together; the bootstrap draws such blocks.
BLOCK_ROWS: Final = 500


class Anomaly:
    """See `edgewise.models.catalogue.entry.Entry`."""

    @property
    def recipe(self) -> AnomalyRecipe:
        """The checked recipe.yaml."""
        return data.recipe()

    def body(self, *, say: Callable[[str], None]) -> onnx.ModelProto:
        """Train the network; some 15 seconds of one core."""
        known = data.rows("training", say=say)
        scaling = training.scaling(known.readings)
        weights = training.train(scaling.apply(known.readings), known.is_anomaly, self.recipe.training, say=say)
        return network.build(scaling, weights)

    def calibration(self, *, say: Callable[[str], None]) -> Sequence[NDArray[np.float32]]:
        """Return rows, half of them anomalies as far as there are that many: pruning must see what decides."""
        known = data.rows("calibration", say=say)
        (unusual,), (usual,) = np.nonzero(known.is_anomaly), np.nonzero(~known.is_anomaly)
        unusual = unusual[: CALIBRATION_ROWS // 2]
        chosen = np.sort(np.concatenate([unusual, usual[: CALIBRATION_ROWS - len(unusual)]]))
        return _inputs(known.readings[chosen])

    def finish(self, body: onnx.ModelProto, *, say: Callable[[str], None]) -> bytes:
        """Choose the threshold on the rows of the choice split, and append the decision."""
        recipe = self.recipe
        known = data.rows("choice", say=say)
        raw = Model(network.finish(body, threshold=0.5, name=recipe.name, recipe=recipe.version))
        threshold = thresholds.choose(_scores(raw, known), known.is_anomaly)
        return network.finish(body, threshold=threshold, name=recipe.name, recipe=recipe.version)

    def judge(self, artefact: bytes, *, split: Split, say: Callable[[str], None]) -> Judged:
        """Count every row of a split."""
        known = data.rows(split, say=say)
        model = Model(artefact)
        said = _scores(model, known) >= np.float32(model.metadata[THRESHOLD_KEY])
        groups: defaultdict[str, Tally] = defaultdict(Tally)
        for line, is_anomaly, was_said in zip(known.lines, known.is_anomaly, said, strict=True):
            right = bool(is_anomaly == was_said)
            groups[f"block {line // BLOCK_ROWS}"] += Tally.one(is_genuine=bool(is_anomaly), right=right)
        source = self.recipe.sources["readings"]
        return Judged(
            groups=dict(groups),
            data=f"Shuttle ({source.package} {source.version}): {len(known.lines)} rows, {known.is_anomaly.sum()} of "
            "them anomalies; other rows trained it, calibrated it and set its threshold. Balanced accuracy; the "
            f"interval by blocks of {BLOCK_ROWS} rows of the file.",
        )

    def samples(self, *, say: Callable[[str], None]) -> Sequence[NDArray[np.float32]]:
        """Return test rows, evenly spread over the file."""
        readings = data.rows("test", say=say).readings
        return _inputs(readings[np.arange(SAMPLES) * len(readings) // SAMPLES])

    def splits(self, *, say: Callable[[str], None]) -> Mapping[str, frozenset[str]]:
        """Return the rows' readings by split."""
        return {
            split: frozenset(",".join(map(str, row)) for row in data.rows(split, say=say).readings.astype(int).tolist())
            for split in data.SPLITS
        }


def _inputs(readings: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    return list(readings[:, None, :])


def _scores(model: Model, known: Rows) -> NDArray[np.float32]:
    return np.asarray([model.run(row)["score"] for row in _inputs(known.readings)], dtype=np.float32)


ENTRY: Final = Anomaly()
