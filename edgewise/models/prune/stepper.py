"""Run a graph piece by piece, while it is being repaired."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    import onnx
    from numpy.typing import NDArray

    from edgewise.models.prune.graph import Graph


def path(graph: Graph, known: Container[str], wanted: Iterable[str]) -> tuple[list[onnx.NodeProto], list[str]]:
    """Return the nodes from known tensors to those that are wanted, and which known tensors they read."""
    needed, inputs, nodes = set(wanted), set(), []
    for node in reversed(graph.nodes):
        if not needed.intersection(node.output):
            continue
        nodes.append(node)
        for name in node.input:
            if name in known:
                inputs.add(name)
            elif name and name not in graph.weights:
                needed.add(name)
    return nodes[::-1], sorted(inputs)


class Stepper:
    """Runs a graph piece by piece: what was computed is kept, and changed weights count from then on.

    Parameters
    ----------
    graph : Graph
        The graph that is being repaired.
    samples : sequence of array
        Its inputs.
    """

    def __init__(self, graph: Graph, samples: Sequence[NDArray[Any]]) -> None:
        self._graph = graph
        self._values: dict[str, list[NDArray[Any]]] = {graph.input: list(samples)}

    def values(self, tensor: str) -> list[NDArray[Any]]:
        """Return a tensor for each sample."""
        if tensor not in self._values:
            nodes, inputs = path(self._graph, self._values, [tensor])
            session = self._graph.part({name: self._values[name][0] for name in inputs}, [tensor], nodes)
            count = len(self._values[self._graph.input])
            self._values[tensor] = [
                session.run({name: self._values[name][index] for name in inputs})[tensor] for index in range(count)
            ]
        return self._values[tensor]

    def forget(self, wanted: Sequence[str]) -> None:
        """Drop what isn't needed for the tensors that will still be asked for."""
        kept = {self._graph.input}
        for tensor in wanted:
            kept.update([tensor] if tensor in self._values else path(self._graph, self._values, [tensor])[1])
        self._values = {name: value for name, value in self._values.items() if name in kept}
