"""How much of the network's answers changes when a layer changes: measured by running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.figures import compared
from edgewise.models.prune.layers import matrix_of, weight_of
from edgewise.models.prune.repair import FOLDS, fit
from edgewise.models.prune.stepper import path
from edgewise.models.prune.surgeon import Step, by_channel

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.rows import Reader, Rows
    from edgewise.models.prune.surgeon import Matrix

# The error that is tried, as a share of the output's variance: about what pruning to a half leaves.
_TRIED: Final = 0.05
_MULTIPLICATIONS: Final = 10**11
_LEAST, _MOST = 16, 256
_SEED: Final = 20261129
# Where a component's curve is measured: with these shares of its units gone.
_CHECKED: Final = (0.3, 0.6, 0.85)


class Trial:
    """Tries changes of a graph's weights, and takes them back.

    Parameters
    ----------
    graph : Graph
        Not yet pruned.
    readers : sequence of Reader
        One for each layer.
    rows : sequence of array
        What each layer reads, from all samples.
    samples : sequence of array
        The graph's inputs. Layers are fitted on three of four, and the answers are compared on the fourth ones.
    """

    def __init__(
        self, graph: Graph, readers: Sequence[Reader], rows: Sequence[Rows], samples: Sequence[NDArray[Any]]
    ) -> None:
        self._graph, self._readers, self._rows = graph, readers, rows
        self._count = len(samples)
        work = sum(reader.positions * graph.weights[reader.layer.weight].size for reader in readers)
        most = int(np.clip(_MULTIPLICATIONS // max(1, work * len(readers)), _LEAST, _MOST))
        others = list(samples)[FOLDS - 1 :: FOLDS] or list(samples)
        places = np.unique(np.linspace(0, len(others) - 1, min(len(others), most)).round().astype(int))
        self._samples = [others[place] for place in places.tolist()]
        kept = sorted({reader.layer.source for reader in readers} - {graph.input})
        session = graph.session([*kept, *(name for name in graph.outputs if name not in kept)])
        runs = [session.run({graph.input: sample}) for sample in self._samples]
        self._outputs = [name for name in graph.outputs if runs[0][name].dtype.kind == "f"]
        if not self._outputs:
            raise PruneError("no output holds floating-point numbers: prune the network before its decision is added")
        self._before = self._answers(runs)
        # What each layer reads: a trial runs only what comes after its change.
        self._kept = {name: [run[name] for run in runs] for name in kept} | {graph.input: self._samples}
        self._spread = [max(float(((a - a.mean(axis=0)) ** 2).sum()), 1e-12) for a in self._before]

    def price(self, place: int, moments: Matrix) -> float:
        """Return the answers' relative change for each unit of squared error in a layer's output.

        Measured with seeded noise on the layer's weights.
        """
        layer = self._readers[place].layer
        matrix = matrix_of(layer, self._graph.weights[layer.weight])
        taps = matrix.shape[1] // len(moments)
        noise = np.random.default_rng([_SEED, place]).normal(size=matrix.shape)
        energy = max(_energy(by_channel(matrix, taps), moments), 1e-30)
        noise *= np.sqrt(_TRIED * energy / max(_energy(by_channel(noise, taps), moments), 1e-30))
        moved = self._moved([(place, matrix + noise, None)])
        return max(moved, 1e-12) / (_TRIED * energy)

    def without(self, gone: Sequence[int], places: Sequence[int]) -> float:
        """Return the answers' relative change when units are gone, and the layers that read them are repaired."""
        return self._moved([self._repaired(place, gone) for place in places])

    def _repaired(self, place: int, gone: Sequence[int]) -> tuple[int, Matrix, Matrix | None]:
        reader, layer = self._readers[place], self._readers[place].layer
        matrix = matrix_of(layer, self._graph.weights[layer.weight])
        stay = ~np.isin(reader.columns, gone)
        rows = self._rows[place]
        missing = rows[:, ~stay].astype(np.float64) @ matrix[:, ~stay].T
        centred = layer.bias is not None
        found = fit(rows[:, stay], missing, centred=centred, samples=self._count, whole=False)
        left = np.where(stay, matrix, 0.0)
        if found is not None:
            left[:, stay] += found[0]
        return place, left, found[1] if found is not None and centred else None

    def _moved(self, changes: Sequence[tuple[int, Matrix, Matrix | None]]) -> float:
        weights = self._graph.weights
        before = dict(weights)
        for place, matrix, bias in changes:
            layer = self._readers[place].layer
            weights[layer.weight] = weight_of(layer, matrix, weights[layer.weight].shape)
            if bias is not None and layer.bias is not None:
                own = weights[layer.bias]
                weights[layer.bias] = (own + bias.reshape(own.shape)).astype(np.float32)
        after = self._answers(self._runs({name for name, value in weights.items() if value is not before[name]}))
        weights.update(before)
        return sum(
            float(((new - old) ** 2).sum()) / spread
            for new, old, spread in zip(after, self._before, self._spread, strict=True)
        )

    def _runs(self, changed: set[str]) -> list[dict[str, NDArray[Any]]]:
        """Return the outputs for each sample after some weights were changed."""
        touched = set(changed)
        for node in self._graph.nodes:
            if touched.intersection(node.input):
                touched.update(node.output)
        known = {name: values for name, values in self._kept.items() if name not in touched}
        wanted = [name for name in self._outputs if name not in known]
        nodes, inputs = path(self._graph, known, wanted)
        session = self._graph.part({name: known[name][0] for name in inputs}, wanted, nodes)
        return [
            session.run({name: known[name][index] for name in inputs})
            | {name: known[name][index] for name in self._outputs if name in known}
            for index in range(len(self._samples))
        ]

    def _answers(self, runs: Sequence[dict[str, NDArray[Any]]]) -> list[Matrix]:
        """Return each floating-point output over all samples, float64 [samples, ...]."""
        return [np.stack([run[name] for run in runs]).astype(np.float64) for name in self._outputs]


def measured(trial: Trial, steps: Sequence[Step], places: Sequence[int]) -> list[Step]:
    """Return a component's curve in the answers' relative change.

    The criterion says how the loss grows from unit to unit; what it means for the answers is measured at some points of
    the curve, and in between the ratio of both is a straight line.
    """
    estimates = np.cumsum(compared([step.loss for step in steps]))
    checked = list(_checkpoints(steps))
    if not checked or not places or not estimates[-1] > 0:
        return list(steps)
    ratios = [
        trial.without([unit for step in steps[: index + 1] for unit in step.units], places)
        / max(float(estimates[index]), 1e-30)
        for index in checked
    ]
    losses = np.maximum.accumulate(estimates * np.interp(np.arange(len(steps)), checked, ratios))
    differences = compared(np.diff(losses, prepend=0.0)).tolist()
    return [Step(step.units, loss) for step, loss in zip(steps, differences, strict=True)]


def _checkpoints(steps: Sequence[Step]) -> Iterator[int]:
    """Return the steps after which a curve is measured; silent units are none."""
    loud = [index for index, step in enumerate(steps) if step.loss > 0]
    count = np.cumsum([len(steps[index].units) for index in loud])
    for index in sorted({int(np.searchsorted(count, share * count[-1])) for share in _CHECKED}) if loud else ():
        yield loud[index]


def _energy(matrix: Matrix, seconds: Matrix) -> float:
    return float(((matrix @ seconds) * matrix).sum())
