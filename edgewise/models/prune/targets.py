"""What a repaired layer should give: its old output, and what the shortcut beside it lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgewise.models.prune.graph import attribute

if TYPE_CHECKING:
    import onnx

    from edgewise.models.prune.graph import Graph
    from edgewise.models.prune.units import Followed, Layer


def shortcuts(graph: Graph, followed: Followed) -> dict[int, tuple[str, tuple[int, ...]]]:
    """Find the layers whose output is added to another tensor that is ready before they are repaired.

    Such a layer can make up for what pruning changed in the other tensor: the sum is what counts.

    Returns
    -------
    dict of int to (tensor, shift)
        By place in `Followed.layers`. The shift is how many zeros are padded before the layer's output on each
        spatial axis, before it is added.
    """
    outputs = {layer.output: index for index, layer in enumerate(followed.layers)}
    found = {}
    for index, layer in enumerate(followed.layers):
        if layer.made is None or layer.made.axis != 1:
            continue
        entry = _shortcut(graph, layer)
        if entry is not None and _ready(graph, entry[0], index, outputs):
            found[index] = entry
    return found


def _shortcut(graph: Graph, layer: Layer) -> tuple[str, tuple[int, ...]] | None:
    tensor = layer.output
    shift = (0,) * (len(graph.shapes[tensor]) - 2)
    node = _only_reader(graph, tensor)
    if node is not None and node.op_type == "Pad" and node.input[0] == tensor:
        pads = graph.constant(node, 1)
        plain = attribute(node, "mode", b"constant") == b"constant" and len(node.input) < 4
        if pads is None or not plain or np.any(pads < 0) or pads[1] or pads[len(pads) // 2 + 1]:
            return None
        shift = tuple(int(pad) for pad in pads[2 : len(pads) // 2])
        tensor = node.output[0]
        node = _only_reader(graph, tensor)
    if node is None or node.op_type != "Add":
        return None
    other = next((name for name in node.input if name != tensor), None)
    if other is None or other in graph.weights or graph.shapes[other] != graph.shapes[tensor]:
        return None
    return other, shift


def _only_reader(graph: Graph, tensor: str) -> onnx.NodeProto | None:
    readers = graph.readers[tensor]
    return readers[0] if len(readers) == 1 and tensor not in graph.outputs else None


def _ready(graph: Graph, tensor: str, index: int, outputs: dict[str, int]) -> bool:
    """Say whether all layers before a tensor are repaired before this one."""
    seen: set[str] = set()
    left = [tensor]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        if outputs.get(name, -1) >= index:
            return False
        if name in graph.producers:
            left.extend(graph.producers[name].input)
    return True
