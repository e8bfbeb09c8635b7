"""What layers read and make, as rows of numbers at a few of their positions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from edgewise.models.prune.errors import PruneError, name_of
from edgewise.models.prune.graph import attribute
from edgewise.models.prune.layers import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Layer

    Rows = NDArray[np.float32]
    Picks = NDArray[np.int64]

# Rows that a layer's second moments are taken from: enough for each column, and no more than the time asks for.
_ROWS_PER_COLUMN: Final = 3
_LEAST_ROWS: Final = 4096
_SEED: Final = 20261128


@dataclass(frozen=True, slots=True)
class Window:
    """Where a convolution looks: for each output position, the flat input positions of its kernel.

    Attributes
    ----------
    pads : tuple of (before, after)
        For each spatial axis.
    taps : array
        [output positions, kernel positions], flat indices into the padded input.
    """

    pads: tuple[tuple[int, int], ...]
    taps: NDArray[np.int64]


def window_of(layer: Layer, source: Sequence[int], output: Sequence[int], kernel: Sequence[int]) -> Window:
    """Work out a convolution's window from its attributes (ONNX, operator Conv) and the spatial sizes."""
    axes = len(kernel)
    strides = attribute(layer.node, "strides", [1] * axes)
    dilations = attribute(layer.node, "dilations", [1] * axes)
    flat = [int(pad) for pad in attribute(layer.node, "pads", [0] * (2 * axes))]
    pads = [(flat[axis], flat[axis + axes]) for axis in range(axes)]
    same = attribute(layer.node, "auto_pad", b"NOTSET").decode()
    if same.startswith("SAME"):
        reach = [
            max(0, (output[a] - 1) * strides[a] + (kernel[a] - 1) * dilations[a] + 1 - source[a]) for a in range(axes)
        ]
        pads = [(r // 2, r - r // 2) if same == "SAME_UPPER" else (r - r // 2, r // 2) for r in reach]
    padded = [source[axis] + sum(pads[axis]) for axis in range(axes)]
    taps = np.zeros((1, 1), dtype=np.int64)
    for axis in range(axes):
        places = np.arange(output[axis])[:, None] * strides[axis] + np.arange(kernel[axis])[None, :] * dilations[axis]
        joined = taps[:, None, :, None] * padded[axis] + places[None, :, None, :]
        taps = joined.reshape(taps.shape[0] * output[axis], taps.shape[1] * kernel[axis])
    return Window(pads=tuple(pads), taps=taps)


class Reader:
    """Reads rows out of the tensors around one layer.

    Parameters
    ----------
    graph : Graph
        The layer's graph, not yet pruned: the sizes of spatial axes don't change by pruning.
    layer : Layer
        The layer.
    """

    def __init__(self, graph: Graph, layer: Layer) -> None:
        self.layer = layer
        weight = graph.weights[layer.weight]
        self.columns, self.taps = columns(layer, weight)
        source, output = graph.shapes[layer.source], graph.shapes[layer.output]
        self._window: Window | None = None
        self._sizes = output[2:]
        if layer.node.op_type == "Conv":
            self._window = window_of(layer, source[2:], output[2:], weight.shape[2:])
            self.positions = output[0] * len(self._window.taps)
        else:
            if layer.source not in graph.shapes or not source:
                raise PruneError(f"{name_of(layer.node)}: its input is no tensor of the graph; fold constants first")
            self.positions = math.prod(source[:-1])

    def picks(self, samples: int, number: int) -> list[Picks]:
        """Choose positions, for each sample other ones; ``number`` is the layer's and part of the seed."""
        wanted = max(_LEAST_ROWS, _ROWS_PER_COLUMN * len(self.columns))
        each = min(self.positions, math.ceil(wanted / samples))
        return [
            np.sort(np.random.default_rng([_SEED, number, sample]).permutation(self.positions)[:each])
            for sample in range(samples)
        ]

    def read(self, value: NDArray[Any], picks: Picks) -> Rows:
        """Return [positions, columns] of the layer's input."""
        if self._window is None:
            rows = value.reshape(-1, value.shape[-1])[picks]
            return np.asarray(rows, dtype=np.float32)
        window = self._window
        padded = np.pad(value, ((0, 0), (0, 0), *window.pads)).reshape(value.shape[0], value.shape[1], -1)
        batch, place = np.divmod(picks, len(window.taps))
        found = padded[batch[:, None], :, window.taps[place]]  # [positions, taps, channels]
        return np.ascontiguousarray(found.transpose(0, 2, 1)).reshape(len(picks), -1)

    def made(self, value: NDArray[Any], picks: Picks, shift: Sequence[int] = ()) -> Rows:
        """Return [positions, channels] of a tensor that lies like the layer's output.

        ``shift`` is how much further along each spatial axis the tensor begins.
        """
        if self._window is None:
            return np.asarray(value.reshape(-1, value.shape[-1])[picks], dtype=np.float32)
        sizes = self._sizes
        batch, place = np.divmod(picks, len(self._window.taps))
        places = np.unravel_index(place, sizes)
        moved = [np.asarray(p) + s for p, s in zip(places, shift or [0] * len(sizes), strict=True)]
        channels_last = np.moveaxis(value, 1, -1)
        return np.asarray(channels_last[(batch, *moved)], dtype=np.float32)


def read_rows(
    graph: Graph,
    readers: Sequence[Reader],
    picks: Sequence[Sequence[Picks]],
    besides: Mapping[int, tuple[str, tuple[int, ...]]],
    samples: Sequence[NDArray[Any]],
) -> tuple[list[Rows], dict[int, Rows]]:
    """Run the graph over the samples and read every layer's input.

    Parameters
    ----------
    besides : mapping of int to (tensor, shift)
        For some layers, another tensor to read at the layer's output positions.

    Returns
    -------
    list of array
        [rows, columns] for each layer.
    dict of int to array
        [rows, channels] for each entry of ``besides``.
    """
    wanted = sorted({reader.layer.source for reader in readers} | {tensor for tensor, _ in besides.values()})
    inside = [name for name in wanted if name != graph.input]
    session = graph.session(inside or graph.outputs)
    read: list[list[Rows]] = [[] for _ in readers]
    beside: dict[int, list[Rows]] = {index: [] for index in besides}
    for number, sample in enumerate(samples):
        values = session.run({graph.input: sample}) | {graph.input: sample}
        for index, reader in enumerate(readers):
            read[index].append(reader.read(values[reader.layer.source], picks[index][number]))
            if index in besides:
                tensor, shift = besides[index]
                beside[index].append(reader.made(values[tensor], picks[index][number], shift))
    return [np.concatenate(rows) for rows in read], {index: np.concatenate(rows) for index, rows in beside.items()}
