"""Cut removed units out of the weights, and what is left without inputs out of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import helper

if TYPE_CHECKING:
    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Alive, Followed, Layer


def shrink(graph: Graph, followed: Followed, alive: Alive) -> None:
    """Remove units from a graph, in place.

    Parameters
    ----------
    graph : Graph
        The graph.
    followed : Followed
        Its channels.
    alive : callable
        Says of each unit whether it stays.
    """
    for link in followed.links:
        graph.weights[link.weight] = np.compress(alive(link.ids), graph.weights[link.weight], axis=link.axis)
    for patch in followed.patches:
        patch(alive)
    for layer in followed.layers:
        if layer.read is not None and not alive(layer.read.ids).any():
            _bypass(graph, layer)
    _drop_dead(graph)
    graph.refresh()


def _bypass(graph: Graph, layer: Layer) -> None:
    """Let the shortcut alone carry a block whose inner branch has nothing left but a bias."""
    (add,) = graph.readers[layer.output]
    axes = len(graph.weights[layer.weight].shape) - 2
    count = graph.weights[layer.weight].shape[0]
    bias = graph.weights[layer.bias] if layer.bias is not None else np.zeros(count, dtype=np.float32)
    name = f"{layer.output}.constant"
    graph.weights[name] = bias.reshape(-1, *[1] * axes)
    shortcut = next(tensor for tensor in add.input if tensor != layer.output)
    add.CopyFrom(helper.make_node("Add", [shortcut, name], list(add.output), name=add.name))


def _drop_dead(graph: Graph) -> None:
    needed = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.output):
            needed.update(node.input)
            kept.append(node)
    graph.nodes = kept[::-1]
