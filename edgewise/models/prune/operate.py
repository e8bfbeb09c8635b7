"""Prune a model: follow, judge, choose, cut, repair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

import numpy as np
import onnx

from edgewise.models.inspect import ModelError, check_compressible
from edgewise.models.prune import budget, magnitude, surgeon
from edgewise.models.prune.census import Census, components
from edgewise.models.prune.errors import PruneError
from edgewise.models.prune.exact import Rewriter
from edgewise.models.prune.follow import follow
from edgewise.models.prune.graph import Graph
from edgewise.models.prune.grids import measure, on_grid
from edgewise.models.prune.layers import matrix_of
from edgewise.models.prune.repair import Whole, repair_layer
from edgewise.models.prune.rows import Reader, read_rows
from edgewise.models.prune.sensitivity import Trial, measured
from edgewise.models.prune.shrink import shrink
from edgewise.models.prune.stepper import Stepper
from edgewise.models.prune.targets import shortcuts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    _check_keep(keep)
    return Prepared(model, samples, criterion, say=say).cut(keep, repair=repair)


def ranking(
    model: onnx.ModelProto, samples: Sequence[NDArray[Any]], criterion: Criterion = "reconstruction"
) -> list[Ranked]:
    """Return the units in the order in which `prune` removes them, as far as they may go.

    Raises
    ------
    PruneError
        As `prune`.
    """
    return Prepared(model, samples, criterion).ranked()


def _check_keep(keep: float) -> None:
    if not 0 < keep <= 1:
        raise PruneError(f"keep={keep}: the share of the weights that stay; above 0, at most 1")


def _check(model: onnx.ModelProto, samples: Sequence[NDArray[Any]], criterion: str) -> None:
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


class Prepared:
    """A model whose units are ranked: it can be cut to several sizes without looking at the samples' ranking again.

    Parameters
    ----------
    model, samples, criterion, say
        As for `prune`.

    Raises
    ------
    PruneError
        As `prune`.
    """

    def __init__(
        self,
        model: onnx.ModelProto,
        samples: Sequence[NDArray[Any]],
        criterion: Criterion = "reconstruction",
        *,
        say: Callable[[str], None] = _nothing,
    ) -> None:
        _check(model, samples, criterion)
        self._model, self._criterion, self._say = model, criterion, say
        chosen = np.unique(np.linspace(0, len(samples) - 1, min(len(samples), _MOST_SAMPLES)).round().astype(int))
        self._samples = [samples[index] for index in chosen.tolist()]

    def cut(self, keep: float, *, repair: bool = True) -> onnx.ModelProto:
        """Return the model with ``keep`` of its prunable weights; parameters and errors as for `prune`."""
        _check_keep(keep)
        if keep == 1:
            same = onnx.ModelProto()
            same.CopyFrom(self._model)
            return same
        body = self._open()
        curves = self._curves
        gone = budget.spend(body.census, curves, keep)
        self._say(f"removed {sum(len(units) for units, _ in gone)} units")
        self._cut(body, repair=repair)
        result = body.graph.to_model()
        onnx.checker.check_model(result, full_check=True)
        return result

    def ranked(self) -> list[Ranked]:
        """Return the units in the order in which they go, as far as they may."""
        body = self._open()
        gone = budget.spend(body.census, self._curves, None)
        makers: dict[int, list[tuple[str, int]]] = {}
        for layer in body.followed.layers:
            for place, unit in enumerate(layer.made.ids.tolist() if layer.made else ()):
                makers.setdefault(unit, []).append((layer.node.name or layer.output, place))
        return [Ranked(filters=tuple(makers[unit]), loss=loss) for units, loss in gone for unit in units]

    def _open(self) -> _Body:
        """Open the model anew: a cut changes what it is made to."""
        graph = Graph(self._model, self._samples[0])
        followed = follow(graph)
        return _Body(graph, followed, Census(graph, followed))

    @cached_property
    def _seen(self) -> _Seen:
        """What the whole network reads and makes."""
        graph, followed = (body := self._open()).graph, body.followed
        self._say("reading activations")
        readers = [Reader(graph, layer) for layer in followed.layers]
        work = sum(reader.positions * graph.weights[reader.layer.weight].size for reader in readers)
        grids = measure(graph, self._samples, work=work)
        own = grids.get(graph.input)
        samples = self._samples if own is None else [on_grid(sample, own) for sample in self._samples]
        graph.rewrite = Rewriter(grids, graph.shapes)
        picks = [reader.picks(len(samples), number) for number, reader in enumerate(readers)]
        rows, besides = read_rows(graph, readers, picks, shortcuts(graph, followed), samples)
        return _Seen(body, samples, readers, picks, rows, besides, graph.rewrite)

    @cached_property
    def _curves(self) -> list[list[surgeon.Step]]:
        """Return how each group's loss grows."""
        body = self._open()
        groups = components(body.followed, body.census.removable)
        if self._criterion == "magnitude":
            return magnitude.curves(body.graph, body.followed, groups)
        seen, body = self._seen, self._seen.body
        sizes = {unit: body.census.saved([unit]) for unit in body.census.removable}
        self._say(f"ranking {len(sizes)} units in {len(groups)} groups")
        trial = Trial(body.graph, seen.readers, seen.rows, seen.samples)
        curves = []
        for units, places in groups:
            patients, silent = [], set(units)
            for place in places:
                reader, rows = seen.readers[place], seen.rows[place]
                layer = reader.layer
                moments = surgeon.second_moments(rows, reader.taps, centred=layer.bias is not None)
                # Where one layer alone reads the units, its price changes nothing in their order.
                price = trial.price(place, moments) if len(places) > 1 else 1.0
                matrix = surgeon.by_channel(matrix_of(layer, body.graph.weights[layer.weight]), reader.taps)
                patients.append(surgeon.Patient(matrix, moments, reader.columns[:: reader.taps], price))
                silent -= set(reader.columns.tolist()) - surgeon.is_silent(rows, reader.columns)
            steps = surgeon.order(units, patients, silent=frozenset(silent), sizes=sizes, may_go=body.census.may_go)
            curves.append(measured(trial, steps, places))
        return curves

    def _cut(self, body: _Body, *, repair: bool) -> None:
        """Cut out what the census has removed, and repair the rest."""
        layers, alive = body.followed.layers, body.census.stays
        beside = shortcuts(body.graph, body.followed)
        whole = [Whole.of(body.graph, layer) for layer in layers]
        kept = [
            alive(layer.made.ids) if layer.made is not None else np.ones(len(before.matrix), dtype=bool)
            for layer, before in zip(layers, whole, strict=True)
        ]
        if not repair:
            shrink(body.graph, body.followed, alive)
            return
        readers = [Reader(body.graph, layer) for layer in layers]
        shrink(body.graph, body.followed, alive)
        seen = self._seen
        self._say("repairing")
        body.graph.rewrite = seen.rewrite
        stepper = Stepper(body.graph, seen.samples)
        here = [i for i, layer in enumerate(layers) if layer.output in body.graph.producers]
        for place, index in enumerate(here):
            layer, reader, picks = layers[index], readers[index], seen.picks[index]
            wanted = [layers[later].source for later in here[place:]]
            wanted += [beside[later][0] for later in here[place:] if later in beside]
            stepper.forget(wanted)
            rows = np.concatenate([reader.read(v, p) for v, p in zip(stepper.values(layer.source), picks, strict=True)])
            outputs = kept[index]
            goal = whole[index].outputs(outputs).apply(seen.rows[index])
            if index in beside:
                tensor, shift = beside[index]
                now = [reader.made(v, p, shift) for v, p in zip(stepper.values(tensor), picks, strict=True)]
                goal += seen.besides[index][:, outputs].astype(np.float64) - np.concatenate(now)
            repair_layer(body.graph, layer, rows, goal, samples=len(seen.samples))


@dataclass(frozen=True, slots=True)
class _Body:
    graph: Graph
    followed: Followed
    census: Census


@dataclass(frozen=True, slots=True)
class _Seen:
    body: _Body
    samples: Sequence[NDArray[Any]]
    readers: Sequence[Reader]
    picks: Sequence[Sequence[NDArray[np.int64]]]
    rows: Sequence[NDArray[np.float32]]
    besides: Mapping[int, NDArray[np.float32]]
    rewrite: Callable[[onnx.ModelProto], onnx.ModelProto]
