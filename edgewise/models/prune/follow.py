"""Follow channels through a graph: which weights' rows and columns belong to one unit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from edgewise.models.prune import layers, moves, pointwise
from edgewise.models.prune.errors import PruneError, name_of
from edgewise.models.prune.units import Channels, Followed, Ids, Layer, Link

if TYPE_CHECKING:
    import onnx

    from edgewise.models.prune.graph import Graph

# Operators that mix or choose among channels in a way that pruning doesn't follow: the units that reach one all
# stay, and what comes out is followed from the next layer on.
_ENDS: Final = frozenset(
    {
        *(
            "Softmax",
            "LogSoftmax",
            "Hardmax",
            "LpNormalization",
            "LRN",
            "LayerNormalization",
            "MeanVarianceNormalization",
        ),
        *("ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceProd", "ReduceSumSquare"),
        *("ArgMax", "ArgMin", "TopK", "Gather", "GatherElements", "GatherND", "Slice", "Split", "Expand", "Tile"),
        *("ConvTranspose", "DepthToSpace", "SpaceToDepth", "Shape", "Size", "Resize", "CumSum", "OneHot", "NonZero"),
        *("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal", "And", "Or", "Not", "Where", "GRU", "RNN"),
        *("ConvInteger", "MatMulInteger", "QLinearConv", "QLinearMatMul", "QuantizeLinear", "DequantizeLinear"),
    }
)


class Trail:
    """A walk through a graph in its order; the operators' rules write down here what they find.

    Parameters
    ----------
    graph : Graph
        Its nodes in topological order.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.found = Followed()

    def channels(self, tensor: str) -> Channels | None:
        """Return what is known of a tensor."""
        return self.found.channels.get(tensor)

    def put(self, tensor: str, axis: int, ids: Ids) -> None:
        """Say which axis of a tensor holds which units."""
        self.found.channels[tensor] = Channels(axis, ids)

    def fresh(self, tensor: str, axis: int) -> Ids:
        """Give a tensor's axis new units."""
        ids = self.found.units.fresh(self.graph.shapes[tensor][axis])
        self.put(tensor, axis, ids)
        return ids

    def link(self, weight: str, axis: int, ids: Ids) -> None:
        """Say that a weight's axis shrinks with units."""
        self.found.links.append(Link(weight, axis, ids))

    def pin(self, *tensors: str) -> None:
        """Keep all the units of tensors."""
        for tensor in tensors:
            known = self.channels(tensor)
            if known is not None:
                self.found.units.pin(known.ids)

    def rank(self, tensor: str) -> int:
        """Return how many axes a tensor has."""
        return len(self.graph.shapes[tensor])


def follow(graph: Graph) -> Followed:
    """Follow the channels of every layer to where they are read.

    Parameters
    ----------
    graph : Graph
        The graph.

    Returns
    -------
    Followed
        Units, and the axes of weights that belong to them.

    Raises
    ------
    PruneError
        When an operator isn't known; names its node.
    """
    rules = layers.RULES | moves.RULES | pointwise.RULES
    trail = Trail(graph)
    for node in graph.nodes:
        _refuse_unknown(node, {*rules, *_ENDS})
        reads = any(trail.channels(name) is not None for name in node.input)
        # A rule returns False when it can't follow in this very case: then the units must stay.
        rule = rules.get(node.op_type)
        if rule is None or not (reads or node.op_type in layers.RULES) or not rule(trail, node):
            trail.pin(*node.input)
    trail.pin(*graph.outputs)
    _settle_shared(trail)
    return trail.found


def _refuse_unknown(node: onnx.NodeProto, known: set[str]) -> None:
    if node.domain not in ("", "ai.onnx") or node.op_type not in known:
        where = f" of {node.domain}" if node.domain not in ("", "ai.onnx") else ""
        raise PruneError(
            f"{name_of(node)}: pruning can't follow channels through the operator {node.op_type}{where}; "
            "replace it by standard operators, or prune the part of the network before it"
        )


def _settle_shared(trail: Trail) -> None:
    """Weights that several nodes read shrink for all of them in the same way, or not at all."""
    found = trail.found
    seen: dict[tuple[str, int], Link] = {}
    uses = Counter((link.weight, link.axis) for link in found.links)
    kept: list[Link] = []
    for link in found.links:
        key = (link.weight, link.axis)
        if uses[key] != len(trail.graph.readers[link.weight]):
            found.units.pin(link.ids)
        first = seen.setdefault(key, link)
        if first is link:
            kept.append(link)
        else:
            found.units.join(first.ids, link.ids)
    found.links = [Link(link.weight, link.axis, found.units.roots(link.ids)) for link in kept]
    for name, known in found.channels.items():
        found.channels[name] = Channels(known.axis, found.units.roots(known.ids))
    found.layers = [_settled(layer, found) for layer in found.layers]


def _settled(layer: Layer, found: Followed) -> Layer:
    roots = found.units.roots
    read = layer.read and Channels(layer.read.axis, roots(layer.read.ids))
    made = layer.made and Channels(layer.made.axis, roots(layer.made.ids))
    return replace(layer, read=read, made=made)
