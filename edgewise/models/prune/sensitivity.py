"""How much an error in one layer's output moves the network's outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.layers import matrix_of, weight_of
from edgewise.models.prune.running import Session
from edgewise.models.prune.surgeon import by_channel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.surgeon import Matrix
    from edgewise.models.prune.units import Layer

# The error that is tried, as a share of the output's variance: about what pruning to a half leaves.
_TRIED: Final = 0.05
_MULTIPLICATIONS: Final = 10**11
_LEAST, _MOST = 16, 512
_SEED: Final = 20261129


def prices(
    graph: Graph,
    layers: Sequence[Layer],
    moments: Sequence[Matrix | None],
    samples: Sequence[NDArray[Any]],
    multiplications: int,
) -> list[float]:
    """Return, for each layer, relative output error of the network for each unit of the layer's squared error.

    Measured: seeded noise on the layer's weights, as large as `_TRIED` of its output's variance; then the squared
    distance of the network's outputs over their variance.

    Parameters
    ----------
    moments : sequence of array or None
        Of each layer's input; None for a layer that nothing is asked about.
    multiplications : int
        What one run of the network takes; decides how many samples are run.
    """
    asked = sum(entry is not None for entry in moments)
    count = int(np.clip(_MULTIPLICATIONS // max(1, asked * multiplications), _LEAST, _MOST))
    chosen = [samples[index] for index in _spread(len(samples), count)]
    before = _answers(graph, chosen)
    spread = [max(float(((answer - answer.mean(axis=0)) ** 2).sum()), 1e-12) for answer in before]
    found: list[float] = []
    for number, (layer, seconds) in enumerate(zip(layers, moments, strict=True)):
        if seconds is None:
            found.append(0.0)
            continue
        original = graph.weights[layer.weight]
        matrix = matrix_of(layer, original)
        noise = np.random.default_rng([_SEED, number]).normal(size=matrix.shape)
        taps = matrix.shape[1] // len(seconds)
        energy = max(_energy(by_channel(matrix, taps), seconds), 1e-30)
        noise *= np.sqrt(_TRIED * energy / max(_energy(by_channel(noise, taps), seconds), 1e-30))
        graph.weights[layer.weight] = weight_of(layer, matrix + noise, original.shape)
        after = _answers(graph, chosen)
        graph.weights[layer.weight] = original
        moved = sum(
            float(((new - old) ** 2).sum()) / size for new, old, size in zip(after, before, spread, strict=True)
        )
        found.append(max(moved, 1e-12) / (_TRIED * energy))
    return found


def _energy(matrix: Matrix, seconds: Matrix) -> float:
    return float(((matrix @ seconds) * matrix).sum())


def _spread(size: int, count: int) -> list[int]:
    return sorted({int(place) for place in np.linspace(0, size - 1, min(size, count)).round()})


def _answers(graph: Graph, samples: Sequence[NDArray[Any]]) -> list[Matrix]:
    """Return each floating-point output over all samples, float64 [samples, ...]."""
    session = Session(graph.to_model())
    found = [session.run({graph.input: sample}) for sample in samples]
    answers = [
        np.stack([run[name] for run in found]).astype(np.float64)
        for name in graph.outputs
        if found[0][name].dtype.kind == "f"
    ]
    if not answers:
        raise PruneError("no output holds floating-point numbers: prune the network before its decision is added")
    return answers
