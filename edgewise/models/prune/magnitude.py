"""The criterion "magnitude": filters with small weights go first, the same share of every layer.

The baseline of H. Li, A. Kadav, I. Durdanovic, H. Samet, H. P. Graf: "Pruning filters for efficient ConvNets", ICLR
2017, with the L2 norm.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from edgewise.models.prune.layers import matrix_of
from edgewise.models.prune.surgeon import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Followed


def norms(graph: Graph, followed: Followed) -> dict[int, float]:
    """Return the mean L2 norm of the filters, with their bias, that make each unit."""
    found: defaultdict[int, list[float]] = defaultdict(list)
    for layer in followed.layers:
        if layer.made is None:
            continue
        matrix = matrix_of(layer, graph.weights[layer.weight])
        if layer.bias is not None:
            matrix = np.concatenate([matrix, graph.weights[layer.bias].reshape(-1, 1)], axis=1)
        for unit, norm in zip(layer.made.ids.tolist(), np.linalg.norm(matrix, axis=1).tolist(), strict=True):
            found[unit].append(norm)
    return {unit: float(np.mean(values)) for unit, values in found.items()}


def curves(graph: Graph, followed: Followed, components: Sequence[tuple[list[int], list[int]]]) -> list[list[Step]]:
    """Return one curve over all components: each unit at its rank's share of its component."""
    size = norms(graph, followed)
    ranked: list[tuple[float, int]] = []
    for units, _ in components:
        smallest_first = sorted(units, key=lambda unit: (size[unit], unit))
        ranked += [(-1.0 if not size[u] else (rank + 1) / len(units), u) for rank, u in enumerate(smallest_first)]
    return [[Step((unit,), 0.0) for _, unit in sorted(ranked)]]
