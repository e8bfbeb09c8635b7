"""Prune a model: follow, judge, choose, cut, repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import onnx

from edgewise.models.inspect import ModelError, check_compressible
from edgewise.models.prune import budget, magnitude, surgeon
from edgewise.models.prune.census import Census, components
from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.follow import follow
from edgewise.models.prune.graph import Graph
from edgewise.models.prune.layers import matrix_of
from edgewise.models.prune.repair import Whole, repair_layer
from edgewise.models.prune.rows import Reader, read_rows
from edgewise.models.prune.sensitivity import Trial, measured
from edgewise.models.prune.shrink import shrink
from edgewise.models.prune.stepper import Stepper
from edgewise.models.prune.targets import shortcuts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.units import Followed

Criterion = Literal["reconstruction", "magnitude"]
"""How a unit's importance is measured, see `surgeon` and `magnitude`."""

_MOST_SAMPLES: Final = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """A unit, and when it goes.

    Attributes
    ----------
    filters : tuple of (node, index)
        The output channels that are this unit, by the name of the node that makes them.
    loss : float
        Loss for each weight saved, at the moment it goes; 0 for the criterion "magnitude".
    """

    filters: tuple[tuple[str, int], ...]
    loss: float


def _nothing(_: str) -> None:
    pass


def prune(
    model: onnx.ModelProto,
    samples: Sequence[NDArray[Any]],
    *,
    keep: float,
    criterion: Criterion = "reconstruction",
    repair: bool = True,
    say: Callable[[str], None] = _nothing,
) -> onnx.ModelProto:
    """Remove channels, neurons and blocks until a share of the weights is left.

    Parameters
    ----------
    model : onnx.ModelProto
        One input, fixed shapes, float32 weights.
    samples : sequence of array
        Inputs of the kind the model is for, as many and as different as can be had; none of them may take part in
        a judgement of the model. At most 4096, evenly spread, are used.
    keep : float
        Share of the prunable weights that stay, above 0 to 1. 1 returns the model as it is.
    criterion : "reconstruction" or "magnitude"
        How the units that go are chosen.
    repair : bool
        Whether the layers are fitted anew, by least squares, to what they gave before.
    say : callable
        Takes progress lines.

    Returns
    -------
    onnx.ModelProto
        Same input and outputs. The same arguments give the same model.

    Raises
    ------
    PruneError
        When the model or a setting can't be used; names the node or the key.
    """
    _check(model, samples, keep, criterion)
    if keep == 1:
        same = onnx.ModelProto()
        same.CopyFrom(model)
        return same
    operation = _Operation(model, samples, say)
    gone = operation.choose(criterion, keep)
    say(f"removed {sum(len(units) for units, _ in gone)} units")
    operation.cut(repair=repair)
    result = operation.graph.to_model()
    onnx.checker.check_model(result, full_check=True)
    return result


def ranking(
    model: onnx.ModelProto, samples: Sequence[NDArray[Any]], criterion: Criterion = "reconstruction"
) -> list[Ranked]:
    """Return the units in the order in which `prune` removes them, as far as they may go.

    Raises
    ------
    PruneError
        As `prune`.
    """
    _check(model, samples, 1, criterion)
    operation = _Operation(model, samples, _nothing)
    gone = operation.choose(criterion, None)
    makers: dict[int, list[tuple[str, int]]] = {}
    for layer in operation.followed.layers:
        for place, unit in enumerate(layer.made.ids.tolist() if layer.made else ()):
            makers.setdefault(unit, []).append((layer.node.name or layer.output, place))
    return [Ranked(filters=tuple(makers[unit]), loss=loss) for units, loss in gone for unit in units]


def _check(model: onnx.ModelProto, samples: Sequence[NDArray[Any]], keep: float, criterion: str) -> None:
    if not 0 < keep <= 1:
        raise PruneError(f"keep={keep}: the share of the weights that stay; above 0, at most 1")
    if criterion not in get_args(Criterion):
        raise PruneError(f"criterion={criterion!r}: one of {', '.join(get_args(Criterion))}")
    if not len(samples):
        raise PruneError("samples: none; give inputs of the kind the model is for")
    try:
        check_compressible(model)
    except ModelError as error:
        raise PruneError(str(error)) from None
    _check_samples(model, samples)


def _check_samples(model: onnx.ModelProto, samples: Sequence[NDArray[Any]]) -> None:
    weights = {tensor.name for tensor in model.graph.initializer}
    value = next(value for value in model.graph.input if value.name not in weights)
    dtype = onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type)
    shape = [dim.dim_value for dim in value.type.tensor_type.shape.dim]
    for index, sample in enumerate(samples):
        if list(sample.shape) != shape or sample.dtype != dtype:
            raise PruneError(
                f"sample {index}: {sample.dtype} {list(sample.shape)}, the input {value.name!r} is {dtype} {shape}; "
                "give each sample in the input's form"
            )


class _Operation:
    """One model on the table."""

    def __init__(self, model: onnx.ModelProto, samples: Sequence[NDArray[Any]], say: Callable[[str], None]) -> None:
        chosen = np.unique(np.linspace(0, len(samples) - 1, min(len(samples), _MOST_SAMPLES)).round().astype(int))
        self._samples = [samples[index] for index in chosen.tolist()]
        self._say = say
        self.graph = Graph(model, self._samples[0])
        self.followed: Followed = follow(self.graph)
        self._census = Census(self.graph, self.followed)
        self._readers = [Reader(self.graph, layer) for layer in self.followed.layers]
        self._picks = [reader.picks(len(self._samples), number) for number, reader in enumerate(self._readers)]
        self._shortcuts = shortcuts(self.graph, self.followed)
        say("reading activations")
        self._rows, self._besides = read_rows(self.graph, self._readers, self._picks, self._shortcuts, self._samples)

    def choose(self, criterion: Criterion, keep: float | None) -> list[tuple[tuple[int, ...], float]]:
        """Remove units from the census; ``keep`` None: all that may go."""
        groups = components(self.followed, self._census.removable)
        if criterion == "magnitude":
            curves = magnitude.curves(self.graph, self.followed, groups)
        else:
            curves = self._curves(groups)
        return budget.spend(self._census, curves, keep)

    def _curves(self, groups: list[tuple[list[int], list[int]]]) -> list[list[surgeon.Step]]:
        sizes = {unit: self._census.saved([unit]) for unit in self._census.removable}
        self._say(f"ranking {len(sizes)} units in {len(groups)} groups")
        trial = Trial(self.graph, self._readers, self._rows, self._samples)
        curves = []
        for units, places in groups:
            patients, silent = [], set(units)
            for place in places:
                reader, rows = self._readers[place], self._rows[place]
                layer = reader.layer
                moments = surgeon.second_moments(rows, reader.taps, centred=layer.bias is not None)
                # Where one layer alone reads the units, its price changes nothing in their order.
                price = trial.price(place, moments) if len(places) > 1 else 1.0
                matrix = surgeon.by_channel(matrix_of(layer, self.graph.weights[layer.weight]), reader.taps)
                patients.append(surgeon.Patient(matrix, moments, reader.columns[:: reader.taps], price))
                silent -= set(reader.columns.tolist()) - surgeon.is_silent(rows, reader.columns)
            steps = surgeon.order(units, patients, silent=frozenset(silent), sizes=sizes, may_go=self._census.may_go)
            curves.append(measured(trial, steps, places))
        return curves

    def cut(self, *, repair: bool) -> None:
        """Cut out what the census has removed, and repair the rest."""
        layers, alive = self.followed.layers, self._census.stays
        whole = [Whole.of(self.graph, layer) for layer in layers]
        kept = [
            alive(layer.made.ids) if layer.made is not None else np.ones(len(before.matrix), dtype=bool)
            for layer, before in zip(layers, whole, strict=True)
        ]
        shrink(self.graph, self.followed, alive)
        if repair:
            self._say("repairing")
            self._repair(kept, whole)

    def _repair(self, kept: list[NDArray[np.bool_]], whole: list[Whole]) -> None:
        stepper = Stepper(self.graph, self._samples)
        here = [i for i, layer in enumerate(self.followed.layers) if layer.output in self.graph.producers]
        for place, index in enumerate(here):
            layer, reader, picks = self.followed.layers[index], self._readers[index], self._picks[index]
            wanted = [self.followed.layers[later].source for later in here[place:]]
            wanted += [self._shortcuts[later][0] for later in here[place:] if later in self._shortcuts]
            stepper.forget(wanted)
            rows = np.concatenate([reader.read(v, p) for v, p in zip(stepper.values(layer.source), picks, strict=True)])
            outputs = kept[index]
            goal = whole[index].outputs(outputs).apply(self._rows[index])
            if index in self._shortcuts:
                tensor, shift = self._shortcuts[index]
                now = [reader.made(v, p, shift) for v, p in zip(stepper.values(tensor), picks, strict=True)]
                goal += self._besides[index][:, outputs].astype(np.float64) - np.concatenate(now)
            repair_layer(self.graph, layer, rows, goal, samples=len(self._samples))
