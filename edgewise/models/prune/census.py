"""Who is there to be pruned: units, what each costs, and which are judged together."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from edgewise.models.prune.errors import PruneError, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Followed, Ids, Layer


class Census:
    """Counts the weights that stay while units go.

    Parameters
    ----------
    graph : Graph
        Before anything was removed.
    followed : Followed
        Its channels.

    Attributes
    ----------
    removable : set of int
        Units that may go.
    alive : array of bool
        By unit number.
    emptied : set of int
        Layers, by their place in `Followed.layers`, of which all inputs may go: what is left is their bias,
        and that is added to a shortcut.

    Raises
    ------
    PruneError
        When nothing can go.
    """

    def __init__(self, graph: Graph, followed: Followed) -> None:
        self._links, self._units = followed.links, followed.units
        top = followed.units.count
        self.alive = np.ones(top, dtype=bool)
        pinned = set(followed.units.pinned().tolist())
        made = {unit for layer in followed.layers if layer.made for unit in layer.made.ids.tolist()}
        self.removable = made - pinned
        if not self.removable:
            named = ", ".join(name_of(layer.node) for layer in followed.layers) or "none"
            raise PruneError(
                f"no channel of this graph can go: each reaches an output, or an operator that needs it whole "
                f"(layers: {named}); keep=1 leaves it as it is"
            )
        self._sizes: dict[str, list[int]] = {
            link.weight: list(graph.weights[link.weight].shape) for link in self._links
        }
        self._touching: defaultdict[int, list[int]] = defaultdict(list)
        self._counts = [np.bincount(link.ids, minlength=top) for link in self._links]
        for index, link in enumerate(self._links):
            for unit in np.unique(link.ids).tolist():
                self._touching[unit].append(index)
        self.emptied = _emptied(graph, followed)
        self._may_empty: set[int] = set()
        for place in self.emptied:
            ids = set(followed.layers[place].read.ids.tolist())  # type: ignore[union-attr]  # _emptied saw to it
            inner = _weights_between(graph, followed.layers[place], followed)
            self._may_empty.update(
                index for index, link in enumerate(self._links) if link.weight in inner and ids.issuperset(link.ids)
            )
        prunable = {link.weight for link in self._links if self.removable.intersection(link.ids.tolist())}
        self._prunable = {weight: self._sizes[weight] for weight in prunable}
        self.total = self.weights()

    def weights(self) -> int:
        """Return how many of the prunable weights there are now."""
        return sum(math.prod(size) for size in self._prunable.values())

    def saved(self, units: Iterable[int]) -> int:
        """Return how many weights go with units, as things stand now."""
        less: defaultdict[tuple[str, int], int] = defaultdict(int)
        for unit in units:
            for index in self._touching[unit]:
                link = self._links[index]
                less[link.weight, link.axis] += int(self._counts[index][unit])
        total = 0
        for weight in {weight for weight, _ in less}:
            size = self._sizes[weight]
            left = [length - less.get((weight, axis), 0) for axis, length in enumerate(size)]
            total += math.prod(size) - math.prod(left)
        return total

    def may_go(self, units: Sequence[int]) -> bool:
        """Say whether every layer keeps an input and an output without these units."""
        less: defaultdict[int, int] = defaultdict(int)
        for unit in units:
            for index in self._touching[unit]:
                less[index] += int(self._counts[index][unit])
        for index, count in less.items():
            link = self._links[index]
            if self._sizes[link.weight][link.axis] <= count and index not in self._may_empty:
                return False
        return True

    def remove(self, units: Iterable[int]) -> None:
        """Take units away."""
        for unit in units:
            self.alive[unit] = False
            for index in self._touching[unit]:
                link = self._links[index]
                self._sizes[link.weight][link.axis] -= int(self._counts[index][unit])

    def stays(self, ids: Ids) -> NDArray[np.bool_]:
        """Say of each unit whether it is still there."""
        return np.asarray(self.alive[self._units.roots(ids)])


def components(followed: Followed, removable: set[int]) -> list[tuple[list[int], list[int]]]:
    """Return units that are judged together, because a layer reads them together, each with those layers.

    Returns
    -------
    list of (units, layers)
        Sorted; layers by their place in `Followed.layers`. Units that no layer reads stand alone.
    """
    parent = {unit: unit for unit in removable}

    def root(unit: int) -> int:
        while parent[unit] != unit:
            unit = parent[unit]
        return unit

    read = [sorted(removable.intersection(layer.read.ids.tolist())) if layer.read else [] for layer in followed.layers]
    for units in read:
        for unit in units[1:]:
            low, high = sorted((root(units[0]), root(unit)))
            parent[high] = low
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for unit in sorted(removable):
        groups[root(unit)].append(unit)
    owners = {units[0]: root(units[0]) for units in read if units}
    return [
        (units, [index for index, seen in enumerate(read) if seen and owners[seen[0]] == first])
        for first, units in sorted(groups.items())
    ]


def _emptied(graph: Graph, followed: Followed) -> set[int]:
    """Find the layers that end the inner branch of a residual block: right before an Add, with nobody else reading."""
    found = set()
    for index, layer in enumerate(followed.layers):
        readers = graph.readers[layer.output]
        if layer.node.op_type != "Conv" or layer.read is None or len(readers) != 1 or layer.output in graph.outputs:
            continue
        other = [name for name in readers[0].input if name != layer.output]
        if readers[0].op_type == "Add" and len(other) == 1 and other[0] in followed.channels:
            found.add(index)
    return found


def _weights_between(graph: Graph, layer: Layer, followed: Followed) -> set[str]:
    """Return the weights that may lose all their units when a layer loses all its inputs.

    Walks back from the layer as long as nobody else reads what is walked over.
    """
    ids = set(layer.read.ids.tolist()) if layer.read else set()
    found = {layer.weight}
    tensor = layer.source
    makers = {made.output: made for made in followed.layers}
    while len(graph.readers[tensor]) == 1 and tensor in graph.producers:
        node = graph.producers[tensor]
        found.update(name for name in node.input if name in graph.weights)
        maker = makers.get(tensor)
        if maker is not None:
            own = set(maker.made.ids.tolist()) if maker.made else set()
            return found if own == ids else {layer.weight}
        tensor = next(name for name in node.input if name not in graph.weights)
    return set()
